/* lineage.h - how many processes a trace has, and how many programs ran in them.
 *
 * A trace's process table holds process images: one for each fork and one for each exec. */
#ifndef ALLOCTRACE_ANALYSIS_LINEAGE_H
#define ALLOCTRACE_ANALYSIS_LINEAGE_H

#include <stddef.h>
#include <stdint.h>

#include "trace/trace.h"

struct lineage {
	uint32_t processes; /* a process that execs stays one */
	uint32_t programs;  /* each time one was started */
};

/* Of the first `images` of the process table. */
struct lineage lineage_count(const struct trace_reader *reader, size_t images);

#endif
