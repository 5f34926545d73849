/* blocks.c - see blocks.h. */
#include "lib/blocks.h"

#include "base/atomics.h"
#include "base/compiler.h"
#include "lib/lock.h"
#include "lib/slab.h"
#include "lib/sys.h"

enum {
	PAGE_BITS = 12,
	GRANULE_BITS = 3,                         /* jemalloc's smallest class is 8 bytes */
	POSITION_BITS = PAGE_BITS - GRANULE_BITS, /* of a granule in its page */
	LEAF_BITS = 18,
	ROOT_BITS = 47 - PAGE_BITS - LEAF_BITS,
	PROBES_MAX = 16,
};

/*  meta   63 reserved 52|51 allocator 36|35 slot 20|19 unused 17|16 role 11|10 state 9|8 position 0|
 *  place  63           size (low)          32|31               stack                            0|
 *  name   63  size (high) 48|47      counter                                                    0|
 *         a freed block: 63 size (high) 48|47 freeing slot 32|31 site 0|
 * Written under the page's lock. */
struct record {
	uint64_t meta;
	uint64_t place;
	uint64_t name;
};

_Static_assert(sizeof(struct record) == 24, "counts in the memory that each block costs");

enum record_state { RECORD_EMPTY = 0, RECORD_LIVE = 1, RECORD_FREED = 2 };

/* One per 4 KB page of address space:
 *   63     address of the records      16|15 class 8|7 lock 0|
 * The class indexes `capacities`; 0 means no records yet. */
struct page_word {
	uint8_t lock;
	uint8_t class;
	uint16_t address_low;
	uint32_t address_high;
};

_Static_assert(sizeof(struct page_word) == 8, "one word a page");

static const uint16_t capacities[] = { 0,  2,  3,  4,  6,   8,   10,  12,  16,  20,  24,  28,  32, 40,
				       48, 56, 64, 80, 96,  112, 128, 160, 192, 224, 256, 320, 384, 512 };

enum { LAST_CLASS = AT_COUNT_OF(capacities) - 1 };

static struct page_word *roots[BLOCK_SPACES][1 << ROOT_BITS];

static struct record *page_records(const struct page_word *page)
{
	return (struct record *)((uintptr_t)page->address_high << 16 | page->address_low);
}

static void page_set_records(struct page_word *page, struct record *records, unsigned class)
{
	page->address_low = (uint16_t)(uintptr_t)records;
	page->address_high = (uint32_t)((uintptr_t)records >> 16);
	page->class = (uint8_t)class;
}

static unsigned position_of(uintptr_t address)
{
	return (address >> GRANULE_BITS) & ((1u << POSITION_BITS) - 1);
}

static unsigned record_position(const struct record *r)
{
	return r->meta & ((1u << POSITION_BITS) - 1);
}

static enum record_state record_state(const struct record *r)
{
	return (enum record_state)(r->meta >> 9 & 3);
}

static void record_fill(struct record *r, unsigned position, const struct block *b)
{
	r->place = b->size << 32 | b->stack;
	r->name = (b->size >> 32) << 48 | b->counter;
	r->meta = position | (uint64_t)RECORD_LIVE << 9 | (uint64_t)b->role << 11 |
		  (uint64_t)b->slot << 20 | (uint64_t)b->allocator << 36;
}

static void record_read(const struct record *r, struct block *out)
{
	out->size = r->place >> 32 | (r->name >> 48) << 32;
	out->counter = r->name & ((UINT64_C(1) << 48) - 1);
	out->stack = (uint32_t)r->place;
	out->slot = r->meta >> 20 & 0xffff;
	out->allocator = r->meta >> 36 & 0xffff;
	out->role = r->meta >> 11 & 63;
}

static AT_COLD struct page_word *make_leaf(struct page_word **root)
{
	size_t bytes = sizeof(struct page_word) << LEAF_BITS;
	struct page_word *leaf = sys_map_anonymous(bytes);
	struct page_word *expected = NULL;
	if (leaf && !at_cas_acq_rel(root, &expected, leaf)) {
		sys_call2(SYS_munmap, leaf, bytes);
		leaf = expected;
	}
	return leaf;
}

static inline struct page_word *find_page(enum block_space space, uintptr_t address, bool make)
{
	uintptr_t root_index = address >> (PAGE_BITS + LEAF_BITS);
	if (AT_UNLIKELY(root_index >> ROOT_BITS))
		return NULL;
	struct page_word **root = &roots[space][root_index];
	struct page_word *leaf = at_load_acquire(root);
	if (AT_UNLIKELY(!leaf)) {
		if (!make || !(leaf = make_leaf(root)))
			return NULL;
	}
	return &leaf[address >> PAGE_BITS & ((1u << LEAF_BITS) - 1)];
}

/* Keeps the order of positions, so that blocks of one size collide with nobody. */
static inline unsigned home_of(unsigned position, unsigned capacity)
{
	return position * capacity >> POSITION_BITS;
}

/* The record of position, or NULL. Records are never emptied, so an empty one ends the search. */
static inline struct record *lookup(const struct page_word *page, unsigned position)
{
	unsigned capacity = capacities[page->class];
	struct record *records = page_records(page);
	unsigned i = home_of(position, capacity);
	for (unsigned n = capacity < PROBES_MAX ? capacity : PROBES_MAX; n > 0; n--) {
		struct record *r = &records[i];
		if (record_position(r) == position && record_state(r) != RECORD_EMPTY)
			return r;
		if (record_state(r) == RECORD_EMPTY)
			return NULL;
		if (++i == capacity)
			i = 0;
	}
	return NULL;
}

/* A place for position: its own record, else an empty one, else the first freed one; NULL when
 * the records have to grow. */
static inline struct record *place_for(const struct page_word *page, unsigned position)
{
	unsigned capacity = capacities[page->class];
	struct record *records = page_records(page);
	struct record *freed = NULL;
	unsigned i = home_of(position, capacity);
	for (unsigned n = capacity < PROBES_MAX ? capacity : PROBES_MAX; n > 0; n--) {
		struct record *r = &records[i];
		if (record_state(r) == RECORD_EMPTY || record_position(r) == position)
			return r;
		if (!freed && record_state(r) == RECORD_FREED)
			freed = r;
		if (++i == capacity)
			i = 0;
	}
	return freed;
}

static bool move_records(struct page_word *to, const struct page_word *from)
{
	const struct record *old = page_records(from);
	for (unsigned i = 0; i < capacities[from->class]; i++) {
		if (record_state(&old[i]) != RECORD_LIVE)
			continue; /* freed ones have had their time */
		struct record *r = place_for(to, record_position(&old[i]));
		if (!r)
			return false;
		*r = old[i];
	}
	return true;
}

/* The next class that holds all live records; the whole table can't fail to at the last. */
static AT_COLD bool grow(struct page_word *page, unsigned first_class)
{
	for (unsigned class = first_class; class <= LAST_CLASS; class++) {
		size_t bytes = capacities[class] * sizeof(struct record);
		struct record *fresh = slab_take(class, bytes);
		if (!fresh)
			return false;
		struct page_word next = *page;
		page_set_records(&next, fresh, class);
		if (!page->class || move_records(&next, page)) {
			if (page->class)
				slab_give(page->class, page_records(page));
			page_set_records(page, fresh, class);
			return true;
		}
		slab_give(class, fresh);
	}
	return false;
}

/* For a page that gets its first block: as many records as it would hold of that size, less a
 * third, so that a page of mixed sizes is not given too many. */
static unsigned first_class_for(uint64_t size)
{
	uint64_t spacing = size < 16 ? 32 : size + 16;
	unsigned expected = spacing > 2048 ? 2 : (unsigned)(2 * 4096 / spacing / 3);
	unsigned class = 1;
	while (class < LAST_CLASS && capacities[class] < expected)
		class++;
	return class;
}

bool blocks_insert(enum block_space space, uintptr_t address, const struct block *block)
{
	struct page_word *page = find_page(space, address, true);
	if (AT_UNLIKELY(!page))
		return false;
	unsigned position = position_of(address);
	lock_acquire(&page->lock);
	struct record *r = AT_LIKELY(page->class) ? place_for(page, position) : NULL;
	while (AT_UNLIKELY(!r)) {
		if (!grow(page, page->class ? page->class + 1u : first_class_for(block->size)))
			break;
		r = place_for(page, position);
	}
	if (AT_LIKELY(r != NULL))
		record_fill(r, position, block);
	lock_release(&page->lock);
	return r != NULL;
}

enum block_found blocks_remove(enum block_space space, uintptr_t address, uint32_t site,
			       uint32_t freeing_slot, struct block *out)
{
	struct page_word *page = find_page(space, address, false);
	if (AT_UNLIKELY(!page || !at_load_relaxed(&page->class)))
		return BLOCK_UNKNOWN;
	enum block_found found = BLOCK_UNKNOWN;
	lock_acquire(&page->lock);
	struct record *r = lookup(page, position_of(address));
	if (AT_LIKELY(r != NULL)) {
		found = record_state(r) == RECORD_LIVE ? BLOCK_LIVE : BLOCK_FREED;
		record_read(r, out);
		if (found == BLOCK_LIVE) {
			r->meta ^= (uint64_t)(RECORD_LIVE ^ RECORD_FREED) << 9;
			r->name = (r->name >> 48) << 48 | (uint64_t)freeing_slot << 32 | site;
		}
	}
	lock_release(&page->lock);
	return found;
}

enum block_found blocks_find(enum block_space space, uintptr_t address, struct freed_block *out)
{
	struct page_word *page = find_page(space, address, false);
	if (!page || !at_load_relaxed(&page->class))
		return BLOCK_UNKNOWN;
	enum block_found found = BLOCK_UNKNOWN;
	lock_acquire(&page->lock);
	struct record *r = lookup(page, position_of(address));
	if (r) {
		found = record_state(r) == RECORD_LIVE ? BLOCK_LIVE : BLOCK_FREED;
		record_read(r, &out->block);
		out->site = (uint32_t)r->name;
		out->slot = r->name >> 32 & 0xffff;
		if (found == BLOCK_FREED)
			out->block.counter = 0;
	}
	lock_release(&page->lock);
	return found;
}

size_t blocks_memory_bytes(void)
{
	return slab_bytes();
}
