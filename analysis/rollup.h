/* rollup.h - the sums of a profile in rows: by stack, function, module, thread, size, allocator. */
#ifndef ALLOCTRACE_ANALYSIS_ROLLUP_H
#define ALLOCTRACE_ANALYSIS_ROLLUP_H

#include "analysis/callstacks.h"

enum rollup_by {
	ROLLUP_STACK,
	ROLLUP_FUNCTION,
	ROLLUP_MODULE,
	ROLLUP_THREAD,
	ROLLUP_SIZE,
	ROLLUP_ALLOCATOR,
	ROLLUP_COUNT
};

/* What rows are sorted by; one field of struct metrics each. */
enum rollup_sort {
	SORT_PEAK,	/* peak_bytes */
	SORT_TOTAL,	/* bytes */
	SORT_COUNT,	/* allocs */
	SORT_TEMPORARY, /* temporary */
	SORT_LIVE,	/* live_bytes */
	SORT_KINDS
};

struct rollup_row {
	/* STACK: step. FUNCTION: function. MODULE: module or TRACE_NO_MODULE. THREAD: index into
	 * profile.threads. SIZE: index into profile.sizes. ALLOCATOR: allocator. */
	uint32_t key;
	struct metrics self; /* charged to it */
	/* FUNCTION, MODULE: it is somewhere on the stack. Else equal to self. */
	struct metrics inclusive;
};

struct rollup {
	enum rollup_by by;
	struct rollup_row *rows; /* sorted, largest first; equal ones by key */
	size_t count;
	struct metrics total; /* of the heap; allocators: of all rows */
};

/* Rows in which the sorted-by field is 0 are left out unless `zeros`. */
void rollup_make(struct rollup *r, enum rollup_by by, enum rollup_sort sort, bool zeros,
		 const struct profile *profile, const struct callstacks *stacks);
/* The stacks that mapped memory, by what each had mapped at the peak. */
void rollup_mapped(struct rollup *r, const struct profile_mapped *mapped,
		   const struct callstacks *stacks);
void rollup_release(struct rollup *r);

uint64_t metrics_get(const struct metrics *m, enum rollup_sort sort);

#endif
