/* blocks.c - see blocks.h. */
#include "lib/blocks.h"

#include "lib/block_table.h"
#include "lib/slab.h"
#include "lib/sys.h"

enum { LAST_CLASS = BLOCK_CLASSES - 1 };

struct page_word *block_roots[BLOCK_SPACES][1 << BLOCK_ROOT_BITS];

const void *blocks_memory(void)
{
	return block_roots;
}

_Static_assert((int)LAST_CLASS < (int)SLAB_CLASSES, "a slab class for each capacity");

/* In one store: whoever is interrupted before or after it and never comes back (a signal handler
 * that ends in longjmp) leaves a page that is whole. */
static void page_set_table(struct page_word *page, const void *memory, unsigned class)
{
	struct page_word fresh = { .lock = at_load_relaxed(&page->lock),
				   .class = (uint8_t) class,
				   .address_low = (uint16_t)(uintptr_t)memory,
				   .address_high = (uint32_t)((uintptr_t)memory >> 16) };
	uint64_t word;
	__builtin_memcpy(&word, &fresh, sizeof(word));
	at_store_relaxed((page_word_bits *)page, word);
}

AT_COLD struct page_word *block_make_leaf(struct page_word **root)
{
	size_t bytes = sizeof(struct page_word) << BLOCK_LEAF_BITS;
	struct page_word *leaf = sys_map_anonymous(bytes);
	struct page_word *expected = NULL;
	if (leaf && !at_cas_acq_rel(root, &expected, leaf)) {
		sys_unmap(leaf, bytes);
		leaf = expected;
	}
	return leaf;
}

/* A place for a position that has none: its home, else an empty one near it, else that of a freed
 * block; tagged with the position. NULL: the table has to grow. At the largest capacity every
 * position has a home of its own. */
static struct block *claim(const struct table *t, unsigned position)
{
	unsigned home = home_of(position, t->shape.capacity), start = window_start(t, home);
	unsigned empty = compare_window(t, start, BLOCK_TAG_EMPTY), i;
	if (t->tags[home] == BLOCK_TAG_EMPTY) {
		i = home;
	} else if (empty) {
		i = start + (unsigned)__builtin_ctz(empty) / 2;
	} else {
		unsigned end = start + BLOCK_WINDOW < t->shape.capacity ? start + BLOCK_WINDOW
									: t->shape.capacity;
		for (i = start; i < end && block_state(&t->records[i]) != BLOCK_FREED; i++)
			;
		if (i == end)
			return NULL;
	}
	t->tags[i] = (uint16_t)(position + 1);
	return &t->records[i];
}

static void *make_arrays(unsigned class)
{
	unsigned capacity = block_shapes[class].capacity, tags = block_shapes[class].tags;
	uint16_t *memory =
		slab_take(class, tags * sizeof(uint16_t) + capacity * sizeof(struct block));
	for (unsigned i = capacity; memory && i < tags; i++)
		memory[i] = BLOCK_TAG_NEVER;
	return memory;
}

/* Freed blocks' records are left behind: they have had their time. */
static bool move_live(const struct table *to, const struct table *from)
{
	for (unsigned i = 0; i < from->shape.capacity; i++) {
		if (!block_is_live(block_state(&from->records[i])))
			continue;
		struct block *r = claim(to, from->tags[i] - 1u);
		if (!r)
			return false;
		*r = from->records[i];
	}
	return true;
}

/* Gives the page arrays of the next class that holds all its live records. */
static AT_COLD bool grow(struct page_word *page, unsigned first_class)
{
	struct table old = page_table(page);
	for (unsigned class = first_class; class <= LAST_CLASS; class ++) {
		void *memory = make_arrays(class);
		if (!memory)
			return false;
		struct table fresh = table_at(memory, class);
		if (!page->class || move_live(&fresh, &old)) {
			unsigned old_class = page->class;
			page_set_table(page, memory, class);
			at_signal_fence();
			if (old_class)
				slab_give(old_class, old.tags);
			return true;
		}
		slab_give(class, memory);
	}
	return false;
}

/* For a page that gets its first block: as many records as it would hold of that size, less a
 * third, so that a page of mixed sizes is not given too many. */
static unsigned first_class_for(uint64_t size)
{
	uint64_t spacing = size < 16 ? 32 : size + 16;
	unsigned expected = spacing > 2048 ? 1 : (unsigned)(2 * 4096 / spacing / 3);
	unsigned class = 1;
	while (class < LAST_CLASS && block_shapes[class].capacity < expected)
		class ++;
	return class;
}

AT_NOINLINE struct block *block_make_place(struct page_word *page, unsigned position, uint64_t size)
{
	for (;;) {
		struct table t = page_table(page);
		struct block *r = page->class ? claim(&t, position) : NULL;
		if (r || !grow(page, page->class ? page->class + 1u : first_class_for(size)))
			return r;
	}
}

bool blocks_insert(enum block_space space, uintptr_t address, const struct block *block)
{
	return block_table_insert(space, address, block);
}

enum block_state blocks_remove(enum block_space space, uintptr_t address, uint32_t site,
			       uint32_t freeing_slot, struct block *out)
{
	return block_table_remove(space, address, site, freeing_slot, out);
}

void blocks_forget_freed(enum block_space space, uintptr_t address)
{
	struct page_word *page = find_page(space, address, false);
	if (!page || !at_load_relaxed(&page->class))
		return;
	lock_acquire(&page->lock);
	struct table t = page_table(page);
	struct block *r = lookup(&t, position_of(address));
	if (r && block_state(r) == BLOCK_FREED) {
		r->meta = BLOCK_UNKNOWN;
		t.tags[r - t.records] = BLOCK_TAG_EMPTY;
	}
	lock_release(&page->lock);
}

void blocks_ignore(enum block_space space, uintptr_t address)
{
	struct page_word *page = find_page(space, address, false);
	if (!page || !at_load_relaxed(&page->class) || address & GRANULE_MASK)
		return;
	lock_acquire(&page->lock);
	struct table t = page_table(page);
	struct block *r = lookup(&t, position_of(address));
	if (r && block_is_live(block_state(r)))
		r->meta |= BLOCK_IGNORED;
	lock_release(&page->lock);
}

static inline enum block_state look(enum block_space space, uintptr_t address, bool only_live,
				    struct block *out)
{
	struct page_word *page = find_page(space, address, false);
	enum block_state state = BLOCK_UNKNOWN;
	if (!page || !at_load_relaxed(&page->class) ||
	    (space == BLOCK_SPACE_HEAP && address & GRANULE_MASK))
		return BLOCK_UNKNOWN;
	lock_acquire(&page->lock);
	struct table t = page_table(page);
	const struct block *r = lookup(&t, position_of(address));
	if (r && (!only_live || block_is_live(block_state(r)))) {
		*out = *r;
		state = block_state(r);
	}
	lock_release(&page->lock);
	return state;
}

enum block_state blocks_look(enum block_space space, uintptr_t address, struct block *out)
{
	return look(space, address, false, out);
}

bool blocks_find(enum block_space space, uintptr_t address, struct block *out)
{
	return look(space, address, true, out) != BLOCK_UNKNOWN;
}

/* The last live block of the page that starts at or before `position`: its position, or -1. */
static int last_live(struct page_word *page, unsigned position, struct block *out)
{
	int best = -1;
	lock_acquire(&page->lock);
	struct table t = page_table(page);
	for (unsigned i = 0; i < t.shape.capacity; i++) {
		int at = t.tags[i] - 1;
		if (at > best && at <= (int)position && block_is_live(block_state(&t.records[i]))) {
			best = at;
			*out = t.records[i];
		}
	}
	lock_release(&page->lock);
	return best;
}

uintptr_t blocks_find_around(enum block_space space, uintptr_t address, struct block *out)
{
	const uintptr_t page_bytes = (uintptr_t)1 << BLOCK_PAGE_BITS;
	const uintptr_t leaf_bytes = page_bytes << BLOCK_LEAF_BITS;
	uintptr_t at = address;
	unsigned position = position_of(address);
	while (address - at < BLOCKS_SEARCH_BYTES) {
		struct page_word *page = find_page(space, at, false);
		if (page && at_load_relaxed(&page->class)) {
			int found = last_live(page, position, out);
			uintptr_t start =
				(at & ~(page_bytes - 1)) + ((uintptr_t)found << BLOCK_GRANULE_BITS);
			if (found >= 0)
				return address - start < block_size(out) ? start : 0;
		}
		uintptr_t step = page ? page_bytes : leaf_bytes;
		if (at < step)
			break;
		at = (at & ~(step - 1)) - 1; /* the end of the one before */
		position = (1u << BLOCK_POSITION_BITS) - 1;
	}
	return 0;
}

/* What a page has for an address at or behind it: a live block with the address inside rather than a
 * freed one. */
struct peek {
	uintptr_t start; /* 0: none */
	bool live_before; /* some live block starts there, at or before the address */
	struct block block;
};

static struct peek peek_page(const struct page_word *page, uintptr_t base, uintptr_t address)
{
	struct table t = page_table(page);
	struct peek p = { 0, false, { 0, 0, 0 } };
	bool found_live = false;
	for (unsigned i = 0; i < t.shape.capacity; i++) {
		struct block b = t.records[i];
		enum block_state state = block_state(&b);
		uintptr_t start = base + ((uintptr_t)(t.tags[i] - 1u) << BLOCK_GRANULE_BITS);
		if (t.tags[i] == BLOCK_TAG_EMPTY || start > address || state == BLOCK_UNKNOWN)
			continue;
		bool live = block_is_live(state), inside = address - start < block_size(&b);
		p.live_before |= live;
		if (!(inside || address == start) || (found_live && !live))
			continue;
		if (start < p.start && live == found_live)
			continue;
		p.start = start;
		p.block = b;
		found_live = live;
	}
	return p;
}

uintptr_t blocks_peek_around(uintptr_t address, uint64_t most, struct block *out)
{
	const uintptr_t page_bytes = (uintptr_t)1 << BLOCK_PAGE_BITS;
	const uintptr_t leaf_bytes = page_bytes << BLOCK_LEAF_BITS;
	uintptr_t at = address, freed = 0;
	while (address - at <= most) {
		const struct page_word *page = find_page(BLOCK_SPACE_HEAP, at, false);
		struct peek p = { 0, false, { 0, 0, 0 } };
		if (page && at_load_relaxed(&page->class))
			p = peek_page(page, at & ~(page_bytes - 1), address);
		if (p.start && (block_is_live(block_state(&p.block)) || !freed)) {
			*out = p.block;
			if (block_is_live(block_state(&p.block)))
				return p.start;
			freed = p.start;
		}
		uintptr_t step = page ? page_bytes : leaf_bytes;
		if (p.live_before || at < step)
			break;
		at = (at & ~(step - 1)) - 1; /* the end of the one before */
	}
	return freed;
}

/* The first live block of the page that starts at `position` or after it: its position, or -1. */
static int first_live(struct page_word *page, unsigned position, struct block *out)
{
	int best = -1;
	lock_acquire(&page->lock);
	struct table t = page_table(page);
	for (unsigned i = 0; i < t.shape.capacity; i++) {
		int at = t.tags[i] - 1;
		if (at < (int)position || (best >= 0 && at > best) ||
		    !block_is_live(block_state(&t.records[i])))
			continue;
		best = at;
		*out = t.records[i];
	}
	lock_release(&page->lock);
	return best;
}

uintptr_t blocks_find_from(enum block_space space, uintptr_t from, uintptr_t end, struct block *out)
{
	const uintptr_t page_bytes = (uintptr_t)1 << BLOCK_PAGE_BITS,
			leaf_bytes = page_bytes << BLOCK_LEAF_BITS;
	from = (from + GRANULE_MASK) & ~(uintptr_t)GRANULE_MASK;
	while (from < end) {
		struct page_word *page = find_page(space, from, false);
		if (!page) {
			from = (from | (leaf_bytes - 1)) + 1;
			continue;
		}
		int position = at_load_relaxed(&page->class) ? first_live(page, position_of(from), out) : -1;
		uintptr_t start =
			(from & ~(page_bytes - 1)) + ((uintptr_t)position << BLOCK_GRANULE_BITS);
		if (position >= 0)
			return start < end ? start : 0;
		from = (from | (page_bytes - 1)) + 1;
	}
	return 0;
}
