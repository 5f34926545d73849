/* report.h - what a report shows, and the outputs it can take.
 *
 * An output is one const struct report_ops. Outputs format; what there is to format has been
 * computed by analysis/. Text from traces is escaped by every output. */
#ifndef ALLOCTRACE_REPORT_REPORT_H
#define ALLOCTRACE_REPORT_REPORT_H

#include <stdio.h>

#include "analysis/calltree.h"
#include "analysis/rollup.h"
#include "report/trace_data.h"

enum report_part {
	REPORT_OVERVIEW, /* the summary and the most important tables */
	REPORT_SUMMARY,	 /* the summary and a few lines: what `run` ends with */
	REPORT_ROWS,	 /* one table */
	REPORT_TREE,	 /* callers or callees */
};

struct report_request {
	enum report_part part;
	enum rollup_by by;
	enum rollup_sort sort;
	enum calltree_kind tree;
	uint64_t top;	    /* rows; 0: all */
	uint64_t depth;	    /* frames of a stack or levels of a tree; 0: all */
	double min_percent; /* branches of a tree below this share are left out */
	bool long_names;    /* functions and files in full */
	bool color;
	unsigned width; /* columns */
};

struct report_ops {
	void (*report)(const struct trace_data *d, const struct report_request *request, FILE *to);
	void (*info)(const struct trace_data *d, const struct report_request *request, FILE *to);
};

extern const struct report_ops report_text;
extern const struct report_ops report_json;

/* Options and keys, by enum rollup_by and enum rollup_sort; NULL ends them. */
extern const char *const rollup_by_names[ROLLUP_COUNT + 1];
extern const char *const rollup_sort_names[SORT_KINDS + 1];
/* The key of an enum mark_type. */
const char *mark_key(unsigned type);
/* "ring full", "untracked" ...: for people and as a key. */
const char *loss_explained(unsigned kind, uint64_t count);
const char *loss_key(unsigned kind);

#endif
