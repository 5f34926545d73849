/* map_sums.h - memory that the processes of a session have mapped: how much, its peak, and by which
 * stacks. The peak by stack is kept as cost.h keeps it: numbered peaks, saved before a change. */
#ifndef ALLOCTRACE_ANALYSIS_MAP_SUMS_H
#define ALLOCTRACE_ANALYSIS_MAP_SUMS_H

#include "analysis/mappings.h"

struct map_stack {
	uint64_t maps;
	uint64_t bytes; /* ever mapped */
	uint64_t live_bytes;
	uint64_t peak_bytes; /* see cost.h for when it is valid */
	uint64_t epoch;
	uint64_t left_bytes; /* of processes that have ended */
};

struct map_sums {
	uint64_t epoch;
	uint64_t live_bytes;
	uint64_t left_bytes;
	uint64_t peak_bytes;
	uint64_t peak_ns;
	struct map_stack *stacks; /* by the caller's numbers */
	size_t stack_count;
	size_t stack_cap;
};

/* `of` is the process that maps. */
void map_sums_add(struct map_sums *sums, struct mappings *of, uint64_t start, uint64_t length,
		  uint32_t stack, uint64_t now_ns);
void map_sums_remove(struct map_sums *sums, struct mappings *of, uint64_t start, uint64_t length);
/* The process ends: what it still has mapped counts as mapped at the end. Empties `of`. */
void map_sums_leave(struct map_sums *sums, struct mappings *of);
/* A stack with its peak; zeros for one that never mapped. */
struct map_stack map_sums_stack(const struct map_sums *sums, size_t stack);
void map_sums_release(struct map_sums *sums);

#endif
