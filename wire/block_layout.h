/* block_layout.h - the block table as it lies in the memory of a traced process: the runtime keeps
 * it, and the tool reads it when it looks for leaks.
 *
 * Keyed by address. Each 4 KB page of address space in which blocks start has a small array of
 * records; a directory of two levels finds it:
 *
 *   address  47          30|29        12|11       3|2 0|
 *             root index     leaf index   position
 *   root[2^17] -> leaf[2^18] of page words -> tag[capacity], record[capacity]
 *
 * lib/blocks.h tells why it is so. All of it is anonymous memory of the process; session_process
 * tells where the roots are. */
#ifndef ALLOCTRACE_WIRE_BLOCK_LAYOUT_H
#define ALLOCTRACE_WIRE_BLOCK_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

/* A block as the table keeps it. Make and read it with the functions below.
 *
 *  meta   63 made 40|39 allocator 24|23 ignored|22 slot 8|7 role 2|1 state 0|
 *  place  63           size (low)          32|31     stack         0|
 *  name   63  size (high) 48|47              counter               0|
 *         a freed block: 63 size (high) 48|47 freeing slot 32|31 site 0| */
struct block {
	uint64_t meta;
	uint64_t place;
	uint64_t name;
};

_Static_assert(sizeof(struct block) == 24, "counts in the memory that each block costs");

enum block_state {
	BLOCK_UNKNOWN = 0,
	BLOCK_LIVE = 1,
	BLOCK_FREED = 2,
	BLOCK_UNRECORDED = 3, /* live, but not in the trace; it has no counter */
	BLOCK_STATE_MASK = 3,
};

/* Of `meta`: the program said that the block is no leak. */
#define BLOCK_IGNORED	   (UINT64_C(1) << 23)
#define BLOCK_IGNORED_SLOT (1u << 15) /* the same, beside a slot that block_make() is given */

/* The time in a block's record: the time-stamp counter without its low bits, about 20 ms, modulo
 * some 90 hours. */
enum { BLOCK_TIME_SHIFT = 26, BLOCK_TIME_BITS = 24 };

/* (slot, counter) is the block's name in events; allocator 0 is the program's heap, others are
 * pools; stack is a node; made is a time as above. */
static inline struct block block_make(unsigned role, uint32_t slot, uint32_t allocator,
				      uint32_t made, uint32_t stack, uint64_t size,
				      uint64_t counter)
{
	return (struct block){
		.meta = BLOCK_LIVE | (uint64_t)role << 2 | (uint64_t)slot << 8 |
			(uint64_t)allocator << 24 | (uint64_t)made << 40,
		.place = size << 32 | stack,
		.name = size >> 32 << 48 | counter,
	};
}

static inline enum block_state block_state(const struct block *b)
{
	return (enum block_state)(b->meta & BLOCK_STATE_MASK);
}

/* Recorded or not. */
static inline bool block_is_live(enum block_state state)
{
	return state & BLOCK_LIVE;
}

static inline struct block block_unrecorded(struct block b)
{
	b.meta |= BLOCK_UNRECORDED;
	b.name = b.name >> 48 << 48;
	return b;
}

static inline unsigned block_role(const struct block *b)
{
	return b->meta >> 2 & 63;
}

static inline uint32_t block_slot(const struct block *b)
{
	return b->meta >> 8 & 0x7fff;
}

static inline bool block_is_ignored(const struct block *b)
{
	return b->meta & BLOCK_IGNORED;
}

static inline uint32_t block_allocator(const struct block *b)
{
	return b->meta >> 24 & 0xffff;
}

static inline uint32_t block_made(const struct block *b)
{
	return (uint32_t)(b->meta >> 40);
}

static inline uint32_t block_stack(const struct block *b)
{
	return (uint32_t)b->place;
}

/* Bytes; exact below 2^48. */
static inline uint64_t block_size(const struct block *b)
{
	return b->place >> 32 | b->name >> 48 << 32;
}

/* Of a freed block: who freed it. */
static inline uint32_t block_freeing_slot(const struct block *b)
{
	return b->name >> 32 & 0xffff;
}

static inline uint32_t block_freeing_site(const struct block *b)
{
	return (uint32_t)b->name;
}

/* Of a live block. */
static inline uint64_t block_counter(const struct block *b)
{
	return b->name & ((UINT64_C(1) << 48) - 1);
}

enum block_space {
	BLOCK_SPACE_HEAP = 0,
	BLOCK_SPACE_POOL = 1, /* blocks of alloctrace.h pools lie inside heap blocks */
	BLOCK_SPACES
};

enum {
	BLOCK_PAGE_BITS = 12,
	BLOCK_GRANULE_BITS = 3, /* jemalloc's smallest class is 8 bytes */
	BLOCK_POSITION_BITS = BLOCK_PAGE_BITS - BLOCK_GRANULE_BITS, /* of a granule in its page */
	BLOCK_LEAF_BITS = 18,
	BLOCK_ROOT_BITS = 47 - BLOCK_PAGE_BITS - BLOCK_LEAF_BITS,
	BLOCK_WINDOW = 8,    /* tags that are compared at once */
	BLOCK_TAG_EMPTY = 0, /* else a position + 1, */
	BLOCK_TAG_NEVER =
		0xffff, /* or what fills the window of arrays with fewer records than it is wide */
};

/* One per 4 KB page of address space:
 *   63     address of the tags     16|15 class 8|7 lock 0|
 * The class indexes block_shapes; 0 means no records yet. A page whose lock is not 0 is being
 * changed. */
struct page_word {
	uint8_t lock;
	uint8_t class;
	uint16_t address_low;
	uint32_t address_high;
};

_Static_assert(sizeof(struct page_word) == 8, "one word a page");

/* What the class of a page word says about its arrays: tags (uint16_t), and behind them the
 * records. */
struct block_shape {
	uint16_t capacity;    /* records */
	uint16_t tags;	      /* a multiple of 4, so that the records behind are aligned */
	uint16_t last_window; /* where a window of tags begins at the latest */
};

#define BLOCK_TAGS(records) ((records) <= BLOCK_WINDOW ? BLOCK_WINDOW : ((records) + 3) & ~3)
#define BLOCK_SHAPE(records)                                                                       \
	{                                                                                          \
		(records), BLOCK_TAGS(records), BLOCK_TAGS(records) - BLOCK_WINDOW                 \
	}

/* clang-format off */
static const struct block_shape block_shapes[] = {
	BLOCK_SHAPE(0),   BLOCK_SHAPE(1),	BLOCK_SHAPE(2),   BLOCK_SHAPE(3),	BLOCK_SHAPE(4),   BLOCK_SHAPE(6),	BLOCK_SHAPE(8),
	BLOCK_SHAPE(10),  BLOCK_SHAPE(12),	BLOCK_SHAPE(14),  BLOCK_SHAPE(16),	BLOCK_SHAPE(20),  BLOCK_SHAPE(24),	BLOCK_SHAPE(28),
	BLOCK_SHAPE(32),  BLOCK_SHAPE(36),	BLOCK_SHAPE(40),  BLOCK_SHAPE(48),	BLOCK_SHAPE(56),  BLOCK_SHAPE(64),	BLOCK_SHAPE(72),
	BLOCK_SHAPE(80),  BLOCK_SHAPE(96),	BLOCK_SHAPE(112), BLOCK_SHAPE(128), BLOCK_SHAPE(144), BLOCK_SHAPE(160), BLOCK_SHAPE(192),
	BLOCK_SHAPE(224), BLOCK_SHAPE(256), BLOCK_SHAPE(320), BLOCK_SHAPE(384), BLOCK_SHAPE(448), BLOCK_SHAPE(512),
};
/* clang-format on */

enum { BLOCK_CLASSES = sizeof(block_shapes) / sizeof(block_shapes[0]) };

#undef BLOCK_SHAPE
#undef BLOCK_TAGS

#endif
