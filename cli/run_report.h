/* run_report.h - what `alloctrace run` prints when the trace is complete. */
#ifndef ALLOCTRACE_CLI_RUN_REPORT_H
#define ALLOCTRACE_CLI_RUN_REPORT_H

#include "collect/collect.h"

enum run_report {
	RUN_REPORT_NONE,
	RUN_REPORT_SUMMARY,
	RUN_REPORT_FULL,
};

/* On stderr: where the trace is and, as asked, the report. */
void run_report_end(const struct collect_result *result, enum run_report report);

#endif
