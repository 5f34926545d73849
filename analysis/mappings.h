/* mappings.h - the address ranges that a process has mapped, as far as the trace saw it. */
#ifndef ALLOCTRACE_ANALYSIS_MAPPINGS_H
#define ALLOCTRACE_ANALYSIS_MAPPINGS_H

#include <stddef.h>
#include <stdint.h>

struct mapping {
	uint64_t start;
	uint64_t end;
	uint32_t owner; /* whoever mapped it: the caller's number */
};

/* Ranges are rising, none is empty, no two overlap, and those that touch have different owners. */
struct mappings {
	struct mapping *ranges;
	size_t count;
	size_t cap;
	uint64_t bytes; /* sum of the ranges */
};

/* Adds a range of which nothing is mapped; returns its length, cut at the end of the address space.
 */
uint64_t mappings_add(struct mappings *m, uint64_t start, uint64_t length, uint32_t owner);
/* Takes away what is there of a range, and calls gone() for every piece of it. */
void mappings_remove(struct mappings *m, uint64_t start, uint64_t length,
		     void (*gone)(void *ctx, uint32_t owner, uint64_t bytes), void *ctx);
void mappings_release(struct mappings *m);

#endif
