/* run_report.h - what `alloctrace run` prints when the trace is complete. */
#ifndef ALLOCTRACE_CLI_RUN_REPORT_H
#define ALLOCTRACE_CLI_RUN_REPORT_H

#include "collect/collect.h"
#include "report/suppressions.h"

enum run_report {
	RUN_REPORT_UNSAID = -1, /* the summary */
	RUN_REPORT_NONE,
	RUN_REPORT_SUMMARY,
	RUN_REPORT_FULL,
};

/* On stderr: where the trace is and what is in it. */
void run_report_end(const struct collect_result *result);

/* The report that was asked for, on stderr; nothing when there is nothing to report. suppressions may
 * be NULL. */
void run_report_show(const struct collect_result *result, enum run_report report,
		     struct suppressions *suppressions);

#endif
