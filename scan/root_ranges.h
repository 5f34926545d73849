/* root_ranges.h - where pointers count without being reached themselves.
 *
 * Registers, stacks from the stack pointer up, thread-local storage, the writable data of modules,
 * and writable mappings that no allocator owns. Memory of allocators, of the runtime and of threads
 * that have ended is left out. */
#ifndef ALLOCTRACE_SCAN_ROOT_RANGES_H
#define ALLOCTRACE_SCAN_ROOT_RANGES_H

#include "scan/address_space.h"
#include "scan/block_list.h"
#include "scan/known_memory.h"
#include "scan/thread_memory.h"

struct root {
	uint64_t low, high;    /* whole words; of registers: 0 and their bytes */
	const uint64_t *words; /* instead of memory; NULL: read it */
	uint64_t value;	       /* instead of both, if is_value */
	uint64_t first_word;   /* how many words the roots before it have */
	uint32_t tid;
	uint32_t module; /* or NO_MODULE */
	uint8_t holder;	 /* enum leak_holder */
	bool is_value;
	bool only_to_start; /* pointers into the middle of a block mean something else here */
};

struct root_list {
	struct root *roots;
	size_t count, cap;
	uint64_t words; /* of all of them */
};

void root_list_find(struct root_list *r, const struct scan_target *target,
		    const struct address_space *space, const struct block_list *blocks,
		    const struct known_memory *known, struct read_cache *cache);
void root_list_release(struct root_list *r);

/* The root that has this word. */
const struct root *root_list_of_word(const struct root_list *r, uint64_t word);

#endif
