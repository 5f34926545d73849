/* known_memory.c - see known_memory.h. */
#include "scan/known_memory.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "wire/memory_tables.h"

enum { MAPPED_ENTRIES = MAPPED_GROUPS * MAPPED_GROUP_ENTRIES };

#define ADDRESS_END (UINT64_C(1) << BLOCK_ADDRESS_BITS)

/* False: no range, or none that can be. */
static bool range_of(uint64_t word, struct scan_range *out)
{
	out->low = memory_range_first(word) << MEMORY_PAGE_BITS;
	out->high = memory_range_end(word) << MEMORY_PAGE_BITS;
	return out->low < out->high && out->low != 0 && out->high <= ADDRESS_END;
}

static int by_low(const void *a, const void *b)
{
	const struct known_range *x = a, *y = b;
	return (x->range.low > y->range.low) - (x->range.low < y->range.low);
}

static int by_low_alone(const void *a, const void *b)
{
	const struct scan_range *x = a, *y = b;
	return (x->low > y->low) - (x->low < y->low);
}

static int by_value(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

/* Of what overlaps, which should not be, the first one counts. */
static void set_apart(struct known_memory *k)
{
	size_t n = 0;
	uint64_t end = 0;
	qsort(k->mapped, k->mapped_count, sizeof(*k->mapped), by_low);
	for (size_t i = 0; i < k->mapped_count; i++) {
		struct known_range r = k->mapped[i];
		r.range.low = r.range.low < end ? end : r.range.low;
		if (r.range.low >= r.range.high)
			continue;
		end = r.range.high;
		k->mapped[n++] = r;
	}
	k->mapped_count = n;
}

static void read_mapped(struct known_memory *k, const struct memory_tables *t,
			const struct scan_memory *memory)
{
	size_t bytes = MAPPED_ENTRIES * sizeof(uint64_t);
	uint64_t *ranges = mem_alloc(bytes), *makers = mem_alloc(bytes);
	k->mapped = mem_realloc(NULL, MAPPED_ENTRIES, sizeof(*k->mapped));
	if (memory->read(memory->context, t->mapped_ranges, ranges, bytes) &&
	    memory->read(memory->context, t->mapped_makers, makers, bytes)) {
		for (size_t i = 0; i < MAPPED_ENTRIES; i++) {
			struct known_range r = { .caller = makers[i] & MAPPED_CALLER_MASK };
			if (range_of(ranges[i], &r.range))
				k->mapped[k->mapped_count++] = r;
		}
		set_apart(k);
	}
	free(ranges);
	free(makers);
}

static void read_own(struct known_memory *k, const struct memory_tables *t,
		     struct read_cache *cache)
{
	uint64_t words[OWN_MEMORY_MAX];
	if (!read_cache_get(cache, t->own, words, sizeof(words)))
		return;
	k->own = mem_realloc(NULL, OWN_MEMORY_MAX, sizeof(*k->own));
	for (size_t i = 0; i < OWN_MEMORY_MAX; i++)
		if (range_of(words[i], &k->own[k->own_count]))
			k->own_count++;
	qsort(k->own, k->own_count, sizeof(*k->own), by_low_alone);
}

static void read_roots(struct known_memory *k, const struct memory_tables *t,
		       struct read_cache *cache)
{
	struct root_region regions[ROOT_REGIONS_MAX];
	if (!read_cache_get(cache, t->roots, regions, sizeof(regions)))
		return;
	k->roots = mem_realloc(NULL, ROOT_REGIONS_MAX, sizeof(*k->roots));
	for (size_t i = 0; i < ROOT_REGIONS_MAX; i++) {
		uint64_t low = regions[i].low, bytes = regions[i].bytes;
		if (low < ADDRESS_END && bytes < ADDRESS_END && low > 1 && bytes)
			k->roots[k->root_count++] = (struct scan_range){ low, low + bytes };
	}
}

static bool has_blocks(const struct block_list *l, const struct scan_range *r)
{
	uint32_t i = block_list_lower(l, r->low);
	return (i < l->plain_count && l->starts[i] < r->high) ||
	       (i > 0 && block_list_end(l, i - 1) > r->low);
}

static void find_allocating(struct known_memory *k, const struct block_list *blocks)
{
	k->allocating = mem_realloc(NULL, k->mapped_count + 1, sizeof(*k->allocating));
	for (size_t i = 0; i < k->mapped_count; i++)
		if (has_blocks(blocks, &k->mapped[i].range))
			k->allocating[k->allocating_count++] = k->mapped[i].caller;
	qsort(k->allocating, k->allocating_count, sizeof(*k->allocating), by_value);
}

void known_memory_read(struct known_memory *k, uint64_t memory_tables, struct read_cache *cache,
		       const struct block_list *blocks)
{
	struct memory_tables t;
	*k = (struct known_memory){ 0 };
	if (!memory_tables || !read_cache_get(cache, memory_tables, &t, sizeof(t)) ||
	    t.version != MEMORY_TABLES_VERSION)
		return;
	read_mapped(k, &t, cache->memory);
	read_own(k, &t, cache);
	read_roots(k, &t, cache);
	find_allocating(k, blocks);
}

void known_memory_release(struct known_memory *k)
{
	free(k->mapped);
	free(k->own);
	free(k->roots);
	free(k->allocating);
	*k = (struct known_memory){ 0 };
}

size_t known_memory_above(const struct known_memory *k, uint64_t address)
{
	size_t low = 0, high = k->mapped_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (k->mapped[middle].range.high <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

bool known_memory_allocates(const struct known_memory *k, const struct known_range *range)
{
	return k->allocating_count && bsearch(&range->caller, k->allocating, k->allocating_count,
					      sizeof(*k->allocating), by_value);
}
