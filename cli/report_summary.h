/* report_summary.h - the report that `run` ends with. */
#ifndef ALLOCTRACE_CLI_REPORT_SUMMARY_H
#define ALLOCTRACE_CLI_REPORT_SUMMARY_H

#include <stdbool.h>
#include <stdio.h>

#include "report/suppressions.h"
#include "util/err.h"

/* What `alloctrace report` shows when it is not told otherwise. */
enum {
	REPORT_DEFAULT_TOP = 10,
	REPORT_DEFAULT_DEPTH = 12,
	REPORT_DEFAULT_LEAST_PERCENT = 1,
};

struct summary_options {
	bool full; /* what `alloctrace report` shows */
	bool color;
	struct suppressions *suppressions; /* of wrong frees, or NULL */
};

/* Reads the trace and writes its summary to `to`. 0, or -1 with the error when nothing of the trace
 * could be read. */
int report_summary(const char *trace_path, FILE *to, const struct summary_options *options,
		   struct err *err);

#endif
