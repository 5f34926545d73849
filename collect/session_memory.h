/* session_memory.h - the tool's side of the session memory: making it and finding things in it.
 *
 * The layout is wire/session.h. Traced processes can write all of it, so everything read here is
 * copied once and checked before it is used as an index or a length. */
#ifndef ALLOCTRACE_COLLECT_SESSION_MEMORY_H
#define ALLOCTRACE_COLLECT_SESSION_MEMORY_H

#include <stdint.h>

#include "util/err.h"
#include "wire/session.h"

struct session {
	int fd; /* memfd */
	uint8_t *base;
	struct session_header *header;
	struct session_process *processes;
	struct session_ring *rings;
	struct session_module *modules;
	struct session_loaded *loaded; /* by process index */
	struct session_hook *hooks;
	struct session_finding *findings;
	struct session_crash *crashes;
	struct session_scan *scans;
	struct session_node *nodes;
};

struct session_settings {
	uint32_t options; /* enum session_option */
	uint32_t max_depth;
	uint32_t on_error; /* as in the header */
	enum session_state state;
	uint32_t leak_points; /* as in the header */
	uint64_t leak_marks[SESSION_LEAK_MARKS];
};

/* Makes the memory and maps it. Returns 0, or -1 with the error and nothing to release. */
int session_create(struct session *s, const struct session_settings *settings, struct err *err);
void session_release(struct session *s);

/* The words of a ring; the offset that stands in the ring's record is not trusted. */
static inline const uint64_t *session_words(const struct session *s, unsigned slot)
{
	return (const uint64_t *)(s->base + session_ring_words_offset(slot));
}

/* Wakes the collector, if it sleeps, from any thread of the tool. */
void session_wake(struct session *s);
/* Sleeps until a producer or session_wake() wakes it, or the time is over. `seen` is the value of
 * header->wake before the last look for work. */
void session_sleep(struct session *s, uint32_t seen, uint64_t timeout_ns);

#endif
