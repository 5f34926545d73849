/* finding_log.h - the wrong releases of a session, as the trace gets them.
 *
 * The runtime tells each once, by an event in a ring, and counts in the session memory how often it
 * occurs. Not thread-safe: the collector's thread only. */
#ifndef ALLOCTRACE_COLLECT_FINDING_LOG_H
#define ALLOCTRACE_COLLECT_FINDING_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect/session_memory.h"
#include "trace/trace.h"

struct finding_log {
	struct session *session;
	struct trace_writer *writer;
	struct trace_finding *items; /* as written, by number in the trace */
	uint32_t *indices;	     /* in the session memory, by number */
	size_t count, item_cap, index_cap;
	bool *told; /* by index */
	/* Told of each as it is written; NULL: nobody is. */
	void (*on_finding)(void *context, uint32_t number, const struct trace_finding *finding);
	void *context;
};

void finding_log_init(struct finding_log *f, struct session *session, struct trace_writer *writer);
void finding_log_release(struct finding_log *f);

/* Whether it has been told. */
bool finding_log_has(const struct finding_log *f, uint32_t index);
/* Writes the finding, which has been checked, unless it has been told before; the event is the
 * caller's to write if the number is returned, UINT32_MAX says that it is none. The finding's why and
 * fix, which come from malloc(), are the log's then. */
uint32_t finding_log_add(struct finding_log *f, uint32_t index,
			 const struct trace_finding *finding);
/* The session is over: writes how often each occurred. Returns how many wrong releases are counted
 * in the session memory and were never told. */
uint64_t finding_log_end(struct finding_log *f);

#endif
