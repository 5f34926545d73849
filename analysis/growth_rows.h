/* growth_rows.h - sites that grow, as a report lists them: those of one verdict whose stacks read
 * the same are one row, also of several processes. */
#ifndef ALLOCTRACE_ANALYSIS_GROWTH_ROWS_H
#define ALLOCTRACE_ANALYSIS_GROWTH_ROWS_H

#include "analysis/callstacks.h"
#include "analysis/growth.h"

struct growth_row {
	uint32_t step;
	enum growth_verdict verdict;
	const struct growth_site *site; /* the fastest of them */
	uint32_t sites, processes;
	double bytes_per_s, blocks_per_s;
	double share;	      /* of what all GROWING ones grow in a second; 0 for others */
	uint64_t grown_bytes; /* since they began */
	uint64_t live_bytes, live_blocks;
	uint64_t allocs;
	uint64_t live_ages[GROWTH_AGES], freed_ages[GROWTH_AGES];
};

struct growth_rows {
	struct growth_row *rows; /* by verdict, then by rate, or size */
	size_t count;
	size_t verdicts[GROWTH_VERDICTS]; /* how many of each */
};

/* The growth must outlive the rows. */
void growth_rows_make(struct growth_rows *r, const struct growth_result *growth,
		      struct callstacks *stacks);
void growth_rows_release(struct growth_rows *r);

/* The age below which `part` of those counted are: a class of growth_age_end_ns(); -1: none. */
int growth_age_of_part(const uint64_t ages[GROWTH_AGES], double part);

#endif
