/* word_scan.h - words that point into live blocks; of roots, and of the blocks themselves. */
#ifndef ALLOCTRACE_SCAN_WORD_SCAN_H
#define ALLOCTRACE_SCAN_WORD_SCAN_H

#include "scan/mark.h"

enum { WORD_SCAN_BYTES = 2 << 20 };

typedef void (*word_scan_fn)(void *context, uint32_t block, uint64_t pointer, size_t index);

/* Tells of each word that lies in a block. */
static inline void word_scan(const struct block_list *l, const uint64_t *words, size_t count,
			     word_scan_fn points, void *context)
{
	uint64_t low = l->low, span = l->high - l->low;
	for (size_t i = 0; i < count; i++) {
		uint64_t p = words[i];
		if (AT_LIKELY(p - low >= span))
			continue;
		uint32_t block = block_list_find(l, p);
		if (block != BLOCK_NONE)
			points(context, block, p, i);
	}
}

/* Where there may be something, from `at` on: a multiple of 8. */
static inline uint64_t word_scan_skip(const struct scan_memory *memory, uint64_t at, uint64_t high)
{
	return memory->touched && at < high ? memory->touched(memory->context, at, high) : at;
}

/* Reads page by page what cannot be read at once; what cannot be is zeros. Returns the bytes that
 * were read. */
size_t word_scan_read(const struct scan_memory *memory, uint64_t at, void *out, size_t bytes);

/* Keeps what a heuristic may know. */
void candidates_add(struct candidate_list *list, const struct block_list *blocks,
		    const struct candidate *c);

/* Reads all live blocks; fills in the edges of `m`, and adds to its candidates. */
void heap_scan_run(struct mark *m);

#endif
