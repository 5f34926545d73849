/* stress.c - the runtime's block table, interning and lock under many threads, by seed.
 *
 * usage: stress [SEED]. Holds these parts of lib/ and nothing else of the runtime; the session's
 * memory is its own. Also built with the thread sanitizer. Addresses of blocks are made up: the
 * table never looks at what they point to. All values of a block follow from its address and
 * generation, so that whoever reads a record can tell whether it is whole. At the end every record
 * and every node is checked against what has been done. */
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/atomics.h"
#include "base/compiler.h"
#include "base/hash.h"
#include "lib/blocks.h"
#include "lib/intern.h"
#include "lib/lock.h"
#include "lib/participant.h"
#include "tests/trace/check.h"

enum {
	THREADS = 4,
	/* Blocks: so few pages that threads meet in them, and each page grows to its last class. */
	BLOCKS_A_PAGE = 512,
	CLOSE_PAGES = 24,
	FAR_PAGES = 64, /* one in each of so many leaves, of each space */
	BLOCKS_A_FAR_PAGE = 4,
	CLOSE_BLOCKS = CLOSE_PAGES * BLOCKS_A_PAGE,
	BLOCKS = CLOSE_BLOCKS + FAR_PAGES * BLOCKS_A_FAR_PAGE,
	BLOCK_ROUNDS = 300000,
	/* Interning: enough different nodes to open several levels. */
	MODULES = 50,
	OFFSETS = 40,
	DEPTH = 12,
	INTERN_ROUNDS = 40000,
	KEPT = 4096,
	LOCK_ROUNDS = 50000,
	LOCKS = 3,
	FORKS = 20,
};

static uint64_t seed = 1;

struct session session;

/* ---- threads ---- */

struct worker {
	pthread_t thread;
	struct rng rng;
	void (*work)(struct worker *);
	unsigned number;
	struct lock_holder locks;
	uint64_t inserted, removed, late, around;
};

static pthread_barrier_t start_line;

static void *run_worker(void *context)
{
	struct worker *w = context;
	lock_self = &w->locks;
	pthread_barrier_wait(&start_line);
	w->work(w);
	return NULL;
}

static void run_all(struct worker *workers, void (*work)(struct worker *))
{
	pthread_barrier_init(&start_line, NULL, THREADS);
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] =
			(struct worker){ .rng = { seed * 1000 + i }, .work = work, .number = i };
		CHECK(pthread_create(&workers[i].thread, NULL, run_worker, &workers[i]) == 0,
		      "thread %u", i);
	}
	for (unsigned i = 0; i < THREADS; i++)
		pthread_join(workers[i].thread, NULL);
	pthread_barrier_destroy(&start_line);
}

/* ---- blocks ---- */

/* Whether a block is there, as the allocator would know: even: none; odd: being made or live.
 * Grows by 1 at each change. Whoever raises it from even to odd inserts; the one whose remove found
 * it live raises it again. Removing needs no leave: a wrong program frees what it likes. */
static uint32_t generations[BLOCK_SPACES][BLOCKS];

static uintptr_t address_of(unsigned i)
{
	const uintptr_t base = UINT64_C(0x500000000000);
	if (i < CLOSE_BLOCKS)
		return base + i * UINT64_C(8);
	unsigned far = i - CLOSE_BLOCKS;
	return base + ((uintptr_t)(far % FAR_PAGES + 1) << 30) + far / FAR_PAGES * UINT64_C(1024);
}

static struct block block_of(enum block_space space, unsigned i, uint32_t generation)
{
	uint64_t h = hash_pair(address_of(i), (uint64_t)generation << 1 | space);
	return block_make(h & 15, h >> 8 & 0xfff, space, h >> 40, generation,
			  h >> 20 & 0xffffffffff, h >> 17);
}

/* Does the record say what was inserted in the generation that it names? */
static void check_record(enum block_space space, unsigned i, const struct block *b, bool live)
{
	struct block wanted = block_of(space, i, block_stack(b));
	uint64_t counter = block_counter(&wanted);
	CHECK(block_stack(b) & 1, "block %u: generation %u", i, block_stack(b));
	CHECK(block_role(b) == block_role(&wanted) && block_slot(b) == block_slot(&wanted) &&
		      block_allocator(b) == space && block_size(b) == block_size(&wanted) &&
		      block_made(b) == block_made(&wanted) &&
		      (!live || block_counter(b) == counter),
	      "block %u, generation %u: torn", i, block_stack(b));
}

static void insert_block(struct worker *w, enum block_space space, unsigned i)
{
	uint32_t *generation = &generations[space][i];
	uint32_t seen = at_load_acquire(generation);
	if (seen & 1 || !at_cas_acq_rel(generation, &seen, seen + 1))
		return;
	struct block b = block_of(space, i, seen + 1);
	CHECK(blocks_insert(space, address_of(i), &b), "no memory");
	w->inserted++;
}

static void remove_block(struct worker *w, enum block_space space, unsigned i)
{
	struct block b;
	enum block_state state = blocks_remove(space, address_of(i), w->number, w->number, &b);
	if (state == BLOCK_UNKNOWN)
		return;
	check_record(space, i, &b, state == BLOCK_LIVE);
	CHECK(block_stack(&b) <= at_load_acquire(&generations[space][i]),
	      "block %u: from the future", i);
	if (state == BLOCK_FREED) {
		w->late++;
		return;
	}
	uint32_t seen = block_stack(&b);
	CHECK(at_cas_acq_rel(&generations[space][i], &seen, seen + 1),
	      "block %u: live twice, in generations %u and %u", i, block_stack(&b), seen);
	w->removed++;
}

/* Whatever others do meanwhile: what is found around an address is a block whole, and not behind it. */
static void look_around(struct worker *w, enum block_space space, unsigned i)
{
	struct block b;
	uintptr_t address = address_of(i) + rng_below(&w->rng, 8);
	uintptr_t start = blocks_find_around(space, address, &b);
	if (!start)
		return;
	CHECK(start <= address && address - start < block_size(&b), "block %u: not around it", i);
	if (start >= address_of(0) && start < address_of(0) + CLOSE_BLOCKS * UINT64_C(8))
		check_record(space, (unsigned)((start - address_of(0)) / 8), &b, true);
	w->around++;
}

static void use_blocks(struct worker *w)
{
	for (unsigned round = 0; round < BLOCK_ROUNDS; round++) {
		enum block_space space =
			rng_below(&w->rng, 8) ? BLOCK_SPACE_HEAP : BLOCK_SPACE_POOL;
		/* The threads move through the pages together. */
		unsigned page =
			(round / (BLOCK_ROUNDS / CLOSE_PAGES) + (unsigned)rng_below(&w->rng, 2)) %
			CLOSE_PAGES;
		unsigned i = page * BLOCKS_A_PAGE + (unsigned)rng_below(&w->rng, BLOCKS_A_PAGE);
		if (!rng_below(&w->rng, 16))
			i = CLOSE_BLOCKS + (unsigned)rng_below(&w->rng, BLOCKS - CLOSE_BLOCKS);
		uint64_t what = rng_below(&w->rng, 64);
		if (what == 0 && i < CLOSE_BLOCKS)
			look_around(w, space, i);
		else if (what == 1)
			blocks_forget_freed(space, address_of(i));
		else if (what % 2)
			insert_block(w, space, i);
		else
			remove_block(w, space, i);
	}
}

/* Nobody writes any more: the table must know exactly what is live. */
static void check_block_table(const struct worker *workers)
{
	uint64_t inserted = 0, removed = 0, late = 0, around = 0, live = 0;
	for (unsigned i = 0; i < THREADS; i++) {
		inserted += workers[i].inserted;
		removed += workers[i].removed;
		late += workers[i].late;
		around += workers[i].around;
	}
	for (unsigned n = 0; n < BLOCK_SPACES * BLOCKS; n++) {
		enum block_space space = n / BLOCKS;
		unsigned i = n % BLOCKS;
		uint32_t generation = generations[space][i];
		struct block b;
		enum block_state state = blocks_remove(space, address_of(i), 0, 0, &b);
		if (state != BLOCK_UNKNOWN)
			check_record(space, i, &b, state == BLOCK_LIVE);
		CHECK((state == BLOCK_LIVE) == (generation & 1),
		      "block %u: state %d, generation %u", i, state, generation);
		CHECK(state != BLOCK_LIVE || block_stack(&b) == generation,
		      "block %u: the record is of generation %u instead of %u", i, block_stack(&b),
		      generation);
		live += state == BLOCK_LIVE;
	}
	CHECK(inserted == removed + live, "%lu inserted, %lu removed, %lu live", inserted, removed,
	      live);
	CHECK(around > THREADS, "looked around %lu blocks", around);
	CHECK(live && late && inserted > BLOCKS,
	      "too little: %lu inserted, %lu freed twice, %lu live", inserted, late, live);
	printf("blocks: %lu inserted, %lu removed, %lu freed twice, %lu looked around, %lu live\n",
	       inserted, removed, late, around, live);
}

static void stress_blocks(void)
{
	struct worker workers[THREADS];
	run_all(workers, use_blocks);
	check_block_table(workers);
}

/* ---- interning ---- */

struct step {
	uint32_t module;
	uint64_t offset;
};

struct kept {
	uint32_t node;
	unsigned depth;
	struct step steps[DEPTH];
};

static struct kept kept[THREADS][KEPT];

static void open_session(void)
{
	uint64_t bytes = session_words_offset();
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	CHECK(memory != MAP_FAILED, "no memory for a session");
	session.header = (struct session_header *)memory;
	session.nodes = (struct session_node *)(memory + session_nodes_offset());
	for (unsigned i = 0; i < SESSION_INTERN_LEVELS; i++)
		session.intern[i] = (uint32_t *)(memory + session_intern_offset(i));
	session.header->node_count = NODE_FIRST;
	session.max_nodes = SESSION_MAX_NODES;
	session.intern_levels = SESSION_INTERN_LEVELS;
}

/* Paths that many have in common near the root, as stacks have. */
static struct step random_step(struct rng *r, unsigned depth)
{
	unsigned width = depth < 3 ? 2 : OFFSETS;
	return (struct step){ 1 + (uint32_t)rng_below(r, depth < 3 ? 2 : MODULES),
			      rng_below(r, width) * 16 };
}

static void use_intern(struct worker *w)
{
	for (unsigned round = 0; round < INTERN_ROUNDS; round++) {
		struct kept *k = &kept[w->number][round % KEPT];
		/* Every other path is one that another thread makes too, at about this time. */
		struct rng r = { round % 2 ? rng_next(&w->rng) : seed * 77777 + round };
		k->depth = 3 + (unsigned)rng_below(&r, DEPTH - 3);
		k->node = NODE_ROOT;
		for (unsigned depth = 0; depth < k->depth; depth++) {
			k->steps[depth] = random_step(&r, depth);
			k->node = intern_node(k->node, k->steps[depth].module,
					      k->steps[depth].offset);
			CHECK(k->node >= NODE_FIRST, "the table is full");
		}
	}
}

static void check_kept(const struct kept *k)
{
	uint32_t node = k->node;
	for (unsigned depth = k->depth; depth-- > 0; node = session.nodes[node].parent) {
		CHECK(node >= NODE_FIRST && node < session.header->node_count, "node %u", node);
		const struct session_node *n = &session.nodes[node];
		CHECK(n->module == k->steps[depth].module && n->offset == k->steps[depth].offset,
		      "node %u is of another path", node);
	}
	CHECK(node == NODE_ROOT, "a path is longer than it was");
}

static int compare_nodes(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct session_node));
}

/* Two threads may both add a node at the same moment, and one that found no place is added again:
 * how many are there more than once? (Half of the paths are made by all threads at the same time.)
 */
static uint32_t count_doubles(uint32_t count)
{
	size_t bytes = count * sizeof(struct session_node);
	struct session_node *copy = malloc(bytes);
	uint32_t doubles = 0;
	memcpy(copy, session.nodes, bytes);
	qsort(copy, count, sizeof(*copy), compare_nodes);
	for (uint32_t i = NODE_FIRST + 1; i < count; i++)
		doubles += !compare_nodes(&copy[i - 1], &copy[i]);
	free(copy);
	return doubles;
}

static uint32_t check_entries(uint32_t count)
{
	uint32_t filled = 0;
	for (unsigned level = 0; level < SESSION_INTERN_LEVELS; level++) {
		uint64_t entries = session_intern_entries(level);
		for (uint64_t i = 0; i < entries && level <= session.header->intern_level; i++) {
			uint32_t node = session.intern[level][i];
			CHECK(node < count && (!node || node >= NODE_FIRST),
			      "level %u names node %u", level, node);
			filled += node != 0;
		}
	}
	return filled;
}

static void check_intern(void)
{
	uint32_t count = session.header->node_count;
	for (uint32_t i = NODE_FIRST; i < count; i++) {
		const struct session_node *n = &session.nodes[i];
		CHECK(n->ready == 1, "node %u was never finished", i);
		CHECK(n->parent < i && n->parent != NODE_TRUNCATED && n->parent != NODE_UNKNOWN,
		      "node %u of parent %u", i, n->parent);
		CHECK(n->module >= 1 && n->module <= MODULES && n->offset < OFFSETS * 16,
		      "node %u is torn", i);
	}
	for (unsigned i = 0; i < THREADS * KEPT; i++)
		check_kept(&kept[i / KEPT][i % KEPT]);
	uint32_t filled = check_entries(count), doubles = count_doubles(count);
	CHECK(doubles <= count / 10, "%u of %u nodes are there twice", doubles, count);
	/* Everything is found again. */
	for (uint32_t i = NODE_FIRST; i < count; i++) {
		struct session_node n = session.nodes[i];
		uint32_t again = intern_node(n.parent, n.module, n.offset);
		CHECK(again >= NODE_FIRST && !compare_nodes(&session.nodes[again], &n),
		      "node %u is found as %u", i, again);
	}
	uint32_t more = session.header->node_count - count;
	CHECK(more <= count / 100, "%u of %u nodes were not found again", more, count);
	CHECK(session.header->intern_level >= 2, "too little: level %u",
	      session.header->intern_level);
	printf("interning: %u nodes in %u entries of %u levels; %u twice, %u not found again\n",
	       count, filled, session.header->intern_level + 1, doubles, more);
}

static void stress_intern(void)
{
	struct worker workers[THREADS];
	open_session();
	run_all(workers, use_intern);
	check_intern();
}

/* ---- the lock ---- */

static struct {
	uint8_t lock;
	uint64_t count, twice; /* plain: the lock alone protects them */
} guarded[LOCKS];

static void use_locks(struct worker *w)
{
	for (unsigned round = 0; round < LOCK_ROUNDS; round++) {
		unsigned i = (unsigned)rng_below(&w->rng, LOCKS);
		lock_acquire(&guarded[i].lock);
		guarded[i].count++;
		guarded[i].twice += 2;
		lock_release(&guarded[i].lock);
	}
}

/* While others use the locks, children are made, which inherit some of them held. */
static void use_locks_or_fork(struct worker *w)
{
	if (w->number) {
		use_locks(w);
		return;
	}
	for (unsigned i = 0; i < FORKS; i++) {
		pid_t child = fork();
		if (!child) {
			alarm(60);
			lock_forget_owners();
			for (unsigned n = 0; n < LOCKS; n++) {
				lock_acquire(&guarded[n].lock);
				lock_release(&guarded[n].lock);
			}
			_exit(42);
		}
		int status;
		CHECK(child > 0 && waitpid(child, &status, 0) == child, "no child");
		CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 42,
		      "a child ended with status %#x", status);
	}
}

static struct worker lock_workers[THREADS];
static uint32_t first_is_dead;

/* The first one ends with two locks taken, and one that it has given back. */
static void use_locks_or_die(struct worker *w)
{
	if (w->number) {
		use_locks(w);
		return;
	}
	lock_acquire(&guarded[2].lock);
	lock_release(&guarded[2].lock);
	lock_acquire(&guarded[0].lock);
	lock_acquire_inner(&guarded[1].lock);
	at_store_release(&first_is_dead, 1u);
}

static bool is_held_by_living(const uint8_t *lock)
{
	bool held = false;
	for (unsigned i = 1; i < THREADS; i++)
		held |= at_load_relaxed(&lock_workers[i].locks.held[0]) == lock;
	return held;
}

static void take_from_dead(uint8_t *lock)
{
	(void)lock;
	if (at_load_acquire(&first_is_dead))
		lock_abandon(&lock_workers[0].locks, is_held_by_living);
}

static void stress_locks(void)
{
	uint64_t count = 0;
	run_all(lock_workers, use_locks);
	run_all(lock_workers, use_locks_or_fork);
	lock_waits_long = take_from_dead;
	run_all(lock_workers, use_locks_or_die);
	for (unsigned i = 0; i < LOCKS; i++) {
		/* Nobody may have come across what the dead one held. */
		lock_acquire(&guarded[i].lock);
		lock_release(&guarded[i].lock);
		CHECK(guarded[i].twice == 2 * guarded[i].count && !guarded[i].lock, "lock %u", i);
		count += guarded[i].count;
	}
	lock_waits_long = NULL;
	for (unsigned i = 0; i < THREADS * LOCK_RANKS; i++)
		CHECK(!lock_workers[i / LOCK_RANKS].locks.held[i % LOCK_RANKS], "thread %u",
		      i / LOCK_RANKS);
	CHECK(count == (3 * THREADS - 2) * (uint64_t)LOCK_ROUNDS, "%lu turns", count);
	printf("locks: %lu turns, %d children\n", count, FORKS);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		seed = strtoull(argv[1], NULL, 0);
	alarm(300); /* a lock that nobody gives back */
	lock_init();
	stress_locks();
	stress_blocks();
	stress_intern();
	return 0;
}
