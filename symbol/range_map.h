/* range_map.h - which of many overlapping address ranges an address belongs to.
 *
 * Ranges are added in any order, each with a rank; where ranges overlap, the higher rank wins.
 * range_map_build() then cuts them into pieces that do not overlap, sorted by address, and a
 * look-up is one binary search. At most 2n pieces come from n ranges; building is O(n log n)
 * whatever the input. */
#ifndef ALLOCTRACE_SYMBOL_RANGE_MAP_H
#define ALLOCTRACE_SYMBOL_RANGE_MAP_H

#include <stddef.h>
#include <stdint.h>

#define RANGE_NONE UINT32_MAX

struct range {
	uint64_t low, high; /* [low, high) */
	uint32_t rank;
	uint32_t value;
};

struct range_piece {
	uint64_t low, high;
	uint32_t value;
};

struct range_map {
	struct range *ranges; /* until built */
	size_t range_count, range_cap;
	struct range_piece *pieces; /* sorted by low; no two overlap */
	size_t piece_count;
};

void range_map_release(struct range_map *map);
/* An empty or inverted range is ignored. value must not be RANGE_NONE. */
void range_map_add(struct range_map *map, uint64_t low, uint64_t high, uint32_t rank,
		   uint32_t value);
void range_map_build(struct range_map *map); /* once, after the last add */
/* The piece that holds the address, or NULL. */
const struct range_piece *range_map_piece(const struct range_map *map, uint64_t address);

static inline uint32_t range_map_find(const struct range_map *map, uint64_t address)
{
	const struct range_piece *piece = range_map_piece(map, address);
	return piece ? piece->value : RANGE_NONE;
}

#endif
