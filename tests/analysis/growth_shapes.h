/* growth_shapes.h - events of programs whose memory grows, or does not, by a clock of the test's
 * own: 30 s of a server take some milliseconds to make. */
#ifndef ALLOCTRACE_TESTS_ANALYSIS_GROWTH_SHAPES_H
#define ALLOCTRACE_TESTS_ANALYSIS_GROWTH_SHAPES_H

#include <stddef.h>
#include <stdint.h>

#include "trace/trace.h"

enum { SHAPE_SLOTS = 8, SHAPE_SITES = 320 };

struct shape_block {
	uint32_t slot;
	uint32_t site;
	uint64_t counter;
	uint64_t size;
};

/* What is live of a site, oldest first: a queue. */
struct shape_site {
	struct shape_block *blocks;
	size_t first, count, cap;
};

struct shape {
	struct trace_event *events;
	size_t count, cap;
	uint64_t now_ns;
	uint64_t random;
	uint64_t counters[SHAPE_SLOTS];
	struct shape_site sites[SHAPE_SITES];
};

void shape_init(struct shape *s);
void shape_release(struct shape *s);
void shape_process(struct shape *s, uint32_t process); /* starts, with slot = process */
void shape_process_end(struct shape *s, uint32_t process);
void shape_mark(struct shape *s, unsigned type, const char *text);
/* Sites are numbers from 0; their stack is NODE_FIRST + site. */
void shape_alloc(struct shape *s, uint32_t slot, uint32_t site, uint64_t size);
void shape_free_oldest(struct shape *s, uint32_t slot, uint32_t site);
void shape_free_newest(struct shape *s, uint32_t slot, uint32_t site);
void shape_free_all(struct shape *s, uint32_t slot, uint32_t site);
/* The newest block in another size. */
void shape_realloc(struct shape *s, uint32_t slot, uint32_t site, uint64_t size);
uint64_t shape_random(struct shape *s, uint64_t below);

#endif
