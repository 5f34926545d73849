/* live_map.h - the blocks that are live, by the name the trace gives them: (slot, counter).
 *
 * The counters of a slot are dense, so a slot's blocks lie in pages indexed by counter:
 *
 *	slot -> | page 7     | - | page 9     | page 10 (being filled) |      - : released
 *	        | 312 live   |   | 1000 live  | 5 live                 |
 *	             |
 *	             blocks[1024]
 *
 * A page is released when its last block is freed. A full page with few live blocks left gives
 * them to a hash table and goes too, so memory follows the number of live blocks, not of
 * allocations. Every block belongs to a thread: the one that had the slot when it was made. */
#ifndef ALLOCTRACE_ANALYSIS_LIVE_MAP_H
#define ALLOCTRACE_ANALYSIS_LIVE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

enum {
	LIVE_PAGE_BITS = 10,
	LIVE_PAGE_BLOCKS = 1 << LIVE_PAGE_BITS,
	LIVE_PAGE_SPARSE = LIVE_PAGE_BLOCKS / 8, /* fewer live blocks: into the hash table */
	LIVE_MAX_SLOTS = 1 << 16,
};

/* stack of a record that names no live block */
#define LIVE_NONE UINT32_MAX

struct live_block {
	uint64_t size : 48;
	uint64_t pool : 16;
	uint32_t stack;
	uint32_t time_units; /* of 1024 ns since the page's base_ns; saturates after 73 minutes */
};

/* A slot's page; blocks is NULL when it has been released. The blocks lie elsewhere, so that what
 * is looked at for every free stays in the cache. */
struct live_page {
	struct live_block *blocks;
	uint64_t base_ns;
	uint32_t live;
	uint32_t pad;
};

/* Blocks of sparse pages, in open addressing. */
struct live_sparse {
	struct live_entry *entries;
	size_t count;
	size_t room; /* a power of two, or 0 */
};

/* A thread's time in a slot: counters [first, the next span's first). */
struct live_span {
	uint64_t first;
	uint32_t thread;
	struct live_sparse sparse;
};

struct live_slot {
	uint64_t next;	/* counter of the next block */
	uint64_t first; /* of the present thread */
	uint32_t thread;
	uint32_t pad;
	struct live_page *pages; /* the last is that of next - 1 */
	size_t first_page;	 /* index of pages[0] */
	size_t page_count;
	size_t page_cap;
	struct live_span *spans; /* rising; the last is the present one */
	size_t span_count;
	size_t span_cap;
};

struct live_map {
	struct live_slot *slots;
	size_t slot_count;
	size_t slot_cap;
	struct live_block *spare; /* of released pages, most recent first; linked in their memory */
	struct live_chunk **chunks; /* all pages lie in these */
	size_t chunk_count;
	size_t chunk_cap;
};

/* What remove gives back. */
struct live_found {
	uint64_t size;
	uint64_t time_ns; /* when it was made, to 1024 ns */
	uint32_t stack;
	uint32_t pool;
	uint32_t thread; /* that made it */
};

void live_map_init(struct live_map *m);
void live_map_release(struct live_map *m);

/* From the next block on, `slot` belongs to `thread`. slot < LIVE_MAX_SLOTS. */
void live_map_set_thread(struct live_map *m, uint32_t slot, uint32_t thread);

/* Gives back the blocks of `thread` that are still live, one `visit` each, and forgets them. It
 * had `slot` from counter `first` on. */
void live_map_drain(struct live_map *m, uint32_t slot, uint32_t thread, uint64_t first,
		    void (*visit)(void *ctx, const struct live_found *block), void *ctx);

/* Bytes used, for tests of the bound. */
size_t live_map_bytes(const struct live_map *m);

/* ---- the hot part ---- */

AT_COLD void live_map_turn_page(struct live_map *m, struct live_slot *s, uint64_t time_ns);
AT_COLD void live_map_shrink_page(struct live_map *m, struct live_slot *s, size_t index);
AT_NOINLINE bool live_map_remove_old(struct live_slot *s, uint64_t counter,
				     struct live_found *found);
AT_NOINLINE uint32_t live_map_thread_of(const struct live_slot *s, uint64_t counter);

/* Records the slot's next block; stack LIVE_NONE says that it is of no interest. The slot must
 * have a thread. */
static inline void live_map_add(struct live_map *m, struct live_slot *s, uint32_t stack,
				uint64_t size, uint32_t pool, uint64_t time_ns)
{
	if (AT_UNLIKELY((s->next & (LIVE_PAGE_BLOCKS - 1)) == 0))
		live_map_turn_page(m, s, time_ns);
	struct live_page *page = &s->pages[s->page_count - 1];
	uint64_t units = (time_ns - page->base_ns) / 1024;
	page->blocks[s->next & (LIVE_PAGE_BLOCKS - 1)] = (struct live_block){
		.size = size,
		.pool = pool & 0xffff,
		.stack = stack,
		.time_units = units < UINT32_MAX ? (uint32_t)units : UINT32_MAX,
	};
	page->live += stack != LIVE_NONE;
	s->next++;
}

/* Has the record of a block fetched into the cache, for a remove that comes soon: the blocks that
 * are freed lie all over memory, and waiting for them is most of a replay. Not left to the compiler
 * to inline: gcc takes such a function for one without effect and drops the call. */
AT_ALWAYS_INLINE void live_map_prefetch(const struct live_map *m, uint32_t slot, uint64_t counter)
{
	if (slot >= m->slot_count)
		return;
	const struct live_slot *s = &m->slots[slot];
	size_t index = (counter >> LIVE_PAGE_BITS) - s->first_page;
	if (index < s->page_count && s->pages[index].blocks)
		__builtin_prefetch(&s->pages[index].blocks[counter & (LIVE_PAGE_BLOCKS - 1)]);
}

/* Takes a block out. false: it is not live (never made, freed before, or of no interest). */
static inline bool live_map_remove(struct live_map *m, struct live_slot *s, uint64_t counter,
				   struct live_found *found)
{
	size_t index = (counter >> LIVE_PAGE_BITS) - s->first_page;
	if (AT_UNLIKELY(counter >= s->next || index >= s->page_count || !s->pages[index].blocks))
		return live_map_remove_old(s, counter, found);
	struct live_page *page = &s->pages[index];
	struct live_block *block = &page->blocks[counter & (LIVE_PAGE_BLOCKS - 1)];
	if (AT_UNLIKELY(block->stack == LIVE_NONE))
		return false;
	found->size = block->size;
	found->pool = block->pool;
	found->stack = block->stack;
	found->time_ns = page->base_ns + (uint64_t)block->time_units * 1024;
	found->thread = AT_LIKELY(counter >= s->first) ? s->thread : live_map_thread_of(s, counter);
	block->stack = LIVE_NONE;
	if (--page->live < LIVE_PAGE_SPARSE && AT_UNLIKELY(index + 1 != s->page_count))
		live_map_shrink_page(m, s, index);
	return true;
}

#endif
