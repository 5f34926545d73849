/* test_blocks.c - the block table against a model of it: what it says of an address, and which block lies
 * around one. One thread; stress.c has the others. Addresses are made up. */
#include "base/compiler.h"
#include "lib/blocks.h"
#include "lib/lock.h"
#include "tests/trace/check.h"

enum {
	GRANULE = 16,
	PAGE = 4096,
	GRANULES = 64 * PAGE / GRANULE, /* of the memory that the model covers */
	ROUNDS = 200000,
	ROLE = 5,
	SLOT = 77,
};

static const uintptr_t base = UINT64_C(0x600000000000);

struct cell {
	enum block_state state; /* of the block that starts here, if one ever did */
	bool may_be_forgotten;	/* freed: its place may have been given to another */
	uint64_t size;
	uint32_t stack;
};

static struct cell cells[GRANULES];

static struct block make(uint64_t size, uint32_t stack)
{
	return block_make(ROLE, SLOT, 0, 0, stack, size, stack);
}

static bool insert_at(uintptr_t address, struct block b)
{
	return blocks_insert(BLOCK_SPACE_HEAP, address, &b);
}

/* The cell of the live block around address, or -1. */
static long around(uintptr_t address)
{
	for (long i = (long)((address - base) / GRANULE); i >= 0; i--)
		if (cells[i].state & BLOCK_LIVE)
			return address - base - (uintptr_t)i * GRANULE < cells[i].size ? i : -1;
	return -1;
}

static void insert(struct rng *r, unsigned i)
{
	struct cell *c = &cells[i];
	uint64_t room = 0;
	if (c->state & BLOCK_LIVE || around(base + i * GRANULE) >= 0)
		return;
	while (room < 3000 && i + room < GRANULES && !(cells[i + room].state & BLOCK_LIVE))
		room++;
	*c = (struct cell){ .state = rng_below(r, 4) ? BLOCK_LIVE : BLOCK_UNRECORDED,
			    .size = rng_below(r, room * GRANULE) + 1,
			    .stack = (uint32_t)rng_below(r, 1u << 31) };
	struct block b = make(c->size, c->stack);
	if (c->state == BLOCK_UNRECORDED)
		b = block_unrecorded(b);
	CHECK(blocks_insert(BLOCK_SPACE_HEAP, base + i * GRANULE, &b), "no memory");
}

static void check_known(const struct cell *c, const struct block *b, unsigned i)
{
	CHECK(block_size(b) == c->size && block_stack(b) == c->stack && block_role(b) == ROLE &&
		      block_slot(b) == SLOT,
	      "cell %u: not what was inserted", i);
}

static void release(unsigned i)
{
	struct cell *c = &cells[i];
	struct block b;
	enum block_state state = blocks_remove(BLOCK_SPACE_HEAP, base + i * GRANULE, 9, 8, &b);
	CHECK(state == c->state || (c->state == BLOCK_FREED && state == BLOCK_UNKNOWN),
	      "cell %u: state %d instead of %d", i, state, c->state);
	c->state = state; /* if its place was needed it stays unknown */
	if (state == BLOCK_UNKNOWN)
		return;
	check_known(c, &b, i);
	if (state == BLOCK_FREED)
		CHECK(block_freeing_site(&b) == 9 && block_freeing_slot(&b) == 8, "cell %u", i);
	c->state = BLOCK_FREED;
}

static void forget(unsigned i)
{
	blocks_forget_freed(BLOCK_SPACE_HEAP, base + i * GRANULE);
	if (cells[i].state == BLOCK_FREED)
		cells[i].state = BLOCK_UNKNOWN;
}

/* The first live one that starts behind a place inside a granule, up to an end. */
static void look_on(struct rng *r, unsigned i)
{
	struct block b;
	unsigned first = i + 1, cells_on = (unsigned)rng_below(r, GRANULES - i), end = first + cells_on;
	uintptr_t from = base + i * GRANULE + 1 + rng_below(r, GRANULE - 1);
	while (first < end && first < GRANULES && !(cells[first].state & BLOCK_LIVE))
		first++;
	uintptr_t wanted = first < end && first < GRANULES ? base + first * GRANULE : 0;
	uintptr_t start = blocks_find_from(BLOCK_SPACE_HEAP, from, base + (uintptr_t)end * GRANULE, &b);
	CHECK(start == wanted, "from %#lx: %#lx instead of %#lx", (unsigned long)from, (unsigned long)start,
	      (unsigned long)wanted);
	if (start)
		check_known(&cells[first], &b, first);
	CHECK(blocks_look(BLOCK_SPACE_HEAP, base + i * GRANULE, &b) == cells[i].state ||
		      cells[i].state == BLOCK_FREED,
	      "cell %u", i);
}

static void look(struct rng *r, unsigned i)
{
	struct block b;
	uintptr_t address = base + i * GRANULE + rng_below(r, GRANULE);
	long wanted = around(address);
	uintptr_t start = blocks_find_around(BLOCK_SPACE_HEAP, address, &b);
	CHECK(start == (wanted < 0 ? 0 : base + (uintptr_t)wanted * GRANULE),
	      "around cell %u: %#lx instead of cell %ld", i, (unsigned long)start, wanted);
	if (start)
		check_known(&cells[wanted], &b, (unsigned)wanted);
	bool live = blocks_find(BLOCK_SPACE_HEAP, base + i * GRANULE, &b);
	CHECK(live == !!(cells[i].state & BLOCK_LIVE), "cell %u: found %d", i, live);
	CHECK(blocks_find_around(BLOCK_SPACE_POOL, address, &b) == 0, "the other space");
	look_on(r, i);
}

static void against_model(uint64_t seed)
{
	struct rng r = { seed };
	for (unsigned round = 0; round < ROUNDS; round++) {
		unsigned i = (unsigned)rng_below(&r, GRANULES);
		switch (rng_below(&r, 8)) {
		case 0:
		case 1:
		case 2:
			insert(&r, i);
			break;
		case 3:
			forget(i);
			break;
		case 4:
		case 5: {
			long near = around(base + i * GRANULE);
			release(near < 0 ? i : (unsigned)near);
			break;
		}
		default:
			look(&r, i);
		}
	}
}

/* A block of many pages, and of several leaves of the table. */
static void far_inside(uintptr_t start, uint64_t size)
{
	const uint64_t offsets[] = { 0, 1, PAGE, size / 2, size - 1 };
	struct block b;
	CHECK(insert_at(start, make(size, 1)), "no memory");
	for (unsigned i = 0; i < AT_COUNT_OF(offsets); i++)
		CHECK(offsets[i] >= size ||
			      (blocks_find_around(BLOCK_SPACE_HEAP, start + offsets[i], &b) == start &&
			       block_size(&b) == size),
		      "%#lx + %#lx", (unsigned long)start, (unsigned long)offsets[i]);
	CHECK(!blocks_find_around(BLOCK_SPACE_HEAP, start + size, &b), "behind the end");
	CHECK(!blocks_find_around(BLOCK_SPACE_HEAP, start - 1, &b), "before the start");
	/* One behind it hides it, freed or not known it does not. */
	CHECK(insert_at(start + size + 8, make(16, 2)), "no memory");
	CHECK(blocks_find_around(BLOCK_SPACE_HEAP, start + size + 9, &b) == start + size + 8, "next");
	CHECK(blocks_remove(BLOCK_SPACE_HEAP, start + size + 8, 0, 0, &b) == BLOCK_LIVE, "next");
	CHECK(!blocks_find_around(BLOCK_SPACE_HEAP, start + size + 9, &b), "next is freed");
	CHECK(blocks_find_around(BLOCK_SPACE_HEAP, start + size - 1, &b) == start, "its end");
	CHECK(blocks_remove(BLOCK_SPACE_HEAP, start, 0, 0, &b) == BLOCK_LIVE, "itself");
	CHECK(!blocks_find_around(BLOCK_SPACE_HEAP, start + 1, &b), "itself is freed");
	CHECK(blocks_remove(BLOCK_SPACE_HEAP, start, 0, 0, &b) == BLOCK_FREED, "freed twice");
	CHECK(!blocks_find_from(BLOCK_SPACE_HEAP, start - (UINT64_C(3) << 30), start + size + 8, &b), "none on the way");
	CHECK(insert_at(start + size + 8, make(16, 2)), "no memory");
	CHECK(blocks_find_from(BLOCK_SPACE_HEAP, start - (UINT64_C(3) << 30), start + size + 9, &b) == start + size + 8,
	      "far away");
	CHECK(blocks_remove(BLOCK_SPACE_HEAP, start + size + 8, 0, 0, &b) == BLOCK_LIVE, "next");
	blocks_forget_freed(BLOCK_SPACE_HEAP, start);
	CHECK(blocks_remove(BLOCK_SPACE_HEAP, start, 0, 0, &b) == BLOCK_UNKNOWN, "forgotten");
}

static void odd_addresses(void)
{
	static const uintptr_t odd[] = { 0, 1, 8, 4095, UINT64_C(0x7fffffffffff), UINT64_C(1) << 47,
					 UINTPTR_MAX, UINTPTR_MAX - 7 };
	struct block b;
	for (unsigned i = 0; i < AT_COUNT_OF(odd); i++) {
		CHECK(!blocks_find_around(BLOCK_SPACE_HEAP, odd[i], &b), "%#lx", (unsigned long)odd[i]);
		CHECK(!blocks_find(BLOCK_SPACE_HEAP, odd[i], &b), "%#lx", (unsigned long)odd[i]);
		CHECK(!blocks_remove(BLOCK_SPACE_HEAP, odd[i], 0, 0, &b), "%#lx", (unsigned long)odd[i]);
		blocks_forget_freed(BLOCK_SPACE_HEAP, odd[i]);
	}
	/* Nothing starts between the places that blocks can start at. */
	uintptr_t at = UINT64_C(0x400000000000);
	CHECK(insert_at(at, make(8, 1)), "no memory");
	CHECK(blocks_remove(BLOCK_SPACE_HEAP, at + 4, 0, 0, &b) == BLOCK_UNKNOWN, "misaligned");
	CHECK(!blocks_find(BLOCK_SPACE_HEAP, at + 4, &b), "misaligned");
	CHECK(blocks_find_around(BLOCK_SPACE_HEAP, at + 4, &b) == at, "misaligned");
	/* An unrecorded block's size is exact, too. */
	CHECK(insert_at(at, block_unrecorded(make((UINT64_C(1) << 40) + 5, 1))), "no memory");
	CHECK(blocks_remove(BLOCK_SPACE_HEAP, at, 0, 0, &b) == BLOCK_UNRECORDED &&
		      block_size(&b) == (UINT64_C(1) << 40) + 5,
	      "unrecorded");
	CHECK(blocks_remove(BLOCK_SPACE_HEAP, at, 0, 0, &b) == BLOCK_FREED, "unrecorded, freed");
}

int main(void)
{
	lock_init();
	for (uint64_t seed = 1; seed <= 3; seed++)
		against_model(seed);
	far_inside(UINT64_C(0x500000000010), 1 << 20);
	far_inside(UINT64_C(0x510000000010), UINT64_C(5) << 30);
	far_inside((UINT64_C(0x520000000000) + (UINT64_C(1) << 30)) - 16, 64); /* over the end of a leaf */
	odd_addresses();
	return 0;
}
