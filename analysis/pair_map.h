/* pair_map.h - a hash table from a pair of integers to a number. */
#ifndef ALLOCTRACE_ANALYSIS_PAIR_MAP_H
#define ALLOCTRACE_ANALYSIS_PAIR_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero-initialised is empty. */
struct pair_map {
	struct pair_entry *entries;
	size_t count;
	size_t room; /* a power of two, or 0 */
};

/* The place of the number for (a, b); *fresh says that it was made just now, with number 0. Valid
 * until the next call. */
uint32_t *pair_map_at(struct pair_map *m, uint64_t a, uint64_t b, bool *fresh);
void pair_map_release(struct pair_map *m);

#endif
