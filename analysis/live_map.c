/* live_map.c - pages turning, thinning out and going; see live_map.h. */
#include "analysis/live_map.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/hash.h"
#include "util/mem.h"

/* Pages are cut from chunks of the size of a huge page: frees go all over them, and with small
 * pages most of the time of a replay goes into address translation. */
enum {
	CHUNK_BYTES = 2 << 20,
	CHUNK_PAGES = CHUNK_BYTES / (LIVE_PAGE_BLOCKS * sizeof(struct live_block)),
};

struct live_chunk {
	struct live_block pages[CHUNK_PAGES][LIVE_PAGE_BLOCKS];
};

/* key = counter << 16 | upper 16 bits of the time in units of 1024 ns; all ones: empty. */
struct live_entry {
	uint64_t key;
	uint64_t size : 48;
	uint64_t pool : 16;
	uint32_t stack;
	uint32_t time_low;
};

#define EMPTY_KEY UINT64_MAX

/* ---- the hash table of a span ---- */

static size_t sparse_home(const struct live_sparse *t, uint64_t counter)
{
	return hash_u64(counter) >> 20 & (t->room - 1);
}

static void sparse_place(struct live_sparse *t, const struct live_entry *entry)
{
	size_t i = sparse_home(t, entry->key >> 16);
	while (t->entries[i].key != EMPTY_KEY)
		i = (i + 1) & (t->room - 1);
	t->entries[i] = *entry;
	t->count++;
}

static void sparse_resize(struct live_sparse *t, size_t room)
{
	struct live_sparse old = *t;
	*t = (struct live_sparse){ mem_zalloc(room, sizeof(*t->entries)), 0, room };
	memset(t->entries, 0xff, room * sizeof(*t->entries));
	for (size_t i = 0; i < old.room; i++)
		if (old.entries[i].key != EMPTY_KEY)
			sparse_place(t, &old.entries[i]);
	free(old.entries);
}

static void sparse_add(struct live_sparse *t, const struct live_entry *entry)
{
	if (t->count * 4 >= t->room * 3)
		sparse_resize(t, t->room ? t->room * 2 : 16);
	sparse_place(t, entry);
}

/* Closes the gap at i: moves back what would not be found across it any more. */
static void sparse_close_gap(struct live_sparse *t, size_t i)
{
	size_t mask = t->room - 1;
	for (size_t j = (i + 1) & mask; t->entries[j].key != EMPTY_KEY; j = (j + 1) & mask) {
		size_t home = sparse_home(t, t->entries[j].key >> 16);
		if (((j - home) & mask) >= ((j - i) & mask)) {
			t->entries[i] = t->entries[j];
			i = j;
		}
	}
	t->entries[i].key = EMPTY_KEY;
}

static void entry_found(const struct live_entry *e, uint32_t thread, struct live_found *found)
{
	uint64_t units = (e->key & 0xffff) << 32 | e->time_low;
	*found = (struct live_found){ e->size, units * 1024, e->stack, e->pool, thread };
}

static bool sparse_remove(struct live_span *span, uint64_t counter, struct live_found *found)
{
	struct live_sparse *t = &span->sparse;
	if (!t->count)
		return false;
	size_t i = sparse_home(t, counter);
	for (;; i = (i + 1) & (t->room - 1)) {
		if (t->entries[i].key == EMPTY_KEY)
			return false;
		if (t->entries[i].key >> 16 == counter)
			break;
	}
	entry_found(&t->entries[i], span->thread, found);
	sparse_close_gap(t, i);
	t->count--;
	if (t->count * 8 < t->room && t->room > 16)
		sparse_resize(t, t->room / 2);
	return true;
}

/* ---- pages ---- */

static void blocks_put(struct live_map *m, struct live_block *blocks)
{
	memcpy(blocks, &m->spare, sizeof(m->spare));
	m->spare = blocks;
}

static void add_chunk(struct live_map *m)
{
	struct live_chunk *chunk = mem_alloc_aligned(CHUNK_BYTES, CHUNK_BYTES);
	madvise(chunk, CHUNK_BYTES, MADV_HUGEPAGE);
	m->chunks = mem_grow(m->chunks, &m->chunk_cap, m->chunk_count + 1, sizeof(*m->chunks));
	m->chunks[m->chunk_count++] = chunk;
	for (size_t i = CHUNK_PAGES; i-- > 0;)
		blocks_put(m, chunk->pages[i]);
}

static struct live_block *blocks_get(struct live_map *m)
{
	if (!m->spare)
		add_chunk(m);
	struct live_block *blocks = m->spare;
	memcpy(&m->spare, blocks, sizeof(m->spare));
	return blocks;
}

/* The span that holds `counter`; the first span begins at 0. */
static struct live_span *span_of(const struct live_slot *s, uint64_t counter)
{
	size_t low = 0, high = s->span_count;
	while (high - low > 1) {
		size_t mid = low + (high - low) / 2;
		if (s->spans[mid].first <= counter)
			low = mid;
		else
			high = mid;
	}
	return &s->spans[low];
}

uint32_t live_map_thread_of(const struct live_slot *s, uint64_t counter)
{
	return span_of(s, counter)->thread;
}

static void block_found(const struct live_page *page, const struct live_block *block,
			uint32_t thread, struct live_found *found)
{
	*found = (struct live_found){ block->size,
				      page->base_ns + (uint64_t)block->time_units * 1024,
				      block->stack, block->pool, thread };
}

static void thin_out(struct live_slot *s, const struct live_page *page, uint64_t first)
{
	for (size_t i = 0; i < LIVE_PAGE_BLOCKS; i++) {
		const struct live_block *block = &page->blocks[i];
		if (block->stack == LIVE_NONE)
			continue;
		uint64_t units = page->base_ns / 1024 + block->time_units;
		struct live_entry entry = {
			.key = (first + i) << 16 | (units >> 32 & 0xffff),
			.size = block->size,
			.pool = block->pool,
			.stack = block->stack,
			.time_low = (uint32_t)units,
		};
		sparse_add(&span_of(s, first + i)->sparse, &entry);
	}
}

/* A full page with few live blocks: they move to the hash tables, the page goes. */
void live_map_shrink_page(struct live_map *m, struct live_slot *s, size_t index)
{
	struct live_page *page = &s->pages[index];
	if (page->live)
		thin_out(s, page, (s->first_page + index) << LIVE_PAGE_BITS);
	blocks_put(m, page->blocks);
	page->blocks = NULL;
}

/* Only when much is gone: a queue of blocks would otherwise move the array at every page. */
static void trim_pages(struct live_slot *s)
{
	size_t gone = 0;
	while (gone < s->page_count && !s->pages[gone].blocks)
		gone++;
	if (gone < s->page_count / 4 + 1)
		return;
	memmove(s->pages, s->pages + gone, (s->page_count - gone) * sizeof(*s->pages));
	s->page_count -= gone;
	s->first_page += gone;
}

/* The page before is full now: from here on it may be thinned out. */
void live_map_turn_page(struct live_map *m, struct live_slot *s, uint64_t time_ns)
{
	if (s->page_count && s->pages[s->page_count - 1].live < LIVE_PAGE_SPARSE)
		live_map_shrink_page(m, s, s->page_count - 1);
	if (s->page_count == s->page_cap)
		trim_pages(s);
	s->pages = mem_grow(s->pages, &s->page_cap, s->page_count + 1, sizeof(*s->pages));
	s->pages[s->page_count++] =
		(struct live_page){ blocks_get(m), time_ns & ~UINT64_C(1023), 0, 0 };
}

bool live_map_remove_old(struct live_slot *s, uint64_t counter, struct live_found *found)
{
	if (counter >= s->next)
		return false;
	return sparse_remove(span_of(s, counter), counter, found);
}

/* ---- slots and threads ---- */

void live_map_init(struct live_map *m)
{
	*m = (struct live_map){ 0 };
}

static void slot_release(struct live_slot *s)
{
	for (size_t i = 0; i < s->span_count; i++)
		free(s->spans[i].sparse.entries);
	free(s->pages);
	free(s->spans);
}

void live_map_release(struct live_map *m)
{
	for (size_t i = 0; i < m->slot_count; i++)
		slot_release(&m->slots[i]);
	free(m->slots);
	for (size_t i = 0; i < m->chunk_count; i++)
		free(m->chunks[i]);
	free(m->chunks);
	live_map_init(m);
}

void live_map_set_thread(struct live_map *m, uint32_t slot, uint32_t thread)
{
	if (slot >= m->slot_count) {
		m->slots = mem_grow(m->slots, &m->slot_cap, (size_t)slot + 1, sizeof(*m->slots));
		memset(m->slots + m->slot_count, 0, (slot + 1 - m->slot_count) * sizeof(*m->slots));
		m->slot_count = (size_t)slot + 1;
	}
	struct live_slot *s = &m->slots[slot];
	s->spans = mem_grow(s->spans, &s->span_cap, s->span_count + 1, sizeof(*s->spans));
	s->spans[s->span_count++] = (struct live_span){ s->next, thread, { NULL, 0, 0 } };
	s->first = s->next;
	s->thread = thread;
}

static void drain_page(struct live_map *m, struct live_slot *s, size_t index, uint64_t first,
		       uint64_t end, uint32_t thread,
		       void (*visit)(void *ctx, const struct live_found *block), void *ctx)
{
	struct live_page *page = &s->pages[index];
	uint64_t base = (uint64_t)(s->first_page + index) << LIVE_PAGE_BITS;
	uint64_t from = first > base ? first - base : 0;
	uint64_t to = end - base < LIVE_PAGE_BLOCKS ? end - base : LIVE_PAGE_BLOCKS;
	for (uint64_t i = from; i < to; i++) {
		if (page->blocks[i].stack == LIVE_NONE)
			continue;
		struct live_found found;
		block_found(page, &page->blocks[i], thread, &found);
		visit(ctx, &found);
		page->blocks[i].stack = LIVE_NONE;
		page->live--;
	}
	if (index + 1 != s->page_count && page->live < LIVE_PAGE_SPARSE)
		live_map_shrink_page(m, s, index);
}

void live_map_drain(struct live_map *m, uint32_t slot, uint32_t thread, uint64_t first,
		    void (*visit)(void *ctx, const struct live_found *block), void *ctx)
{
	if (slot >= m->slot_count || !m->slots[slot].span_count)
		return;
	struct live_slot *s = &m->slots[slot];
	struct live_span *span = span_of(s, first);
	/* Spans may begin with the same counter: only the last of them made blocks. */
	if (span->thread != thread)
		return;
	uint64_t end = span + 1 < s->spans + s->span_count ? span[1].first : s->next;
	size_t index = first >> LIVE_PAGE_BITS > s->first_page
			       ? (first >> LIVE_PAGE_BITS) - s->first_page
			       : 0;
	for (; index < s->page_count && (s->first_page + index) << LIVE_PAGE_BITS < end; index++)
		if (s->pages[index].blocks)
			drain_page(m, s, index, first, end, thread, visit, ctx);
	for (size_t i = 0; i < span->sparse.room; i++) {
		struct live_found found;
		if (span->sparse.entries[i].key == EMPTY_KEY)
			continue;
		entry_found(&span->sparse.entries[i], thread, &found);
		visit(ctx, &found);
	}
	free(span->sparse.entries);
	span->sparse = (struct live_sparse){ NULL, 0, 0 };
}

size_t live_map_bytes(const struct live_map *m)
{
	size_t bytes = m->slot_cap * sizeof(*m->slots) + m->chunk_count * CHUNK_BYTES;
	for (size_t i = 0; i < m->slot_count; i++) {
		const struct live_slot *s = &m->slots[i];
		bytes += s->page_cap * sizeof(*s->pages) + s->span_cap * sizeof(*s->spans);
		for (size_t k = 0; k < s->span_count; k++)
			bytes += s->spans[k].sparse.room * sizeof(struct live_entry);
	}
	return bytes;
}
