/* made_up.c - see made_up.h. */
#include "tests/scan/made_up.h"

#include <stdlib.h>
#include <string.h>

#include "tests/trace/check.h"
#include "util/mem.h"

#define TABLE_ROOTS  UINT64_C(0x10000000)
#define TABLE_LEAF   UINT64_C(0x20000000)
#define TABLE_ARRAYS UINT64_C(0x30000000)

enum {
	ROOT_ENTRIES = 1 << BLOCK_ROOT_BITS,
	LEAF_ENTRIES = 1 << BLOCK_LEAF_BITS,
	LEAF_SHIFT = BLOCK_PAGE_BITS + BLOCK_LEAF_BITS,
	PAGE = 4096,
};

static const char maps[] = "00400000-00401000 r-xp 00001000 00:01 1 /bin/program\n"
			   "00500000-00501000 rw-p 00002000 00:01 1 /bin/program\n"
			   "100000000-110000000 rw-p 00000000 00:00 0 \n"
			   "600000000-600010000 rw-p 00000000 00:00 0 \n"
			   "700000000-700010000 rw-p 00000000 00:00 0                  [stack]\n"
			   "7f0000000-7f0001000 rw-p 00002000 00:01 2 /lib/libc.so.6\n"
			   "7f0002000-7f0003000 rw-p 00002000 00:06 2 /dev/dri/card0\n";

static struct world_region *region_of(struct world *w, uint64_t at)
{
	for (size_t i = 0; i < w->region_count; i++)
		if (at - w->regions[i].low < w->regions[i].bytes)
			return &w->regions[i];
	return NULL;
}

static bool world_read(void *context, uint64_t at, void *out, size_t bytes)
{
	struct world *w = context;
	char *to = out;
	while (bytes) {
		const struct world_region *r = region_of(w, at);
		CHECK(at - 0x7f0002000 >= PAGE, "a device was read");
		if (!r || r->gone)
			return false;
		uint64_t offset = at - r->low;
		size_t part = r->bytes - offset < bytes ? r->bytes - offset : bytes;
		memcpy(to, r->data + offset, part);
		at += part;
		to += part;
		bytes -= part;
	}
	return true;
}

void world_region(struct world *w, uint64_t low, uint64_t bytes)
{
	CHECK(w->region_count < sizeof(w->regions) / sizeof(w->regions[0]), "too many");
	w->regions[w->region_count++] =
		(struct world_region){ low, bytes, mem_zalloc(bytes, 1), false };
}

void world_write(struct world *w, uint64_t at, uint64_t word)
{
	struct world_region *r = region_of(w, at);
	CHECK(r && at + 8 - r->low <= r->bytes, "no memory at 0x%llx", (unsigned long long)at);
	memcpy(r->data + (at - r->low), &word, sizeof(word));
}

void world_init(struct world *w)
{
	*w = (struct world){ .next_block = WORLD_HEAP + 0x100 };
	world_region(w, WORLD_HEAP, WORLD_HEAP_BYTES);
	world_region(w, WORLD_CODE, PAGE);
	world_region(w, WORLD_DATA, PAGE);
	world_region(w, WORLD_LIBC, PAGE);
	world_region(w, WORLD_OTHER, 16 * PAGE);
	world_region(w, WORLD_STACK, 16 * PAGE);
	world_region(w, TABLE_ROOTS, BLOCK_SPACES * ROOT_ENTRIES * sizeof(uint64_t));
	w->thread = (struct scan_thread){
		.tid = 77, .sp = WORLD_SP, .registers = w->registers, .register_count = 16
	};
	w->target = (struct scan_target){ .memory = { w, world_read },
					  .maps = maps,
					  .block_roots = TABLE_ROOTS,
					  .threads = &w->thread,
					  .thread_count = 1,
					  .context = w,
					  .now_tsc = UINT64_C(1000) << BLOCK_TIME_SHIFT };
}

void world_release(struct world *w)
{
	leak_scan_release(&w->scan);
	for (size_t i = 0; i < w->region_count; i++)
		free(w->regions[i].data);
	free(w->blocks);
}

struct block world_record(uint64_t bytes, uint32_t stack)
{
	return block_make(0, 1, 0, 990, stack, bytes, 5);
}

void world_block_at(struct world *w, unsigned space, uint64_t start, struct block record)
{
	w->blocks = mem_grow(w->blocks, &w->block_cap, w->block_count + 1, sizeof(*w->blocks));
	w->blocks[w->block_count++] = (struct world_block){ start, record, space };
}

uint64_t world_block(struct world *w, uint64_t bytes, uint32_t stack)
{
	uint64_t start = w->next_block;
	w->next_block = (start + bytes + 31) & ~UINT64_C(15);
	CHECK(w->next_block <= WORLD_HEAP + WORLD_HEAP_BYTES, "the heap is full");
	world_block_at(w, BLOCK_SPACE_HEAP, start, world_record(bytes, stack));
	return start;
}

/* ---- the table ---- */

static int by_place(const void *a, const void *b)
{
	const struct world_block *x = a, *y = b;
	if (x->space != y->space)
		return x->space < y->space ? -1 : 1;
	return (x->start > y->start) - (x->start < y->start);
}

/* The arrays of the blocks of one page; returns where the next ones go. */
static uint64_t write_page(struct world *w, uint64_t leaf, uint64_t at, const struct world_block *b,
			   size_t n)
{
	unsigned class = 1;
	while (block_shapes[class].capacity < n)
		class ++;
	struct world_region *r = region_of(w, at);
	uint16_t *tags = (uint16_t *)(r->data + (at - r->low));
	struct block *records = (struct block *)(tags + block_shapes[class].tags);
	for (size_t i = 0; i < n; i++) {
		tags[n - 1 - i] = (uint16_t)((b[i].start >> BLOCK_GRANULE_BITS &
					      ((1 << BLOCK_POSITION_BITS) - 1)) +
					     1);
		records[n - 1 - i] = b[i].record;
	}
	uint64_t page = b->start >> BLOCK_PAGE_BITS & (LEAF_ENTRIES - 1);
	world_write(w, leaf + page * 8, at << 16 | (uint64_t) class << 8);
	return at + ((block_shapes[class].tags * 2 + block_shapes[class].capacity * 24 + 7) & ~7u);
}

static void write_table(struct world *w)
{
	uint64_t arrays = TABLE_ARRAYS, leaf = TABLE_LEAF - (8 << BLOCK_LEAF_BITS), root = 0;
	if (w->block_count)
		qsort(w->blocks, w->block_count, sizeof(*w->blocks), by_place);
	world_region(w, TABLE_ARRAYS, w->block_count * 100 + PAGE);
	for (size_t i = 0, end; i < w->block_count; i = end) {
		const struct world_block *b = &w->blocks[i];
		uint64_t entry =
			TABLE_ROOTS + (b->space * ROOT_ENTRIES + (b->start >> LEAF_SHIFT)) * 8;
		for (end = i;
		     end < w->block_count && w->blocks[end].space == b->space &&
		     w->blocks[end].start >> BLOCK_PAGE_BITS == b->start >> BLOCK_PAGE_BITS;)
			end++;
		if (entry != root) {
			root = entry;
			leaf += 8 << BLOCK_LEAF_BITS;
			world_region(w, leaf, 8 << BLOCK_LEAF_BITS);
			world_write(w, root, leaf);
		}
		arrays = write_page(w, leaf, arrays, b, end - i);
	}
}

void world_scan(struct world *w)
{
	struct err err = { "" };
	write_table(w);
	CHECK(leak_scan_run(&w->target, &w->scan, &err) == 0, "%s", err.text);
}

const struct leak_group *world_group(const struct world *w, uint32_t stack)
{
	const struct leak_group *found = NULL;
	for (size_t i = 0; i < w->scan.group_count; i++) {
		if (w->scan.groups[i].stack != stack)
			continue;
		CHECK(!found, "two groups of stack %u", stack);
		found = &w->scan.groups[i];
	}
	CHECK(found, "no group of stack %u", stack);
	return found;
}

unsigned world_kind(const struct world *w, uint32_t stack)
{
	const struct leak_group *g = world_group(w, stack);
	CHECK(g->blocks == 1, "%llu blocks of stack %u", (unsigned long long)g->blocks, stack);
	return g->kind;
}
