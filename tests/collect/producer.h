/* producer.h - plays a traced thread: the runtime's side of the session, in small.
 *
 * Follows wire/session.h and wire/events.h with the same atomics as lib/, so that the thread
 * sanitizer sees both sides. */
#ifndef ALLOCTRACE_TESTS_COLLECT_PRODUCER_H
#define ALLOCTRACE_TESTS_COLLECT_PRODUCER_H

#include <stdbool.h>
#include <stdint.h>

#include "collect/session_memory.h"
#include "wire/events.h"

struct block_name {
	uint32_t slot;
	uint64_t counter;
};

struct producer {
	struct session *session;
	struct session_ring *ring;
	uint64_t *words;
	uint64_t mask;
	uint64_t head;
	uint64_t counter;
	uint32_t slot;
	uint32_t tick_left;
	bool manual_ticks; /* only producer_tick() writes them */
};

/* A process record made ready; `parent` is an index. UINT32_MAX when none is free. */
uint32_t producer_process(struct session *s, uint32_t pid, uint32_t origin, uint32_t parent);
/* Claims a ring for this thread (tid: its own); false when none is free. */
bool producer_claim(struct producer *p, struct session *s, uint32_t process);
/* Appends a module and a node. */
uint32_t producer_module(struct session *s, const char *path);
uint32_t producer_node(struct session *s, uint32_t parent, uint32_t module, uint64_t offset);

struct block_name producer_alloc(struct producer *p, uint64_t size, uint32_t stack);
void producer_free(struct producer *p, struct block_name block, uint32_t site);
void producer_tick(struct producer *p, uint64_t tsc);
void producer_mark(struct producer *p, const char *text);
/* Raw words, published together. Waits for room. */
void producer_put(struct producer *p, const uint64_t *words, unsigned count);

#endif
