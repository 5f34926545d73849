/* report_summary.c - see report_summary.h. */
#include "cli/report_summary.h"

#include "cli/output.h"
#include "report/report.h"

int report_summary(const char *trace_path, FILE *to, const struct summary_options *options,
		   struct err *err)
{
	struct trace_data *d = trace_data_load(trace_path, NULL, NULL, err);
	if (!d)
		return -1;
	const struct report_request request = {
		.part = options->full ? REPORT_OVERVIEW : REPORT_SUMMARY,
		.by = ROLLUP_STACK,
		.sort = SORT_PEAK,
		.top = REPORT_DEFAULT_TOP,
		.depth = REPORT_DEFAULT_DEPTH,
		.min_percent = REPORT_DEFAULT_LEAST_PERCENT,
		.color = options->color,
		.width = output_width(to),
	};
	d->names->suppressions = options->suppressions;
	report_text.report(d, &request, to);
	trace_data_free(d);
	return 0;
}
