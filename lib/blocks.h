/* blocks.h - the block table: which block starts at this address, who made it, how, from where.
 *
 * Inside the traced process; called from hooks. Keyed by address. Each 4 KB page of address
 * space in which blocks start has a small array of records, placed by the block's position in
 * the page; a directory of two levels finds it:
 *
 *   address  47          30|29        12|11       3|2 0|
 *             root index     leaf index    granule
 *   root[2^17] -> leaf[2^18] of page words -> record[capacity]
 *
 * A record costs 24 bytes and pages fill theirs to 60-90%, against 32 or more bytes in a table
 * by address/16 for small blocks and thousands for large ones; and blocks that are near each
 * other in memory are so in the table, which a hash over the whole heap would lose.
 *
 * The record of a freed block stays until its address is used again or its place is needed.
 * A page word has a lock bit held for some tens of instructions (see lock.h for why that is safe
 * under fork and signals). One thread owns an address at a time unless the program is wrong, so
 * locks are practically uncontended. */
#ifndef ALLOCTRACE_LIB_BLOCKS_H
#define ALLOCTRACE_LIB_BLOCKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct block {
	uint64_t size;
	uint64_t counter;   /* with slot: the block's name in events */
	uint32_t slot;
	uint32_t stack;     /* node */
	uint32_t allocator; /* 0: the program's heap, else a pool */
	uint8_t role;       /* enum role that made it */
};

/* What has been freed here last, for double frees. */
struct freed_block {
	struct block block; /* counter is not kept: 0 */
	uint32_t site;      /* node */
	uint32_t slot;      /* of the thread that freed it */
};

enum block_space {
	BLOCK_SPACE_HEAP = 0,
	BLOCK_SPACE_POOL = 1, /* blocks of alloctrace.h pools lie inside heap blocks */
	BLOCK_SPACES
};

enum block_found {
	BLOCK_UNKNOWN,
	BLOCK_LIVE,
	BLOCK_FREED,
};

/* Records a live block at address. Returns false when there is no memory for the record. */
bool blocks_insert(enum block_space space, uintptr_t address, const struct block *block);

/* If a live block starts at address: turns it into a freed one and tells what it was. */
enum block_found blocks_remove(enum block_space space, uintptr_t address, uint32_t site,
			       uint32_t freeing_slot, struct block *out);

/* What is known about address. */
enum block_found blocks_find(enum block_space space, uintptr_t address, struct freed_block *out);

/* Bytes of memory that the table has taken from the system so far. */
size_t blocks_memory_bytes(void);

#endif
