/* memory_tables.h - what a traced process knows of its own memory, for the tool's look for leaks.
 *
 * All of it is memory of the runtime in the process; session_process.memory_tables has the address
 * of a struct memory_tables. It changes without a lock: who reads it stops the process first. */
#ifndef ALLOCTRACE_WIRE_MEMORY_TABLES_H
#define ALLOCTRACE_WIRE_MEMORY_TABLES_H

#include <stdint.h>

/* Whole pages in one word, so that it changes at once:
 *   range  63   first page   28|27   pages   0|      0: none */
enum {
	MEMORY_PAGE_BITS = 12,
	MEMORY_PAGES_BITS = 28,
	MEMORY_TABLES_VERSION = 1,
	MAPPED_GROUP_BITS = 10,
	MAPPED_GROUPS = 1 << MAPPED_GROUP_BITS,
	MAPPED_GROUP_ENTRIES = 16,
	OWN_MEMORY_MAX = 2048,
	ROOT_REGIONS_MAX = 256,
};

#define MEMORY_MOST_PAGES  ((UINT64_C(1) << MEMORY_PAGES_BITS) - 1)
#define MAPPED_CALLER_MASK ((UINT64_C(1) << 48) - 1) /* of the makers, see lib/mapped.c */

static inline uint64_t memory_range_make(uint64_t page, uint64_t pages)
{
	return page << MEMORY_PAGES_BITS | pages;
}

static inline uint64_t memory_range_first(uint64_t range)
{
	return range >> MEMORY_PAGES_BITS;
}

static inline uint64_t memory_range_end(uint64_t range)
{
	return memory_range_first(range) + (range & MEMORY_MOST_PAGES);
}

/* Memory that the program has named: what lies there points to what is in use. */
struct root_region {
	uint64_t low; /* 0: none; set last, cleared first */
	uint64_t bytes;
};

struct memory_tables {
	uint32_t version;
	uint32_t pad;
	/* What was mapped by code that calls mmap and its like, not by libc for itself: uint64_t
	 * [MAPPED_GROUPS][MAPPED_GROUP_ENTRIES] of ranges, and as many makers: the return address
	 * of the call in the low 48 bits. */
	uint64_t mapped_ranges, mapped_makers;
	uint64_t own;	/* the runtime's anonymous memory: uint64_t[OWN_MEMORY_MAX] of ranges */
	uint64_t roots; /* struct root_region[ROOT_REGIONS_MAX] */
};

_Static_assert(sizeof(struct memory_tables) == 40, "layout is shared");

#endif
