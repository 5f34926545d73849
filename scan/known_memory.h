/* known_memory.h - what a process itself knows of its memory (wire/memory_tables.h): who mapped it,
 * what is the runtime's, what the program has named. Nothing of it is trusted. */
#ifndef ALLOCTRACE_SCAN_KNOWN_MEMORY_H
#define ALLOCTRACE_SCAN_KNOWN_MEMORY_H

#include "scan/block_list.h"

struct known_range {
	struct scan_range range;
	uint64_t caller; /* the return address of the call that mapped it */
};

struct known_memory {
	struct known_range *mapped; /* by rising address, apart from each other */
	size_t mapped_count;
	struct scan_range *own; /* by rising address */
	size_t own_count;
	struct scan_range *roots;
	size_t root_count;
	uint64_t *allocating; /* callers that mapped memory in which live blocks lie; sorted */
	size_t allocating_count;
};

void known_memory_read(struct known_memory *k, uint64_t memory_tables, struct read_cache *cache,
		       const struct block_list *blocks);
void known_memory_release(struct known_memory *k);

/* The first of the mapped ranges that ends above the address. */
size_t known_memory_above(const struct known_memory *k, uint64_t address);
/* Whether the code that mapped the range maps for an allocator. */
bool known_memory_allocates(const struct known_memory *k, const struct known_range *range);

#endif
