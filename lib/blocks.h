/* blocks.h - the block table: which block starts at this address, who made it, how, from where.
 *
 * Inside the traced process; called from hooks. How it lies in memory: wire/block_layout.h.
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

#include "wire/block_layout.h"

/* Records a live block at address. Returns false when there is no memory for the record. */
bool blocks_insert(enum block_space space, uintptr_t address, const struct block *block);

/* If a live block starts at address, recorded or not: turns it into a freed one and tells what it
 * was. Otherwise tells what is known, or BLOCK_UNKNOWN. */
enum block_state blocks_remove(enum block_space space, uintptr_t address, uint32_t site,
			       uint32_t freeing_slot, struct block *out);

/* The address was given out again without the table's knowledge: that it was freed is no longer
 * true. */
void blocks_forget_freed(enum block_space space, uintptr_t address);

/* The block that starts at address, if one does, is no leak, whatever points to it. */
void blocks_ignore(enum block_space space, uintptr_t address);

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

/* Where the table's roots lie, for who reads it from outside. */
const void *blocks_memory(void);

#define BLOCKS_SEARCH_BYTES (UINT64_C(1) << 36)

#endif
