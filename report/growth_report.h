/* growth_report.h - the outputs of `alloctrace leaks --growth`. */
#ifndef ALLOCTRACE_REPORT_GROWTH_REPORT_H
#define ALLOCTRACE_REPORT_GROWTH_REPORT_H

#include "analysis/growth_rows.h"
#include "report/report.h"

struct growth_report {
	const struct trace_data *data;
	const struct growth_result *growth;
	const struct growth_rows *rows;
	bool utf8; /* there are characters to draw with */
};

/* Of the request: top, depth, long_names, color, width. */
void growth_text(const struct growth_report *g, const struct report_request *request, FILE *to);
void growth_json(const struct growth_report *g, const struct report_request *request, FILE *to);

/* The key of a verdict: "growing", "freed_at_end", ... */
const char *growth_verdict_key(enum growth_verdict verdict);

#endif
