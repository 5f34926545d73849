/* empty_trace.h - why a trace holds no allocation: a sentence for the user and for the trace's
 * facts. */
#ifndef ALLOCTRACE_COLLECT_EMPTY_TRACE_H
#define ALLOCTRACE_COLLECT_EMPTY_TRACE_H

#include <stdbool.h>
#include <stdint.h>

struct empty_trace {
	uint64_t events;
	uint64_t unrecorded; /* allocations for which there was no room */
	uint32_t processes;  /* traced */
	uint32_t left_out;   /* programs that --only or --skip kept out */
	bool paused;         /* when the recording ended */
	bool no_record;      /* nothing was to be recorded */
	bool cut;            /* a limit was reached */
};

/* NULL when the trace holds something. The caller frees it. */
char *empty_trace_reason(const struct empty_trace *t);

#endif
