/* finding_list.h - the wrong releases of a trace, sorted: what `alloctrace errors` shows. */
#ifndef ALLOCTRACE_REPORT_FINDING_LIST_H
#define ALLOCTRACE_REPORT_FINDING_LIST_H

#include <stdio.h>

#include "report/finding_text.h"
#include "report/trace_names.h"

struct finding_list {
	struct trace_names *names;
	uint32_t *numbers; /* of those to show, the worst first */
	size_t count;
	uint64_t occurrences; /* of them in all */
	uint64_t not_judged;  /* mismatched releases that may be right: neither shown nor counted */
};

/* names must outlive the list. */
void finding_list_init(struct finding_list *l, struct trace_names *names);
void finding_list_release(struct finding_list *l);

/* top 0: all. */
void finding_list_text(const struct finding_list *l, uint64_t top,
		       const struct finding_style *style, FILE *to);
void finding_list_json(const struct finding_list *l, const char *path, uint64_t top, FILE *to);

#endif
