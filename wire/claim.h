/* claim.h - takes a process record of the session: the tool for a program that connects, a forked
 * child for itself. Without a lock; async-signal-safe. */
#ifndef ALLOCTRACE_WIRE_CLAIM_H
#define ALLOCTRACE_WIRE_CLAIM_H

#include <stdbool.h>
#include <stdint.h>

#include "base/atomics.h"
#include "wire/session.h"

static inline bool process_record_try(struct session_process *record)
{
	uint32_t unused = PROCESS_UNUSED;
	return at_load_relaxed(&record->state) == PROCESS_UNUSED &&
	       at_cas_acq_rel(&record->state, &unused, (uint32_t)PROCESS_CLAIMED);
}

/* The index of a record that nobody has: a new one, or, when all have been used, one that the
 * collector has put back because its process has long gone. About half of them are free then, and
 * the collector puts them back in the order of their ends: looked for from anywhere (`from`: any
 * number), one is near. SESSION_MAX_PROCESSES when there is none. */
static inline uint32_t process_record_claim(struct session_header *header,
					    struct session_process *records, uint32_t from)
{
	uint32_t *count = &header->process_count;
	while (at_load_relaxed(count) < SESSION_MAX_PROCESSES) {
		uint32_t index = at_add_relaxed(count, 1u);
		if (index < SESSION_MAX_PROCESSES && process_record_try(&records[index]))
			return index;
	}
	at_store_relaxed(count, SESSION_MAX_PROCESSES); /* adds may have gone beyond */
	for (uint32_t i = 0; i < SESSION_MAX_PROCESSES; i++) {
		uint32_t index = (from + i) % SESSION_MAX_PROCESSES;
		if (process_record_try(&records[index]))
			return index;
	}
	return SESSION_MAX_PROCESSES;
}

#endif
