/* block_list.c - see block_list.h. */
#include "scan/block_list.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

enum {
	ROOTS = 1 << BLOCK_ROOT_BITS,
	LEAF_PAGES = 1 << BLOCK_LEAF_BITS,
	PAGE_BYTES = 1 << BLOCK_PAGE_BITS,
	PAGE_POSITIONS = 1 << BLOCK_POSITION_BITS,
	LARGE_BYTES = 1 << 20,
	MOST_NESTED = 64, /* containers in containers that are looked at */
};

#define ADDRESS_END (UINT64_C(1) << BLOCK_ADDRESS_BITS)

/* ---- the table ---- */

struct table_reader {
	struct block_list *list;
	struct read_cache *cache;
	union {
		char bytes[PAGE_POSITIONS * (sizeof(uint16_t) + sizeof(struct block))];
		uint64_t align;
	} arrays;
};

struct place {
	uint16_t position, record;
};

static void add_block(struct block_list *l, uint64_t start, const struct block *b)
{
	uint64_t size = block_size(b);
	if (start == 0 || size > ADDRESS_END || start + size > ADDRESS_END ||
	    l->count == BLOCK_LIST_MAX)
		return;
	if (l->count == l->cap) {
		size_t cap = l->cap;
		l->starts = mem_grow(l->starts, &cap, l->count + 1, sizeof(*l->starts));
		l->records = mem_realloc(l->records, cap, sizeof(*l->records));
		l->cap = cap;
	}
	l->starts[l->count] = start;
	l->records[l->count++] = *b;
}

/* The live records of a page's arrays by rising position, each position once. */
static unsigned live_places(const uint16_t *tags, const struct block *records, unsigned capacity,
			    struct place *out)
{
	unsigned n = 0;
	for (unsigned i = 0; i < capacity; i++) {
		if (tags[i] == BLOCK_TAG_EMPTY || tags[i] > PAGE_POSITIONS ||
		    !block_is_live(block_state(&records[i])))
			continue;
		uint16_t position = (uint16_t)(tags[i] - 1);
		unsigned at = n;
		while (at > 0 && out[at - 1].position > position)
			at--;
		if (at > 0 && out[at - 1].position == position)
			continue;
		memmove(&out[at + 1], &out[at], (n - at) * sizeof(*out));
		out[at] = (struct place){ position, (uint16_t)i };
		n++;
	}
	return n;
}

static void read_page(struct table_reader *r, uint64_t word, uint64_t page)
{
	unsigned class = word >> 8 & 0xff;
	if (word & 0xff)
		r->list->changing_pages++;
	if (class == 0 || class >= BLOCK_CLASSES)
		return;
	const struct block_shape *shape = &block_shapes[class];
	size_t tag_bytes = shape->tags * sizeof(uint16_t);
	size_t bytes = tag_bytes + shape->capacity * sizeof(struct block);
	if (!read_cache_get(r->cache, word >> 16, r->arrays.bytes, bytes)) {
		r->list->unreadable_bytes += bytes;
		return;
	}
	struct place places[PAGE_POSITIONS + 1];
	const struct block *records = (const void *)(r->arrays.bytes + tag_bytes);
	unsigned n = live_places((const void *)r->arrays.bytes, records, shape->capacity, places);
	for (unsigned i = 0; i < n; i++)
		add_block(r->list, page + ((uint64_t)places[i].position << BLOCK_GRANULE_BITS),
			  &records[places[i].record]);
}

/* Words of the table, of which the first one has this index. */
typedef void (*words_fn)(struct table_reader *r, const uint64_t *words, size_t count,
			 uint64_t first);

/* The `count` words there, piece by piece. Most of a table has never been touched: that is not
 * looked at, nor room made for it. */
static bool read_words(struct table_reader *r, uint64_t start, size_t count, uint64_t first,
		       words_fn tell)
{
	const struct scan_memory *memory = r->cache->memory;
	const uint64_t end = start + count * sizeof(uint64_t);
	uint64_t words[2048];
	if (end < start)
		return false;
	for (uint64_t at = start; at < end;) {
		if (memory->touched && (at = memory->touched(memory->context, at, end)) >= end)
			break;
		size_t part = end - at < sizeof(words) ? end - at : sizeof(words);
		if (!memory->read(memory->context, at, words, part))
			return false;
		tell(r, words, part / sizeof(uint64_t), first + (at - start) / sizeof(uint64_t));
		at += part;
	}
	return true;
}

/* Of these most are zero, too. */
static void read_leaf_words(struct table_reader *r, const uint64_t *words, size_t count,
			    uint64_t first)
{
	for (size_t i = 0; i < count; i++)
		if (words[i])
			read_page(r, words[i], (first + i) << BLOCK_PAGE_BITS);
}

static void read_root_words(struct table_reader *r, const uint64_t *words, size_t count,
			    uint64_t first)
{
	for (size_t i = 0; i < count; i++)
		if (words[i] && !read_words(r, words[i], LEAF_PAGES, (first + i) << BLOCK_LEAF_BITS,
					    read_leaf_words))
			r->list->unreadable_bytes += LEAF_PAGES * sizeof(uint64_t);
}

static int read_space(struct table_reader *r, uint64_t roots_at, struct err *err)
{
	if (!read_words(r, roots_at, ROOTS, 0, read_root_words))
		return err_set(err, "the block table at 0x%llx cannot be read",
			       (unsigned long long)roots_at);
	return 0;
}

/* ---- in order ---- */

/* Both spaces' blocks are in order; those of pools come behind those that start at the same
 * address. */
static void merge_spaces(struct block_list *l, size_t heap_count)
{
	if (heap_count == 0 || heap_count == l->count)
		return;
	uint64_t *starts = mem_realloc(NULL, l->count, sizeof(*starts));
	struct block *records = mem_realloc(NULL, l->count, sizeof(*records));
	size_t heap = 0, pool = heap_count;
	for (size_t i = 0; i < l->count; i++) {
		bool from_heap = pool == l->count ||
				 (heap < heap_count && l->starts[heap] <= l->starts[pool]);
		size_t from = from_heap ? heap++ : pool++;
		starts[i] = l->starts[from];
		records[i] = l->records[from];
	}
	free(l->starts);
	free(l->records);
	l->starts = starts;
	l->records = records;
	l->cap = l->count;
}

static void split_containers(struct block_list *l)
{
	uint64_t *starts = NULL;
	struct block *records = NULL;
	size_t found = 0, cap = 0, plain = 0;
	for (size_t i = 0; i < l->count; i++) {
		if (i + 1 == l->count || l->starts[i + 1] >= block_list_end(l, (uint32_t)i)) {
			l->starts[plain] = l->starts[i];
			l->records[plain++] = l->records[i];
			continue;
		}
		if (found == cap) {
			starts = mem_grow(starts, &cap, found + 1, sizeof(*starts));
			records = mem_realloc(records, cap, sizeof(*records));
		}
		starts[found] = l->starts[i];
		records[found++] = l->records[i];
	}
	for (size_t i = 0; i < found; i++) {
		l->starts[plain + i] = starts[i];
		l->records[plain + i] = records[i];
	}
	free(starts);
	free(records);
	l->plain_count = plain;
}

static void nest_containers(struct block_list *l)
{
	size_t containers = l->count - l->plain_count;
	if (!containers)
		return;
	l->outer = mem_realloc(NULL, containers, sizeof(*l->outer));
	for (size_t i = 0; i < containers; i++) {
		uint32_t around = i ? (uint32_t)(l->plain_count + i - 1) : BLOCK_NONE;
		uint64_t start = l->starts[l->plain_count + i];
		while (around != BLOCK_NONE && block_list_end(l, around) <= start)
			around = l->outer[around - l->plain_count];
		l->outer[i] = around;
	}
}

static struct block_page *make_page(struct block_list *l, uint64_t page)
{
	struct block_page **leaf = &l->pages[page >> BLOCK_LEAF_BITS];
	if (!*leaf) {
		*leaf = mem_zalloc(LEAF_PAGES, sizeof(**leaf));
		l->leaves =
			mem_grow(l->leaves, &l->leaf_cap, l->leaf_count + 1, sizeof(*l->leaves));
		l->leaves[l->leaf_count++] = *leaf;
	}
	return &(*leaf)[page & (LEAF_PAGES - 1)];
}

static void index_pages(struct block_list *l)
{
	l->pages = mem_zalloc(ROOTS, sizeof(*l->pages));
	l->low = ADDRESS_END;
	for (uint32_t i = 0; i < l->count; i++) {
		uint64_t end = block_list_end(l, i);
		l->low = l->starts[i] < l->low ? l->starts[i] : l->low;
		l->high = end > l->high ? end : l->high;
		if (i >= l->plain_count)
			continue;
		uint64_t first = l->starts[i] >> BLOCK_PAGE_BITS,
			 last = (end - 1) >> BLOCK_PAGE_BITS;
		if (block_list_bytes(l, i) > LARGE_BYTES) {
			l->large = mem_grow(l->large, &l->large_cap, l->large_count + 1,
					    sizeof(*l->large));
			l->large[l->large_count++] = i;
			last = first;
		}
		for (uint64_t page = first; page <= last; page++) {
			struct block_page *p = make_page(l, page);
			if (!p->blocks++)
				p->first = i;
		}
	}
	if (!l->count)
		l->low = l->high = 0;
}

int block_list_read(struct block_list *l, struct read_cache *cache, uint64_t block_roots,
		    struct err *err)
{
	struct table_reader *r = mem_alloc(sizeof(*r));
	*l = (struct block_list){ 0 };
	r->list = l;
	r->cache = cache;
	int result = read_space(r, block_roots, err);
	size_t heap_count = l->count;
	if (result == 0)
		result = read_space(r, block_roots + BLOCK_SPACE_POOL * ROOTS * sizeof(uint64_t),
				    err);
	free(r);
	merge_spaces(l, heap_count);
	split_containers(l);
	nest_containers(l);
	index_pages(l);
	return result;
}

void block_list_release(struct block_list *l)
{
	for (size_t i = 0; i < l->leaf_count; i++)
		free(l->leaves[i]);
	free(l->leaves);
	free(l->pages);
	free(l->starts);
	free(l->records);
	free(l->large);
	free(l->outer);
	*l = (struct block_list){ 0 };
}

/* ---- where an address belongs ---- */

uint32_t block_list_lower(const struct block_list *l, uint64_t address)
{
	size_t low = 0, high = l->plain_count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (l->starts[middle] < address)
			low = middle + 1;
		else
			high = middle;
	}
	return (uint32_t)low;
}

uint32_t block_list_container(const struct block_list *l, uint64_t address)
{
	uint32_t n = (uint32_t)(l->count - l->plain_count);
	if (!n)
		return BLOCK_NONE;
	uint32_t i = block_list_last_from(l, (uint32_t)l->plain_count, n, address);
	for (unsigned tries = 0; i != BLOCK_NONE && tries < MOST_NESTED; tries++) {
		if (address - l->starts[i] < block_list_bytes(l, i))
			return i;
		i = l->outer[i - l->plain_count];
	}
	return BLOCK_NONE;
}

static uint32_t find_large(const struct block_list *l, uint64_t address)
{
	size_t low = 0, high = l->large_count; /* the first that starts above the address */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (l->starts[l->large[middle]] <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return BLOCK_NONE;
	uint32_t i = l->large[low - 1];
	return address - l->starts[i] < block_list_bytes(l, i) ? i : BLOCK_NONE;
}

uint32_t block_list_find_wide(const struct block_list *l, uint64_t address)
{
	uint32_t i = find_large(l, address);
	return i != BLOCK_NONE ? i : block_list_container(l, address);
}
