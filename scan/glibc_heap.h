/* glibc_heap.h - memory of glibc's malloc, known by what glibc writes at its start: the heaps of
 * threads' arenas, and what it maps for one large block. */
#ifndef ALLOCTRACE_SCAN_GLIBC_HEAP_H
#define ALLOCTRACE_SCAN_GLIBC_HEAP_H

#include "scan/block_list.h"

/* The first heap of an arena in [from, high) of a mapping. */
bool glibc_heap_arena(struct read_cache *cache, uint64_t from, uint64_t high,
		      struct scan_range *out);
/* What was mapped for this block alone. */
bool glibc_heap_mapped(struct read_cache *cache, const struct block_list *blocks, uint32_t block,
		       struct scan_range *out);

#endif
