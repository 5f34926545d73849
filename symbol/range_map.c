/* range_map.c - see range_map.h. A sweep over the ranges by address, with those that cover the
 * present address in a heap by rank; ranges that have ended leave the heap when they reach its
 * top. */
#include "symbol/range_map.h"

#include <stdlib.h>

#include "util/mem.h"

struct sweep {
	struct range_map *map;
	uint32_t *heap; /* indexes of ranges; the highest rank first */
	size_t heap_count;
	size_t piece_cap;
};

void range_map_release(struct range_map *map)
{
	free(map->ranges);
	free(map->pieces);
	*map = (struct range_map){ 0 };
}

void range_map_add(struct range_map *map, uint64_t low, uint64_t high, uint32_t rank,
		   uint32_t value)
{
	/* Indexes of ranges are 32 bits wide. */
	if (low >= high || map->range_count >= RANGE_NONE)
		return;
	map->ranges =
		mem_grow(map->ranges, &map->range_cap, map->range_count + 1, sizeof(*map->ranges));
	map->ranges[map->range_count++] =
		(struct range){ .low = low, .high = high, .rank = rank, .value = value };
}

static int compare_low(const void *a, const void *b)
{
	const struct range *x = a, *y = b;
	return (x->low > y->low) - (x->low < y->low);
}

static void heap_swap(struct sweep *s, size_t a, size_t b)
{
	uint32_t kept = s->heap[a];
	s->heap[a] = s->heap[b];
	s->heap[b] = kept;
}

static uint32_t rank_at(const struct sweep *s, size_t position)
{
	return s->map->ranges[s->heap[position]].rank;
}

static void heap_push(struct sweep *s, uint32_t range)
{
	size_t at = s->heap_count++;
	s->heap[at] = range;
	while (at > 0 && rank_at(s, at) > rank_at(s, (at - 1) / 2)) {
		heap_swap(s, at, (at - 1) / 2);
		at = (at - 1) / 2;
	}
}

static void heap_pop(struct sweep *s)
{
	s->heap[0] = s->heap[--s->heap_count];
	for (size_t at = 0;;) {
		size_t best = at;
		for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < s->heap_count;
		     child++)
			if (rank_at(s, child) > rank_at(s, best))
				best = child;
		if (best == at)
			return;
		heap_swap(s, at, best);
		at = best;
	}
}

static void emit(struct sweep *s, uint64_t low, uint64_t high, uint32_t value)
{
	struct range_map *map = s->map;
	if (map->piece_count > 0) {
		struct range_piece *last = &map->pieces[map->piece_count - 1];
		if (last->high == low && last->value == value) {
			last->high = high;
			return;
		}
	}
	map->pieces =
		mem_grow(map->pieces, &s->piece_cap, map->piece_count + 1, sizeof(*map->pieces));
	map->pieces[map->piece_count++] =
		(struct range_piece){ .low = low, .high = high, .value = value };
}

static void sweep_run(struct sweep *s)
{
	const struct range *ranges = s->map->ranges;
	size_t count = s->map->range_count, next = 0;
	uint64_t at = 0;
	for (;;) {
		while (s->heap_count > 0 && ranges[s->heap[0]].high <= at)
			heap_pop(s);
		if (s->heap_count == 0) {
			if (next == count)
				return;
			at = ranges[next].low;
		}
		for (; next < count && ranges[next].low <= at; next++)
			heap_push(s, (uint32_t)next);
		const struct range *top = &ranges[s->heap[0]];
		if (top->high <= at)
			continue;
		uint64_t end = top->high;
		if (next < count && ranges[next].low < end)
			end = ranges[next].low;
		emit(s, at, end, top->value);
		at = end;
	}
}

void range_map_build(struct range_map *map)
{
	if (map->range_count == 0)
		return;
	qsort(map->ranges, map->range_count, sizeof(*map->ranges), compare_low);
	struct sweep s = { .map = map, .heap = mem_alloc(map->range_count * sizeof(*s.heap)) };
	sweep_run(&s);
	free(s.heap);
	free(map->ranges);
	map->ranges = NULL;
	map->range_count = map->range_cap = 0;
}

const struct range_piece *range_map_piece(const struct range_map *map, uint64_t address)
{
	size_t low = 0, count = map->piece_count;
	while (count > 0) {
		size_t half = count / 2;
		if (map->pieces[low + half].low <= address) {
			low += half + 1;
			count -= half + 1;
		} else {
			count = half;
		}
	}
	if (low == 0 || address >= map->pieces[low - 1].high)
		return NULL;
	return &map->pieces[low - 1];
}
