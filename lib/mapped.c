/* mapped.c - see mapped.h.
 *
 * A table of ranges without order. An entry is one word, so that it changes at once:
 *
 *   range  63   first page   28|27   pages   0|      0: free
 *   maker  63 epoch 48|47      caller        0|      holds while the range does
 *
 * Entries lie in groups; the first page says in which groups one that has not been cut is looked
 * for. An unmapping that does not fit one exactly looks through all groups that have entries. */
#include "lib/mapped.h"

#include "base/atomics.h"
#include "base/compiler.h"
#include "base/hash.h"
#include "wire/memory_tables.h"

enum {
	PAGE_BITS = MEMORY_PAGE_BITS,
	GROUP_BITS = MAPPED_GROUP_BITS,
	GROUPS = MAPPED_GROUPS,
	GROUP_ENTRIES = MAPPED_GROUP_ENTRIES,
	TRIED_GROUPS = 4,
};

#define MOST_PAGES  MEMORY_MOST_PAGES
#define CALLER_MASK MAPPED_CALLER_MASK
#define TAKEN	    (UINT64_C(1) << MEMORY_PAGES_BITS) /* no pages: being filled in */

struct group {
	uint64_t ranges[GROUP_ENTRIES];
};

static struct group groups[GROUPS];
static uint64_t makers[GROUPS][GROUP_ENTRIES];
/* By group, how many entries are not free; never too few. */
static uint16_t used[GROUPS];

static inline unsigned group_of(uint64_t page, unsigned try)
{
	return ((unsigned)hash_bits(page, GROUP_BITS) + try) % GROUPS;
}

static bool claim(unsigned group, unsigned i)
{
	uint64_t seen = at_load_relaxed(&groups[group].ranges[i]);
	if (seen != 0)
		return false;
	at_add_relaxed(&used[group], (uint16_t)1);
	if (at_cas_acq_rel(&groups[group].ranges[i], &seen, TAKEN))
		return true;
	at_add_relaxed(&used[group], (uint16_t)-1);
	return false;
}

static void put(uint64_t range, uint64_t maker)
{
	for (unsigned try = 0; try < TRIED_GROUPS; try++) {
		unsigned group = group_of(memory_range_first(range), try);
		for (unsigned i = 0; i < GROUP_ENTRIES; i++) {
			if (!claim(group, i))
				continue;
			at_store_relaxed(&makers[group][i], maker);
			at_store_release(&groups[group].ranges[i], range);
			return;
		}
	}
}

static bool change(unsigned group, unsigned i, uint64_t from, uint64_t to)
{
	if (!at_cas_acq_rel(&groups[group].ranges[i], &from, to))
		return false;
	if (to == 0)
		at_add_relaxed(&used[group], (uint16_t)-1);
	return true;
}

void mapped_add(uintptr_t low, size_t bytes, const struct mapped *by)
{
	const uintptr_t page_mask = ((uintptr_t)1 << PAGE_BITS) - 1;
	uint64_t page = (low + page_mask) >> PAGE_BITS, end = (low + bytes) >> PAGE_BITS;
	uint64_t maker = (by->caller & CALLER_MASK) | (uint64_t)by->epoch << 48;
	while (page < end) {
		uint64_t pages = end - page < MOST_PAGES ? end - page : MOST_PAGES;
		put(memory_range_make(page, pages), maker);
		page += pages;
	}
}

static bool remove_exactly(uint64_t range)
{
	for (unsigned try = 0; try < TRIED_GROUPS; try++) {
		unsigned group = group_of(memory_range_first(range), try);
		for (unsigned i = 0; i < GROUP_ENTRIES; i++)
			if (at_load_relaxed(&groups[group].ranges[i]) == range)
				return change(group, i, range, 0);
	}
	return false;
}

static inline bool overlaps(uint64_t range, uint64_t page, uint64_t end)
{
	return memory_range_first(range) < end && page < memory_range_end(range);
}

/* What is left of an entry below stays where it is found by its first page; above it is another. */
static void cut(unsigned group, unsigned i, uint64_t page, uint64_t end)
{
	uint64_t range = at_load_acquire(&groups[group].ranges[i]);
	if (!overlaps(range, page, end))
		return;
	uint64_t low = memory_range_first(range), high = memory_range_end(range);
	uint64_t maker = at_load_relaxed(&makers[group][i]);
	if (!change(group, i, range, low < page ? memory_range_make(low, page - low) : 0))
		return;
	if (high > end)
		put(memory_range_make(end, high - end), maker);
}

void mapped_remove(uintptr_t low, size_t bytes)
{
	const uintptr_t page_mask = ((uintptr_t)1 << PAGE_BITS) - 1;
	uint64_t page = low >> PAGE_BITS;
	uint64_t end = (low + bytes + page_mask) >> PAGE_BITS;
	if (page >= end || remove_exactly(memory_range_make(page, end - page)))
		return;
	for (unsigned group = 0; group < GROUPS; group++) {
		if (!at_load_relaxed(&used[group]))
			continue;
		for (unsigned i = 0; i < GROUP_ENTRIES; i++)
			if (overlaps(at_load_relaxed(&groups[group].ranges[i]), page, end))
				cut(group, i, page, end);
	}
}

bool mapped_find(uintptr_t address, struct mapped *out)
{
	uint64_t page = address >> PAGE_BITS, maker = 0;
	bool found = false;
	for (unsigned group = 0; group < GROUPS; group++) {
		for (unsigned i = 0; at_load_relaxed(&used[group]) && i < GROUP_ENTRIES; i++) {
			uint64_t range = at_load_acquire(&groups[group].ranges[i]);
			uint64_t its = at_load_acquire(&makers[group][i]);
			if (page < memory_range_first(range) || page >= memory_range_end(range) ||
			    at_load_relaxed(&groups[group].ranges[i]) != range)
				continue;
			if (found && its != maker)
				return false;
			found = true;
			maker = its;
			out->low = memory_range_first(range) << PAGE_BITS;
			out->high = memory_range_end(range) << PAGE_BITS;
		}
	}
	out->caller = maker & CALLER_MASK;
	out->epoch = (uint16_t)(maker >> 48);
	return found;
}

void mapped_tables(uint64_t *ranges, uint64_t *makers_at)
{
	*ranges = (uintptr_t)groups;
	*makers_at = (uintptr_t)makers;
}
