/* made_up.h - a process that is not there: memory, a block table and a thread, put together by a
 * test and looked through by scan/. */
#ifndef ALLOCTRACE_TESTS_SCAN_MADE_UP_H
#define ALLOCTRACE_TESTS_SCAN_MADE_UP_H

#include "scan/leak_scan.h"
#include "wire/block_layout.h"
#include "wire/memory_tables.h"

#define WORLD_HEAP  UINT64_C(0x100000000) /* where blocks are put: an anonymous mapping */
#define WORLD_DATA  UINT64_C(0x500000)	  /* a page of a module's data, /bin/program */
#define WORLD_CODE  UINT64_C(0x400000)	  /* its code */
#define WORLD_LIBC  UINT64_C(0x7f0000000) /* a page of data of libc.so.6 */
#define WORLD_OTHER UINT64_C(0x600000000) /* what the program has mapped, 16 pages */
#define WORLD_STACK UINT64_C(0x700000000) /* 16 pages; the stack pointer is in the middle */
#define WORLD_SP    (WORLD_STACK + 0x8000)

enum { WORLD_HEAP_BYTES = 256 << 20, WORLD_STACK_NODE = 100 };

struct world_region {
	uint64_t low, bytes;
	char *data;
	bool gone; /* cannot be read */
};

struct world_block {
	uint64_t start;
	struct block record;
	unsigned space;
};

struct world {
	struct world_region regions[64];
	size_t region_count;
	struct world_block *blocks;
	size_t block_count, block_cap;
	struct scan_thread thread;
	uint64_t registers[16];
	struct scan_target target;
	struct leak_scan scan;
	uint64_t next_block; /* where the next one is put */
};

void world_init(struct world *w);
void world_release(struct world *w);

void world_region(struct world *w, uint64_t low, uint64_t bytes);
void world_write(struct world *w, uint64_t at, uint64_t word);

/* A live block of the heap, somewhere; stacks are nodes from WORLD_STACK_NODE up. */
uint64_t world_block(struct world *w, uint64_t bytes, uint32_t stack);
/* The same at this address, and in the table as it is given. */
void world_block_at(struct world *w, unsigned space, uint64_t start, struct block record);
struct block world_record(uint64_t bytes, uint32_t stack);

/* Writes the table and searches. */
void world_scan(struct world *w);

/* The group of the stack, of any kind; ends the test if there is not exactly one. */
const struct leak_group *world_group(const struct world *w, uint32_t stack);
/* The kind of the only block of the stack. */
unsigned world_kind(const struct world *w, uint32_t stack);

#endif
