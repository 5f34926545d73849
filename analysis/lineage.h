/* lineage.h - how many processes a trace has, how many programs and threads ran in them.
 *
 * A trace's process table holds process images: one for each fork and one for each exec. */
#ifndef ALLOCTRACE_ANALYSIS_LINEAGE_H
#define ALLOCTRACE_ANALYSIS_LINEAGE_H

#include <stddef.h>
#include <stdint.h>

#include "analysis/profile.h"
#include "trace/trace.h"

struct lineage {
	uint32_t processes; /* a process that execs stays one */
	uint32_t programs;  /* each time one was started */
	size_t threads;	    /* a main thread stays one through all execs of its process */
};

/* Of the processes and threads of the profile, which was made from the reader's trace. */
struct lineage lineage_count(const struct trace_reader *reader, const struct profile *p);

#endif
