/* report_summary.h - the report that `run` ends with. */
#ifndef ALLOCTRACE_CLI_REPORT_SUMMARY_H
#define ALLOCTRACE_CLI_REPORT_SUMMARY_H

#include <stdbool.h>
#include <stdio.h>

#include "util/err.h"

/* What `alloctrace report` shows when it is not told otherwise. */
enum {
	REPORT_DEFAULT_TOP = 10,
	REPORT_DEFAULT_DEPTH = 12,
	REPORT_DEFAULT_LEAST_PERCENT = 1,
};

/* Reads the trace and writes its summary (full: what `alloctrace report` shows) to `to`. 0, or -1
 * with the error when nothing of the trace could be read. */
int report_summary(const char *trace_path, FILE *to, bool full, bool color, struct err *err);

#endif
