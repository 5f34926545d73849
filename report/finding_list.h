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
	size_t suppressed;    /* likewise */
	uint64_t suppressed_occurrences;
};

/* names must outlive the list; those that its suppressions match are left out. */
void finding_list_init(struct finding_list *l, struct trace_names *names);
void finding_list_release(struct finding_list *l);

/* top 0: all. */
void finding_list_text(const struct finding_list *l, uint64_t top,
		       const struct finding_style *style, bool unused, FILE *to);
/* Prints suppressions that match the list. */
void finding_list_suppressions(const struct finding_list *l, FILE *to);
/* unused: list the suppressions that have matched nothing. */
void finding_list_json(const struct finding_list *l, const char *path, uint64_t top, bool unused,
		       FILE *to);

#endif
