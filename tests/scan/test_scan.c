/* test_scan.c - kinds, roots, rings, trees and groups on made-up memory. */
#include <string.h>

#include "scan/read_cache.h"
#include "tests/scan/made_up.h"
#include "tests/trace/check.h"

#define KIND(w, stack, wanted)                                                                     \
	CHECK(world_kind(w, stack) == (wanted), "kind %u of stack %u", world_kind(w, stack), stack)

/* The nine cases of the table in Valgrind's manual: A and B, and whether a pointer is interior. */
static void kinds_are_those_of_the_manual(void)
{
	static const struct {
		bool root_a, root_b, a_b, to_a_inside, to_b_inside;
		uint8_t a, b;
	} cases[] = {
		{ false, true, false, false, false, LEAK_DEFINITE, LEAK_REACHABLE },
		{ true, false, true, false, false, LEAK_REACHABLE, LEAK_REACHABLE },
		{ false, false, false, false, false, LEAK_DEFINITE, LEAK_DEFINITE },
		{ false, false, true, false, false, LEAK_DEFINITE, LEAK_INDIRECT },
		{ false, true, false, false, true, LEAK_DEFINITE, LEAK_POSSIBLE },
		{ true, false, true, false, true, LEAK_REACHABLE, LEAK_POSSIBLE },
		{ true, false, true, true, false, LEAK_POSSIBLE, LEAK_POSSIBLE },
		{ true, false, true, true, true, LEAK_POSSIBLE, LEAK_POSSIBLE },
		{ false, false, true, false, true, LEAK_DEFINITE, LEAK_INDIRECT },
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct world w;
		world_init(&w);
		uint64_t a = world_block(&w, 100, 100), b = world_block(&w, 100, 101);
		if (cases[i].root_a)
			world_write(&w, WORLD_DATA, a + (cases[i].to_a_inside ? 40 : 0));
		if (cases[i].root_b)
			world_write(&w, WORLD_DATA, b + (cases[i].to_b_inside ? 40 : 0));
		if (cases[i].a_b)
			world_write(&w, a + 16, b + (cases[i].to_b_inside ? 40 : 0));
		world_scan(&w);
		KIND(&w, 100, cases[i].a);
		KIND(&w, 101, cases[i].b);
		world_release(&w);
	}
}

static void a_better_chain_counts(void)
{
	struct world w;
	world_init(&w);
	uint64_t a = world_block(&w, 64, 100), b = world_block(&w, 64, 101),
		 c = world_block(&w, 64, 102);
	world_write(&w, WORLD_DATA, a + 8);
	world_write(&w, a, c);
	world_write(&w, WORLD_DATA + 8, b);
	world_write(&w, b, c);
	world_scan(&w);
	KIND(&w, 100, LEAK_POSSIBLE);
	KIND(&w, 101, LEAK_REACHABLE);
	KIND(&w, 102, LEAK_REACHABLE);
	world_release(&w);
}

static void ends_and_edges_of_blocks(void)
{
	struct world w;
	world_init(&w);
	uint64_t past = world_block(&w, 64, 100), last = world_block(&w, 64, 101),
		 empty = world_block(&w, 0, 102), odd = world_block(&w, 21, 103),
		 misaligned = world_block(&w, 64, 104), huge = world_block(&w, 5 << 20, 105),
		 in_huge = world_block(&w, 64, 106), tail = world_block(&w, 64, 107);
	world_write(&w, WORLD_DATA, past + 64);
	world_write(&w, WORLD_DATA + 8, last + 63);
	world_write(&w, WORLD_DATA + 16, empty);
	world_write(&w, WORLD_DATA + 24, odd);
	world_write(&w, odd + 16, tail); /* the block ends in the middle of the word */
	world_write(&w, WORLD_DATA + 33, misaligned);
	world_write(&w, WORLD_DATA + 48, huge);
	world_write(&w, huge + (5 << 20) - 8, in_huge);
	world_scan(&w);
	KIND(&w, 100, LEAK_DEFINITE);
	KIND(&w, 101, LEAK_POSSIBLE);
	KIND(&w, 102, LEAK_REACHABLE);
	KIND(&w, 103, LEAK_REACHABLE);
	KIND(&w, 104, LEAK_DEFINITE);
	KIND(&w, 105, LEAK_REACHABLE);
	KIND(&w, 106, LEAK_REACHABLE);
	KIND(&w, 107, LEAK_DEFINITE);
	world_release(&w);
}

static void roots_of_each_kind(void)
{
	static const uint64_t at[] = { WORLD_DATA + 8, WORLD_STACK + 0x9000, WORLD_OTHER + 0x5008,
				       WORLD_SP };
	static const uint8_t holders[] = { HOLDER_MODULE, HOLDER_STACK, HOLDER_MAPPING,
					   HOLDER_STACK };
	struct world w;
	world_init(&w);
	for (uint32_t i = 0; i < 4; i++)
		world_write(&w, at[i], world_block(&w, 64, 100 + i));
	w.registers[3] = world_block(&w, 64, 104);
	uint64_t below = world_block(&w, 64, 105);
	world_write(&w, WORLD_SP - 8, below);
	world_scan(&w);
	for (uint32_t i = 0; i < 4; i++) {
		const struct leak_group *g = world_group(&w, 100 + i);
		CHECK(g->kind == LEAK_REACHABLE && g->holder == holders[i] &&
			      g->holder_address == at[i],
		      "root %u: kind %u, holder %u", i, g->kind, g->holder);
	}
	CHECK(world_group(&w, 104)->holder == HOLDER_REGISTER &&
		      world_group(&w, 104)->holder_tid == 77,
	      "register");
	KIND(&w, 105, LEAK_DEFINITE);
	const struct leak_group *g = world_group(&w, 100);
	CHECK(g->holder_module_plus_1 == 1 && w.scan.module_count == 1 &&
		      strcmp(w.scan.modules[0], "/bin/program") == 0 &&
		      w.scan.module_starts[0] == WORLD_CODE,
	      "the module is named");
	world_release(&w);
}

/* main_arena points to the heads of free chunks: into the end of the block before. */
static void libc_points_to_starts_alone(void)
{
	struct world w;
	world_init(&w);
	uint64_t a = world_block(&w, 64, 100), b = world_block(&w, 64, 101);
	world_write(&w, WORLD_LIBC, a + 56);
	world_write(&w, WORLD_LIBC + 8, b);
	world_scan(&w);
	KIND(&w, 100, LEAK_DEFINITE);
	KIND(&w, 101, LEAK_REACHABLE);
	world_release(&w);
}

static bool is_program_allocator(void *context, const char *path)
{
	(void)context;
	return strcmp(path, "/bin/program") == 0;
}

static void memory_of_allocators_is_no_root(void)
{
	struct world w;
	world_init(&w);
	uint64_t a = world_block(&w, 64, 100), b = world_block(&w, 64, 101);
	w.target.is_allocator = is_program_allocator;
	world_write(&w, WORLD_DATA, a);
	world_write(&w, WORLD_HEAP, b); /* between blocks */
	world_scan(&w);
	KIND(&w, 100, LEAK_DEFINITE);
	KIND(&w, 101, LEAK_DEFINITE);
	world_release(&w);
}

static bool is_stack_100(void *context, uint32_t stack)
{
	(void)context;
	return stack == 100;
}

static void what_an_allocator_keeps_is_in_use(void)
{
	struct world w;
	world_init(&w);
	w.target.is_allocators_stack = is_stack_100;
	uint64_t a = world_block(&w, 64, 100), b = world_block(&w, 64, 101);
	world_block(&w, 64, 102);
	world_write(&w, a, b);
	world_scan(&w);
	KIND(&w, 100, LEAK_REACHABLE);
	KIND(&w, 101, LEAK_REACHABLE);
	KIND(&w, 102, LEAK_DEFINITE);
	world_release(&w);
}

/* What the process says of who mapped what: two mappings that the kernel shows as one. */
static void who_mapped_it_counts(void)
{
	const uint64_t tables = UINT64_C(0x40000000), ranges = tables + 0x1000,
		       makers = ranges + 0x20000, own = makers + 0x20000, roots = own + 0x4000;
	struct world w;
	world_init(&w);
	world_region(&w, tables, 0x50000);
	const uint64_t head[] = { MEMORY_TABLES_VERSION, ranges, makers, own, roots };
	for (size_t i = 0; i < 5; i++)
		world_write(&w, tables + 8 * i, head[i]);
	uint64_t page = WORLD_OTHER >> MEMORY_PAGE_BITS;
	static const uint64_t callers[] = { 0x400100, 0x400200, 0x400100 };
	for (unsigned i = 0; i < 3; i++) {
		world_write(&w, ranges + 8 * (16 * i), memory_range_make(page + i, 1));
		world_write(&w, makers + 8 * (16 * i), callers[i]);
	}
	world_write(&w, own, memory_range_make(page + 3, 1));
	world_write(&w, roots, WORLD_STACK + 64);
	world_write(&w, roots + 8, 8);
	w.target.memory_tables = tables;
	/* The first page has a live block in it, so the third is its allocator's, too. */
	world_block_at(&w, BLOCK_SPACE_HEAP, WORLD_OTHER + 64, world_record(64, 99));
	for (uint32_t i = 0; i < 4; i++)
		world_write(&w, WORLD_OTHER + 0x800 + i * 0x1000, world_block(&w, 64, 100 + i));
	world_write(&w, WORLD_STACK + 64, world_block(&w, 64, 104));
	world_scan(&w);
	KIND(&w, 100, LEAK_DEFINITE);
	KIND(&w, 101, LEAK_REACHABLE);
	KIND(&w, 102, LEAK_DEFINITE);
	KIND(&w, 103, LEAK_DEFINITE);
	KIND(&w, 104, LEAK_REACHABLE);
	CHECK(world_group(&w, 104)->holder == HOLDER_ROOT, "named by the program");
	world_release(&w);
}

static void a_list_of_a_million_is_two_groups(void)
{
	enum { NODES = 1000000 };
	struct world w;
	world_init(&w);
	uint64_t before = 0, first = 0;
	for (unsigned i = 0; i < NODES; i++) {
		uint64_t node = world_block(&w, 48, 100);
		if (before)
			world_write(&w, before + 8, node);
		first = first ? first : node;
		before = node;
	}
	world_scan(&w);
	CHECK(w.scan.group_count == 2, "%zu groups", w.scan.group_count);
	const struct leak_group *g = w.scan.groups;
	CHECK(g[0].kind == LEAK_DEFINITE && g[0].blocks == 1 && g[0].address == first &&
		      g[0].indirect_blocks == NODES - 1 &&
		      g[0].indirect_bytes == 48ull * (NODES - 1),
	      "the first node leads");
	CHECK(g[1].kind == LEAK_INDIRECT && g[1].blocks == NODES - 1 && g[1].parent_plus_1 == 1,
	      "the others hang on it");
	CHECK(w.scan.kinds[LEAK_INDIRECT].bytes == 48ull * (NODES - 1), "sums");
	world_release(&w);
}

static void a_ring_is_led_by_its_lowest(void)
{
	struct world w;
	world_init(&w);
	uint64_t tail = world_block(&w, 32, 103), a = world_block(&w, 32, 100),
		 b = world_block(&w, 32, 101), c = world_block(&w, 32, 102);
	world_write(&w, a, b);
	world_write(&w, b, c);
	world_write(&w, c, a);
	world_write(&w, b + 8, tail);
	world_scan(&w);
	KIND(&w, 100, LEAK_DEFINITE);
	KIND(&w, 101, LEAK_INDIRECT);
	KIND(&w, 102, LEAK_INDIRECT);
	KIND(&w, 103, LEAK_INDIRECT);
	CHECK(world_group(&w, 100)->flags & LEAK_IN_CYCLE, "flagged");
	CHECK(world_group(&w, 102)->flags & LEAK_IN_CYCLE, "flagged");
	CHECK(!(world_group(&w, 103)->flags & LEAK_IN_CYCLE), "only hangs on it");
	CHECK(world_group(&w, 100)->indirect_blocks == 3, "all with it");
	world_release(&w);
}

/* A ring that something lost points to is not led by itself. */
static void a_ring_below_a_block_is_indirect(void)
{
	struct world w;
	world_init(&w);
	uint64_t a = world_block(&w, 32, 100), b = world_block(&w, 32, 101),
		 top = world_block(&w, 32, 102), self = world_block(&w, 32, 103);
	world_write(&w, a, b);
	world_write(&w, b, a);
	world_write(&w, top, b);
	world_write(&w, self, self);
	world_scan(&w);
	KIND(&w, 102, LEAK_DEFINITE);
	KIND(&w, 100, LEAK_INDIRECT);
	KIND(&w, 101, LEAK_INDIRECT);
	KIND(&w, 103, LEAK_DEFINITE);
	CHECK(!(world_group(&w, 103)->flags & LEAK_IN_CYCLE), "a block in itself is no ring");
	CHECK(world_group(&w, 100)->parent_plus_1 - 1 ==
		      (uint32_t)(world_group(&w, 101) - w.scan.groups),
	      "the tree follows pointers");
	world_release(&w);
}

static void what_two_leaders_share_is_counted_once(void)
{
	struct world w;
	world_init(&w);
	uint64_t a = world_block(&w, 32, 100), b = world_block(&w, 32, 101),
		 shared = world_block(&w, 48, 102);
	world_write(&w, a, shared);
	world_write(&w, b, shared);
	world_scan(&w);
	CHECK(world_group(&w, 100)->indirect_bytes == 48 &&
		      world_group(&w, 101)->indirect_bytes == 0,
	      "with the first");
	CHECK(w.scan.kinds[LEAK_INDIRECT].blocks == 1 && w.scan.kinds[LEAK_DEFINITE].blocks == 2,
	      "sums");
	world_release(&w);
}

static void heuristics_know_what_they_should(void)
{
	struct world w;
	world_init(&w);
	uint64_t string = world_block(&w, 24 + 31 + 1, 100),
		 array = world_block(&w, 8 + 5 * 24, 101), length = world_block(&w, 8 + 100, 102),
		 object = world_block(&w, 64, 103);
	uint64_t no_string = world_block(&w, 24 + 31 + 2, 104),
		 no_array = world_block(&w, 8 + 5 * 24, 105),
		 no_length = world_block(&w, 8 + 101, 106), no_object = world_block(&w, 64, 107);
	const uint64_t inside[] = { string + 24,    array + 8,	  length + 8,	 object + 32,
				    no_string + 24, no_array + 8, no_length + 8, no_object + 32 };
	for (unsigned i = 0; i < 8; i++)
		world_write(&w, WORLD_DATA + 8 * i, inside[i]);
	world_write(&w, string, 5);
	world_write(&w, string + 8, 31);
	world_write(&w, no_string, 5);
	world_write(&w, no_string + 8, 31);
	world_write(&w, array, 5);
	world_write(&w, no_array, 7);
	world_write(&w, length, 100);
	world_write(&w, no_length, 100);
	world_write(&w, WORLD_DATA + 0x800, WORLD_CODE + 16); /* vtables */
	world_write(&w, WORLD_DATA + 0x840, WORLD_CODE + 32);
	world_write(&w, object, WORLD_DATA + 0x800);
	world_write(&w, object + 32, WORLD_DATA + 0x840);
	world_write(&w, no_object, WORLD_DATA + 0x800);
	world_write(&w, no_object + 32, WORLD_DATA + 0x900);
	world_scan(&w);
	for (uint32_t i = 100; i < 104; i++) {
		KIND(&w, i, LEAK_REACHABLE);
		CHECK(world_group(&w, i)->flags & LEAK_BY_HEURISTIC, "stack %u", i);
	}
	for (uint32_t i = 104; i < 108; i++)
		KIND(&w, i, LEAK_POSSIBLE);
	world_release(&w);
}

/* Also between blocks, and then on from there. */
static void heuristics_go_on(void)
{
	struct world w;
	world_init(&w);
	uint64_t a = world_block(&w, 64, 100), array = world_block(&w, 8 + 5 * 24, 101),
		 c = world_block(&w, 64, 102);
	world_write(&w, WORLD_DATA, a);
	world_write(&w, a, array + 8);
	world_write(&w, array, 5);
	world_write(&w, array + 16, c);
	world_scan(&w);
	KIND(&w, 101, LEAK_REACHABLE);
	KIND(&w, 102, LEAK_REACHABLE);
	world_release(&w);
}

static bool is_own(void *context, uint32_t slot, uint64_t counter)
{
	(void)context;
	return !(slot == 1 && counter == 4);
}

static void what_is_no_leak_is_a_root(void)
{
	struct world w;
	world_init(&w);
	w.target.is_own = is_own;
	struct block ignored = world_record(64, 100), inherited = world_record(32, 101);
	ignored.meta |= BLOCK_IGNORED;
	inherited.name = (inherited.name >> 48 << 48) | 4;
	world_block_at(&w, BLOCK_SPACE_HEAP, WORLD_HEAP + 0x10000, ignored);
	world_block_at(&w, BLOCK_SPACE_HEAP, WORLD_HEAP + 0x11000, inherited);
	world_write(&w, WORLD_HEAP + 0x10000, world_block(&w, 64, 102));
	world_write(&w, WORLD_HEAP + 0x11000, world_block(&w, 64, 103));
	world_scan(&w);
	CHECK(w.scan.ignored.bytes == 64 && w.scan.inherited.bytes == 32, "sums");
	KIND(&w, 102, LEAK_REACHABLE);
	KIND(&w, 103, LEAK_REACHABLE);
	CHECK(w.scan.kinds[LEAK_REACHABLE].blocks == 2, "in none of the kinds");
	world_release(&w);
}

static void older_ones_are_not_told_of(void)
{
	struct world w;
	world_init(&w);
	struct block old = world_record(64, 100);
	old.meta = (old.meta & ((UINT64_C(1) << 40) - 1)) | UINT64_C(900) << 40;
	world_block_at(&w, BLOCK_SPACE_HEAP, WORLD_HEAP + 0x10000, old);
	uint64_t fresh = world_block(&w, 32, 101);
	world_write(&w, WORLD_HEAP + 0x10000, fresh);
	w.target.since_tsc = UINT64_C(950) << BLOCK_TIME_SHIFT;
	world_scan(&w);
	CHECK(w.scan.older.bytes == 64 && w.scan.group_count == 1, "the old one is there");
	KIND(&w, 101, LEAK_INDIRECT);
	CHECK(world_group(&w, 101)->oldest_ticks == 10, "age");
	world_release(&w);
}

static void unrecorded_ones_are_apart(void)
{
	struct world w;
	world_init(&w);
	world_block(&w, 64, 100);
	for (unsigned i = 0; i < 3; i++)
		world_block_at(&w, BLOCK_SPACE_HEAP, WORLD_HEAP + 0x10000 + 0x1000 * i,
			       block_unrecorded(world_record(i == 2 ? 32 : 64, 100)));
	world_scan(&w);
	CHECK(w.scan.group_count == 3 && w.scan.kinds[LEAK_DEFINITE].blocks == 4, "by size");
	unsigned apart = 0;
	for (size_t i = 0; i < 3; i++)
		apart += (w.scan.groups[i].flags & LEAK_UNRECORDED) != 0;
	CHECK(apart == 2, "%u groups", apart);
	world_release(&w);
}

static void freed_ones_are_not_there(void)
{
	struct world w;
	world_init(&w);
	struct block freed = world_record(64, 100);
	freed.meta = (freed.meta & ~(uint64_t)BLOCK_STATE_MASK) | BLOCK_FREED;
	world_block_at(&w, BLOCK_SPACE_HEAP, WORLD_HEAP + 0x10000, freed);
	world_write(&w, WORLD_HEAP + 0x10000, world_block(&w, 32, 101));
	world_write(&w, WORLD_DATA, WORLD_HEAP + 0x10000);
	world_scan(&w);
	CHECK(w.scan.group_count == 1, "one block");
	KIND(&w, 101, LEAK_DEFINITE);
	world_release(&w);
}

/* A pool's blocks in a block of the heap. */
static void blocks_in_a_block(void)
{
	struct world w;
	world_init(&w);
	const uint64_t used = WORLD_HEAP + 0x10000, lost = WORLD_HEAP + 0x20000;
	world_block_at(&w, BLOCK_SPACE_HEAP, used, world_record(4096, 100));
	world_block_at(&w, BLOCK_SPACE_HEAP, lost, world_record(4096, 101));
	for (uint32_t i = 0; i < 4; i++) {
		world_block_at(&w, BLOCK_SPACE_POOL, used + 64 + 64 * i, world_record(64, 110 + i));
		world_block_at(&w, BLOCK_SPACE_POOL, lost + 64 + 64 * i, world_record(64, 120 + i));
	}
	uint64_t chained = world_block(&w, 64, 102), free_list = used + 64 * 3;
	world_write(&w, WORLD_DATA, used + 64);	   /* the first of the pool */
	world_write(&w, used + 8, free_list);	   /* the pool's own: not in use */
	world_write(&w, used + 16, chained);	   /* what a chunk's head points to is */
	world_write(&w, used + 64, used + 64 * 2); /* the first points to the second */
	world_scan(&w);
	KIND(&w, 100, LEAK_REACHABLE); /* a block in it is in use */
	KIND(&w, 110, LEAK_REACHABLE);
	KIND(&w, 111, LEAK_REACHABLE);
	KIND(&w, 112, LEAK_DEFINITE);
	KIND(&w, 113, LEAK_DEFINITE);
	KIND(&w, 102, LEAK_REACHABLE);
	KIND(&w, 101, LEAK_DEFINITE); /* with all that is in it */
	for (uint32_t i = 120; i < 124; i++)
		KIND(&w, i, LEAK_INDIRECT);
	world_release(&w);
}

static void what_cannot_be_read_is_counted(void)
{
	struct world w;
	world_init(&w);
	const uint64_t gone = UINT64_C(0x180000000);
	world_block_at(&w, BLOCK_SPACE_HEAP, gone, world_record(64, 100));
	uint64_t a = world_block(&w, 64, 101);
	world_write(&w, WORLD_DATA, a);
	world_scan(&w);
	KIND(&w, 100, LEAK_DEFINITE);
	KIND(&w, 101, LEAK_REACHABLE);
	CHECK(w.scan.unreadable_bytes == 64, "%llu", (unsigned long long)w.scan.unreadable_bytes);
	world_release(&w);
}

/* As a table that is not whole may have it. */
static void a_block_larger_than_memory(void)
{
	struct world w;
	world_init(&w);
	w.target.thread_count = 0; /* its stack would lie in the block */
	world_block_at(&w, BLOCK_SPACE_HEAP, WORLD_HEAP + 0x8000,
		       world_record(UINT64_C(1) << 46, 100));
	uint64_t a = world_block(&w, 64, 101);
	world_write(&w, WORLD_HEAP + 0x9000, a);
	world_write(&w, WORLD_DATA, WORLD_HEAP + 0x8000);
	world_scan(&w);
	KIND(&w, 101, LEAK_REACHABLE);
	CHECK(w.scan.unreadable_bytes > UINT64_C(1) << 45, "most of it is not there");
	world_release(&w);
}

static void groups_are_in_order(void)
{
	struct world w;
	world_init(&w);
	for (uint32_t i = 0; i < 10; i++) {
		uint64_t a = world_block(&w, 64 + 16 * i, 100 + i);
		uint64_t b = world_block(&w, 32, 200 + i);
		world_write(&w, a, b);
		world_write(&w, WORLD_DATA + 8 * i, world_block(&w, 16, 300 + i));
		world_write(&w, b, world_block(&w, 24, 400 + i));
	}
	w.target.peek_bytes = 16;
	world_scan(&w);
	CHECK(w.scan.group_count == 40, "%zu", w.scan.group_count);
	for (size_t i = 0; i < 40; i++) {
		const struct leak_group *g = &w.scan.groups[i];
		CHECK(g->parent_plus_1 <= i, "what others hang on comes first");
		CHECK(g->kind == (i < 10   ? LEAK_DEFINITE
				  : i < 30 ? LEAK_INDIRECT
					   : LEAK_REACHABLE),
		      "by kind");
		CHECK(i == 0 || i >= 10 || g[-1].bytes > g->bytes, "by bytes");
		CHECK(g->peek_bytes == 16, "peek");
	}
	world_release(&w);
}

enum { CACHED_BYTES = 8192 }; /* readable from 0x10000 on; nothing else is */

static bool count_reads(void *context, uint64_t at, void *out, size_t bytes)
{
	unsigned *reads = context;
	++*reads;
	if (at < 0x10000 || at + bytes > 0x10000 + CACHED_BYTES)
		return false;
	memset(out, 7, bytes);
	return true;
}

/* Word by word through memory that ends in the middle of a line of the cache. */
static void what_ends_early_is_kept(void)
{
	unsigned reads = 0;
	uint64_t word;
	const struct scan_memory memory = { .context = &reads, .read = count_reads };
	struct read_cache cache;
	read_cache_init(&cache, &memory);
	for (uint64_t at = 0; at < CACHED_BYTES; at += 8)
		CHECK(read_cache_get(&cache, 0x10000 + at, &word, sizeof(word)) &&
			      word == UINT64_C(0x0707070707070707),
		      "at %llu", (unsigned long long)at);
	CHECK(reads < 10, "%u reads", reads);
	CHECK(!read_cache_get(&cache, 0x10000 + CACHED_BYTES, &word, sizeof(word)), "behind it");
	CHECK(!read_cache_get(&cache, 0x10000 + CACHED_BYTES - 4, &word, sizeof(word)),
	      "across its end");
	read_cache_release(&cache);
}

int main(void)
{
	what_ends_early_is_kept();
	kinds_are_those_of_the_manual();
	a_better_chain_counts();
	ends_and_edges_of_blocks();
	roots_of_each_kind();
	libc_points_to_starts_alone();
	memory_of_allocators_is_no_root();
	what_an_allocator_keeps_is_in_use();
	who_mapped_it_counts();
	a_list_of_a_million_is_two_groups();
	a_ring_is_led_by_its_lowest();
	a_ring_below_a_block_is_indirect();
	what_two_leaders_share_is_counted_once();
	heuristics_know_what_they_should();
	heuristics_go_on();
	what_is_no_leak_is_a_root();
	older_ones_are_not_told_of();
	unrecorded_ones_are_apart();
	freed_ones_are_not_there();
	blocks_in_a_block();
	what_cannot_be_read_is_counted();
	a_block_larger_than_memory();
	groups_are_in_order();
	return 0;
}
