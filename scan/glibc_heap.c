/* glibc_heap.c - see glibc_heap.h.
 *
 *   a heap, at a multiple of 64 MB:   | its arena | the heap before | bytes | bytes writable | ...
 *   before a block:                   | bytes before, in the mapping | bytes and three flags |
 * block
 */
#include "scan/glibc_heap.h"

enum {
	HEAP_BYTES = 64 << 20,
	PAGE = 4096,
	IS_MAPPED = 2, /* of a chunk's flags */
	FLAGS = 7,
	HEADER_BYTES = 16,
	LARGE_BYTES = 32 << 10, /* that malloc maps anew, whatever its threshold */
};

struct heap_head {
	uint64_t arena, before, bytes, writable;
};

/* An arena lies in the first of its heaps, soon behind that one's head. */
static bool is_heap(const struct heap_head *h, uint64_t at)
{
	uint64_t of_arena = h->arena & ~(uint64_t)(HEAP_BYTES - 1);
	return h->arena - of_arena >= sizeof(*h) && h->arena - of_arena <= 2 * sizeof(*h) &&
	       h->bytes && h->bytes % PAGE == 0 && h->bytes <= h->writable &&
	       h->writable <= HEAP_BYTES && h->writable % PAGE == 0 &&
	       (h->before == 0) == (of_arena == at);
}

bool glibc_heap_arena(struct read_cache *cache, uint64_t from, uint64_t high,
		      struct scan_range *out)
{
	uint64_t at = (from + HEAP_BYTES - 1) & ~(uint64_t)(HEAP_BYTES - 1);
	for (; at < high; at += HEAP_BYTES) {
		struct heap_head h;
		if (!read_cache_get(cache, at, &h, sizeof(h)) || !is_heap(&h, at))
			continue;
		*out = (struct scan_range){ at, at + h.writable < high ? at + h.writable : high };
		return true;
	}
	return false;
}

bool glibc_heap_mapped(struct read_cache *cache, const struct block_list *blocks, uint32_t block,
		       struct scan_range *out)
{
	uint64_t start = blocks->starts[block], head[2];
	if (start % HEADER_BYTES != 0 || start < PAGE ||
	    (start % PAGE != HEADER_BYTES && block_list_bytes(blocks, block) < LARGE_BYTES) ||
	    !read_cache_get(cache, start - HEADER_BYTES, head, sizeof(head)))
		return false;
	uint64_t low = start - HEADER_BYTES - head[0];
	uint64_t high = start - HEADER_BYTES + (head[1] & ~(uint64_t)FLAGS);
	if (!(head[1] & IS_MAPPED) || low % PAGE != 0 || high % PAGE != 0 || low > start ||
	    high < block_list_end(blocks, block) || high >> BLOCK_ADDRESS_BITS)
		return false;
	*out = (struct scan_range){ low, high };
	return true;
}
