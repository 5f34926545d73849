/* mappings.h - the address ranges that a process has mapped, as far as the trace saw it. */
#ifndef ALLOCTRACE_ANALYSIS_MAPPINGS_H
#define ALLOCTRACE_ANALYSIS_MAPPINGS_H

#include <stddef.h>
#include <stdint.h>

struct mapping {
	uint64_t start;
	uint64_t end;
};

/* Ranges are rising, none is empty, and no two touch. */
struct mappings {
	struct mapping *ranges;
	size_t count;
	size_t cap;
	uint64_t bytes; /* sum of the ranges */
};

/* Mapping what is mapped, or unmapping what is not, changes nothing there. */
void mappings_add(struct mappings *m, uint64_t start, uint64_t length);
void mappings_remove(struct mappings *m, uint64_t start, uint64_t length);
void mappings_release(struct mappings *m);

#endif
