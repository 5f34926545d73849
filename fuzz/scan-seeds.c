/* scan-seeds.c - writes the corpus of fuzz/scan.c: a made-up process, as words with their
 * addresses.
 *
 *   scan-seeds FOLDER */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/scan/made_up.h"
#include "tests/trace/check.h"

#define TABLES UINT64_C(0x40000000)
#define LOADER UINT64_C(0x7f0001000)

static void put(FILE *f, uint64_t at, uint64_t word)
{
	CHECK(fwrite(&at, 8, 1, f) == 1 && fwrite(&word, 8, 1, f) == 1, "writing");
}

static void save(const struct world *w, const char *folder, const char *name)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *f = fopen(path, "w");
	CHECK(f, "%s", path);
	for (size_t i = 0; i < w->region_count; i++) {
		const struct world_region *r = &w->regions[i];
		for (uint64_t at = 0; at + 8 <= r->bytes; at += 8) {
			uint64_t word;
			memcpy(&word, r->data + at, sizeof(word));
			if (word)
				put(f, r->low + at, word);
		}
	}
	CHECK(fclose(f) == 0, "%s", path);
}

/* A chain, a ring, a shared block, an interior pointer. */
static void blocks(struct world *w)
{
	uint64_t b[12];
	for (uint32_t i = 0; i < 12; i++)
		b[i] = world_block(w, 40 + 8 * i, 100 + i % 5);
	static const uint8_t edges[][2] = { { 0, 1 }, { 1, 2 }, { 2, 0 }, { 2, 3 }, { 4, 3 },
					    { 5, 6 }, { 6, 7 }, { 7, 8 }, { 8, 5 } };
	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
		world_write(w, b[edges[i][0]] + 8 * (i % 4), b[edges[i][1]]);
	world_write(w, WORLD_DATA + 8, b[5]);
	world_write(w, WORLD_STACK + 0x9000, b[9] + 24);
	world_write(w, b[10], b[11] + 8);
}

static void containers(struct world *w)
{
	world_block_at(w, BLOCK_SPACE_HEAP, WORLD_HEAP + 0x8000, world_record(0x800, 200));
	for (uint32_t i = 0; i < 4; i++)
		world_block_at(w, BLOCK_SPACE_POOL, WORLD_HEAP + 0x8040 + 0x80 * i,
			       world_record(64, 201));
	world_write(w, WORLD_DATA, WORLD_HEAP + 0x8040);
	world_write(w, WORLD_HEAP + 0x8048, WORLD_HEAP + 0x80c0);
	world_write(w, WORLD_HEAP + 0x8008, WORLD_HEAP + 0x8140);
}

static void tables(struct world *w)
{
	world_region(w, TABLES, 0x50000);
	world_write(w, TABLES, MEMORY_TABLES_VERSION);
	for (uint64_t i = 0; i < 4; i++)
		world_write(w, TABLES + 8 + 8 * i, TABLES + 0x1000 + 0x12000 * i);
	world_write(w, TABLES + 0x1000, memory_range_make(WORLD_OTHER >> 12, 2));
	world_write(w, TABLES + 0x13000, 0x400100);
	world_write(w, TABLES + 0x25000, memory_range_make((WORLD_OTHER >> 12) + 4, 1));
	world_write(w, TABLES + 0x37000, WORLD_STACK + 64);
	world_write(w, TABLES + 0x37008, 64);
}

/* glibc's list of ended threads, with one. */
static void ended_thread(struct world *w)
{
	const uint64_t thread = WORLD_OTHER + 0x3000;
	world_region(w, LOADER, 4096);
	world_write(w, LOADER + 0x100, thread + 0x2c0);
	world_write(w, LOADER + 0x108, thread + 0x2c0);
	world_write(w, thread + 0x2c0, LOADER + 0x100);
	world_write(w, thread + 0x2c8, LOADER + 0x100);
	world_write(w, thread, thread);
	world_write(w, thread + 16, thread);
	world_write(w, thread + 0x690, WORLD_OTHER);
	world_write(w, thread + 0x698, 0x4000);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*make)(struct world *w);
	} seeds[] = { { "blocks", blocks },
		      { "containers", containers },
		      { "tables", tables },
		      { "ended-thread", ended_thread } };
	CHECK(argc == 2, "usage: scan-seeds FOLDER");
	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		struct world w;
		world_init(&w);
		blocks(&w);
		if (i > 0)
			seeds[i].make(&w);
		world_scan(&w);
		save(&w, argv[1], seeds[i].name);
		world_release(&w);
	}
	return 0;
}
