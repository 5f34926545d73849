/* blocks.h - the block table: which block starts at this address, who made it, how, from where.
 *
 * Inside the traced process; called from hooks. Keyed by address. Each 4 KB page of address
 * space in which blocks start has a small array of records; a directory of two levels finds it:
 *
 *   address  47          30|29        12|11       3|2 0|
 *             root index     leaf index   position
 *   root[2^17] -> leaf[2^18] of page words -> tag[capacity], record[capacity]
 *
 * A record has its place near position * capacity / 512, so blocks that are near each other in
 * memory are so in the table, which a hash over the whole heap would lose. Its tag says which
 * position it is for; eight tags are compared at once. A block costs 26 bytes and arrays fill to
 * 60-90%, against 32 or more bytes in a table by address/16 for small blocks and thousands for
 * large ones.
 *
 * The record of a freed block stays until its address is used again or its place is needed.
 * A page word has a lock, held for some tens of instructions (see lock.h for why that is safe
 * under fork and signals). One thread owns an address at a time unless the program is wrong, so
 * locks are practically uncontended. */
#ifndef ALLOCTRACE_LIB_BLOCKS_H
#define ALLOCTRACE_LIB_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

/* A block as the table keeps it. Make and read it with the functions below.
 *
 *  meta   63 made 40|39 allocator 24|23 slot 8|7 role 2|1 state 0|
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
	return b->meta >> 8 & 0xffff;
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

/* Records a live block at address. Returns false when there is no memory for the record. */
bool blocks_insert(enum block_space space, uintptr_t address, const struct block *block);

/* If a live block starts at address, recorded or not: turns it into a freed one and tells what it
 * was. Otherwise tells what is known, or BLOCK_UNKNOWN. */
enum block_state blocks_remove(enum block_space space, uintptr_t address, uint32_t site,
			       uint32_t freeing_slot, struct block *out);

/* The address was given out again without the table's knowledge: that it was freed is no longer
 * true. */
void blocks_forget_freed(enum block_space space, uintptr_t address);

/* What is known of the address, as blocks_remove() tells it; nothing changes. */
enum block_state blocks_look(enum block_space space, uintptr_t address, struct block *out);

/* Does a live block start at address? Then *out is it. */
bool blocks_find(enum block_space space, uintptr_t address, struct block *out);

/* The start of the live block that has address inside it, and what it is; 0 if none is known. Slow:
 * looks at every page from there down to the block, or BLOCKS_SEARCH_BYTES. */
uintptr_t blocks_find_around(enum block_space space, uintptr_t address, struct block *out);

/* The same without a lock, in whatever state the table is: for a thread that is about to die. Also freed
 * ones, where no live one is; looks at no more than `most` bytes before the address. What it says may be
 * wrong if another thread changes that very page at this moment. */
uintptr_t blocks_peek_around(uintptr_t address, uint64_t most, struct block *out);

/* The first live block that starts in [from, end): its start, and what it is; 0 if there is none. */
uintptr_t blocks_find_from(enum block_space space, uintptr_t from, uintptr_t end, struct block *out);

#define BLOCKS_SEARCH_BYTES (UINT64_C(1) << 36)

#endif
