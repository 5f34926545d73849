/* scan_log.h - writes what a look for leaks has found into the trace. */
#ifndef ALLOCTRACE_COLLECT_SCAN_LOG_H
#define ALLOCTRACE_COLLECT_SCAN_LOG_H

#include "collect/collector.h"
#include "collect/scan_job.h"

/* After what the process recorded before it stood still. */
void scan_log_write(struct collector *c, const struct scan_job *job);

#endif
