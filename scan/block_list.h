/* block_list.h - the live blocks of a process, by address, from its block table.
 *
 * What the table says is not trusted: what cannot be true is left out.
 *
 * Blocks may lie inside others: those of the program's pools in what it took from malloc, those of
 * an allocator that is not hooked at its bottom in the chunks that it took. So there are two kinds:
 *
 *   index  0 .. plain_count      plain: nothing else starts in it; they do not overlap
 *          plain_count .. count  containers: others start in it
 *
 * both by rising address. An address belongs to the plain block around it, if there is one. */
#ifndef ALLOCTRACE_SCAN_BLOCK_LIST_H
#define ALLOCTRACE_SCAN_BLOCK_LIST_H

#include "base/compiler.h"
#include "scan/read_cache.h"
#include "wire/block_layout.h"

#define BLOCK_NONE UINT32_MAX

enum {
	BLOCK_ADDRESS_BITS = 47,
	BLOCK_LIST_MAX = 1 << 30, /* numbers of blocks have two bits to spare */
};

struct block_page {
	uint32_t first;	 /* plain block that starts in the page or reaches into it */
	uint32_t blocks; /* that do; 0: none */
};

struct block_list {
	uint64_t *starts;
	struct block *records;
	size_t count, plain_count;
	size_t cap;
	uint64_t low, high; /* all blocks lie in [low, high) */
	/* Plain blocks by page: a directory of leaves, as the table has. Of a large block only the
	 * page in which it starts. */
	struct block_page **pages;
	struct block_page **leaves; /* those of the directory that there are */
	size_t leaf_count, leaf_cap;
	uint32_t *large; /* plain blocks that are large, by rising address */
	size_t large_count, large_cap;
	uint32_t *outer; /* of each container: the one around it, or BLOCK_NONE */
	uint64_t changing_pages;
	uint64_t unreadable_bytes; /* of the table */
};

/* 0, or -1 with the error. Either way the caller releases it. */
int block_list_read(struct block_list *l, struct read_cache *cache, uint64_t block_roots,
		    struct err *err) AT_MUST_CHECK;
void block_list_release(struct block_list *l);

/* The slow part of block_list_find(). */
uint32_t block_list_find_wide(const struct block_list *l, uint64_t address);
/* The innermost container around the address, or BLOCK_NONE. */
uint32_t block_list_container(const struct block_list *l, uint64_t address);
/* The first plain block that starts at the address or above it; plain_count if there is none. */
uint32_t block_list_lower(const struct block_list *l, uint64_t address);

/* One byte, if nothing was asked for: then the block's address is all that there is of it. */
static inline uint64_t block_list_bytes(const struct block_list *l, uint32_t i)
{
	uint64_t size = block_size(&l->records[i]);
	return size ? size : 1;
}

static inline uint64_t block_list_end(const struct block_list *l, uint32_t i)
{
	return l->starts[i] + block_list_bytes(l, i);
}

static inline const struct block_page *block_list_page(const struct block_list *l, uint64_t address)
{
	const struct block_page *leaf = l->pages[address >> (BLOCK_PAGE_BITS + BLOCK_LEAF_BITS)];
	return leaf ? &leaf[address >> BLOCK_PAGE_BITS & ((1u << BLOCK_LEAF_BITS) - 1)] : NULL;
}

/* The last of the blocks [first, first + n) that starts at the address or below it; `first` also if
 * none does. */
static inline uint32_t block_list_last_from(const struct block_list *l, uint32_t first, uint32_t n,
					    uint64_t address)
{
	const uint64_t *base = l->starts + first;
	while (n > 1) {
		uint32_t half = n / 2;
		base += base[half] <= address ? half : 0;
		n -= half;
	}
	return (uint32_t)(base - l->starts);
}

/* The block that the address lies in, or BLOCK_NONE. The address has to be in [low, high). */
static inline uint32_t block_list_find(const struct block_list *l, uint64_t address)
{
	const struct block_page *page = block_list_page(l, address);
	if (AT_LIKELY(page && page->blocks)) {
		uint32_t i = block_list_last_from(l, page->first, page->blocks, address);
		if (address - l->starts[i] < block_list_bytes(l, i))
			return i;
	}
	if (AT_LIKELY(!l->large_count && l->count == l->plain_count))
		return BLOCK_NONE;
	return block_list_find_wide(l, address);
}

/* The same, of any address. */
static inline uint32_t block_list_around(const struct block_list *l, uint64_t address)
{
	return address >= l->low && address < l->high ? block_list_find(l, address) : BLOCK_NONE;
}

#endif
