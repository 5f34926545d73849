/* scan_answer.h - what `alloctrace leaks --pid` is told (ask_scan.h). */
#ifndef ALLOCTRACE_COLLECT_SCAN_ANSWER_H
#define ALLOCTRACE_COLLECT_SCAN_ANSWER_H

#include "collect/scan_job.h"

/* The scan of this number is in the trace, written out. Both close the connection. */
void scan_answer_send(const struct scan_job *job, uint32_t number, const char *trace);
void scan_answer_refuse(int connection, const char *why);

#endif
