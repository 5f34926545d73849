/* block_table.h - how the block table lies in memory, and what each event does with it.
 *
 * Inside the traced process; for record.c, into whose hooks the two operations go without a call, and
 * for blocks.c, which does what is seldom needed. blocks.h has the idea and everybody's interface. */
#ifndef ALLOCTRACE_LIB_BLOCK_TABLE_H
#define ALLOCTRACE_LIB_BLOCK_TABLE_H

#include <emmintrin.h>

#include "base/atomics.h"
#include "base/compiler.h"
#include "lib/blocks.h"
#include "lib/lock.h"

enum {
	GRANULE_MASK = (1 << BLOCK_GRANULE_BITS) - 1,
	WINDOW_BEFORE_HOME = 3,
};

typedef uint64_t __attribute__((may_alias)) page_word_bits;

/* The arrays of a page, as found from its word. */
struct table {
	uint16_t *tags; /* position + 1, or BLOCK_TAG_EMPTY */
	struct block *records;
	struct block_shape shape;
};

extern AT_HIDDEN struct page_word *block_roots[BLOCK_SPACES][1 << BLOCK_ROOT_BITS];

/* What is behind an empty entry of block_roots: NULL if there is no memory. */
struct page_word *block_make_leaf(struct page_word **root);
/* A place for a block of this size that has none, in larger arrays than the page has if it has to be;
 * NULL if there is no memory. */
struct block *block_make_place(struct page_word *page, unsigned position, uint64_t size);

/* Word by word: what has just been written so could not be loaded as anything larger before it has
 * reached the cache, and a block is often freed soon. */
static inline void block_copy(struct block *to, const struct block *from)
{
	at_store_relaxed(&to->meta, at_load_relaxed(&from->meta));
	at_store_relaxed(&to->place, at_load_relaxed(&from->place));
	at_store_relaxed(&to->name, at_load_relaxed(&from->name));
}

static inline struct table table_at(void *memory, unsigned class)
{
	const struct block_shape *shape = &block_shapes[class];
	uint16_t *tags = memory;
	return (struct table){ tags, (struct block *)(tags + shape->tags), *shape };
}

static inline struct table page_table(const struct page_word *page)
{
	uint64_t word = at_load_relaxed((const page_word_bits *)page);
	return table_at((void *)(word >> 16), word >> 8 & 0xff);
}

static inline unsigned position_of(uintptr_t address)
{
	return (address >> BLOCK_GRANULE_BITS) & ((1u << BLOCK_POSITION_BITS) - 1);
}

static inline struct page_word *find_page(enum block_space space, uintptr_t address, bool make)
{
	uintptr_t root_index = address >> (BLOCK_PAGE_BITS + BLOCK_LEAF_BITS);
	if (AT_UNLIKELY(root_index >> BLOCK_ROOT_BITS))
		return NULL;
	struct page_word **root = &block_roots[space][root_index];
	struct page_word *leaf = at_load_acquire(root);
	if (AT_UNLIKELY(!leaf)) {
		if (!make || !(leaf = block_make_leaf(root)))
			return NULL;
	}
	return &leaf[address >> BLOCK_PAGE_BITS & ((1u << BLOCK_LEAF_BITS) - 1)];
}

/* Keeps the order of positions, so that blocks of one size collide with nobody. */
static inline unsigned home_of(unsigned position, unsigned capacity)
{
	return position * capacity >> BLOCK_POSITION_BITS;
}

/* First tag of the window around home. */
static inline unsigned window_start(const struct table *t, unsigned home)
{
	unsigned start = home < WINDOW_BEFORE_HOME ? 0 : home - WINDOW_BEFORE_HOME;
	return start < t->shape.last_window ? start : t->shape.last_window;
}

/* Two bits for each tag of the window that equals `tag`. */
static inline unsigned compare_window(const struct table *t, unsigned start, unsigned tag)
{
	__m128i tags = _mm_loadu_si128((const __m128i *)(t->tags + start));
	return (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi16(tags, _mm_set1_epi16((short)tag)));
}

/* The record of position, or NULL. */
static inline struct block *lookup(const struct table *t, unsigned position)
{
	unsigned start = window_start(t, home_of(position, t->shape.capacity));
	unsigned equal = compare_window(t, start, position + 1);
	return AT_LIKELY(equal) ? &t->records[start + (unsigned)__builtin_ctz(equal) / 2] : NULL;
}

/* blocks_insert(). */
AT_ALWAYS_INLINE bool block_table_insert(enum block_space space, uintptr_t address,
					 const struct block *block)
{
	struct page_word *page = find_page(space, address, true);
	if (AT_UNLIKELY(!page))
		return false;
	unsigned position = position_of(address);
	struct block *r = NULL;
	lock_acquire(&page->lock);
	if (AT_LIKELY(page->class)) {
		struct table t = page_table(page);
		r = lookup(&t, position);
	}
	if (AT_UNLIKELY(!r))
		r = block_make_place(page, position, block_size(block));
	if (AT_LIKELY(r != NULL))
		block_copy(r, block);
	lock_release(&page->lock);
	return r != NULL;
}

/* blocks_remove(). */
AT_ALWAYS_INLINE enum block_state block_table_remove(enum block_space space, uintptr_t address,
						      uint32_t site, uint32_t freeing_slot,
						      struct block *out)
{
	struct page_word *page = find_page(space, address, false);
	enum block_state state = BLOCK_UNKNOWN;
	if (AT_UNLIKELY(!page || !at_load_relaxed(&page->class) ||
			(space == BLOCK_SPACE_HEAP && address & GRANULE_MASK)))
		return state;
	lock_acquire(&page->lock);
	struct table t = page_table(page);
	struct block *r = lookup(&t, position_of(address));
	if (AT_LIKELY(r != NULL)) {
		block_copy(out, r);
		state = block_state(out);
		if (AT_LIKELY(block_is_live(state))) {
			r->meta = (out->meta & ~(uint64_t)BLOCK_STATE_MASK) | BLOCK_FREED;
			r->name = out->name >> 48 << 48 | (uint64_t)freeing_slot << 32 | site;
		}
	}
	lock_release(&page->lock);
	return state;
}

#endif
