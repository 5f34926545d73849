/* crash_log.h - the crashes of a session, as the trace gets them.
 *
 * A process leaves a record in the session memory (wire/crashes.h) before it dies. Not thread-safe:
 * the collector's thread only. */
#ifndef ALLOCTRACE_COLLECT_CRASH_LOG_H
#define ALLOCTRACE_COLLECT_CRASH_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/trace.h"
#include "wire/crashes.h"

struct collector;

struct crash_log {
	bool taken[CRASH_MAX]; /* by number in the session memory */
	uint32_t count;	       /* in the trace */
	/* Told of each as it is written; NULL: nobody is. */
	void (*on_crash)(void *context, uint32_t number, uint32_t process_index,
			 const struct trace_crash *crash);
	void *context;
};

/* Writes those that have become ready; all events before them have been written. */
void crash_log_look(struct collector *c);
/* The session is over: how many processes crashed and left no record, or no whole one. */
uint32_t crash_log_missing(const struct collector *c);

#endif
