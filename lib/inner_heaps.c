/* inner_heaps.c - see inner_heaps.h.
 *
 * What is kept of a block is found by its address, in an open-addressed table that grows. It is not
 * taken out when the block is freed alone, so that no other hook has to know of this: whether an
 * entry still tells of the block that lies there is seen by what the block table says of it. */
#include "lib/inner_heaps.h"

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/hash.h"
#include "lib/blocks.h"
#include "lib/lock.h"
#include "lib/sys.h"

struct member {
	uintptr_t block;     /* 0: nothing here */
	uintptr_t heap;	     /* 0: not any more */
	uint64_t meta, name; /* as in the block table */
};

/* All of it under the lock, which is taken with the guard GUARD_BUSY. */
static uint8_t lock;
static struct member *members;
static size_t capacity, used; /* a power of two; at most three quarters of it */
static unsigned growths;

enum { FIRST_CAPACITY = 1024 };

static struct member *place_of(struct member *in, size_t size, uintptr_t block)
{
	size_t i = hash_bytes(&block, sizeof(block)) & (size - 1);
	while (in[i].block && in[i].block != block)
		i = (i + 1) & (size - 1);
	return &in[i];
}

static bool grow(void)
{
	size_t size = capacity ? 2 * capacity : FIRST_CAPACITY, kept = 0;
	struct member *fresh = sys_map_anonymous(size * sizeof(*fresh));
	if (!fresh)
		return false;
	for (size_t i = 0; i < capacity; i++) {
		if (!members[i].heap)
			continue;
		*place_of(fresh, size, members[i].block) = members[i];
		kept++;
	}
	if (members)
		sys_unmap(members, capacity * sizeof(*members));
	members = fresh;
	capacity = size;
	used = kept;
	growths++;
	return true;
}

static void keep(const struct member *m)
{
	lock_acquire(&lock);
	if (used < capacity / 4 * 3 || grow()) {
		struct member *place = place_of(members, capacity, m->block);
		used += !place->block;
		*place = *m;
	}
	lock_release(&lock);
}

/* Where a walk over the table is. */
struct walk {
	size_t at;
	unsigned growths;
};

/* Takes the next one of the heap out. */
static bool take(uintptr_t heap, struct walk *w, struct member *out)
{
	bool found = false;
	lock_acquire(&lock);
	if (w->growths != growths)
		*w = (struct walk){ 0, growths };
	while (w->at < capacity && !found) {
		struct member *m = &members[w->at++];
		if (m->block && m->heap == heap) {
			*out = *m;
			m->heap = 0;
			found = true;
		}
	}
	lock_release(&lock);
	return found;
}

static uint64_t meta_of(const struct block *b)
{
	return b->meta & ~BLOCK_IGNORED;
}

void inner_heaps_note(const struct hook *h, uintptr_t heap, const void *p)
{
	struct block b;
	hook_busy(h);
	if (heap && blocks_find(BLOCK_SPACE_HEAP, (uintptr_t)p, &b))
		keep(&(struct member){ (uintptr_t)p, heap, meta_of(&b), b.name });
	hook_to_backend(h);
}

static void end_members(const struct hook *h, uint32_t allocator, uintptr_t heap)
{
	struct walk w = { 0, 0 };
	struct member m;
	struct block b;
	bool more = true;
	while (more) {
		hook_busy(h);
		more = take(heap, &w, &m);
		bool is_it = more && blocks_find(BLOCK_SPACE_HEAP, m.block, &b) &&
			     meta_of(&b) == m.meta && b.name == m.name;
		hook_to_backend(h);
		if (is_it)
			hook_gone(h, m.block, 1, allocator);
	}
}

/* ---- mimalloc ---- */

struct visiting {
	const struct hook *h;
	uint32_t allocator;
};

/* For mi_heap_visit_blocks(). */
static bool block_is_gone(const void *heap, const void *area, void *block, size_t bytes,
			  void *context)
{
	const struct visiting *v = context;
	(void)heap, (void)area;
	if (block)
		hook_gone(v->h, (uintptr_t)block, bytes, v->allocator);
	return true;
}

void inner_heaps_end(const struct hook *h, const struct instance *i, uintptr_t heap)
{
	typedef bool (*visitor)(const void *, const void *, void *, size_t, void *);
	typedef bool (*visit)(const void *heap, bool blocks, visitor call, void *context);
	struct visiting v = { h, i->allocator };
	if (i->visit)
		((visit)i->visit)((const void *)heap, true, block_is_gone, &v);
	else
		end_members(h, i->allocator, heap);
}

/* ---- jemalloc ---- */

typedef int (*by_name)(const char *, void *, size_t *, void *, size_t);
typedef int (*by_mib)(const size_t *, size_t, void *, size_t *, void *, size_t);
typedef int (*name_to_mib)(const char *, size_t *, size_t *);

enum { ARENA_MIB = 3, LOOKUP_MIB = 2 };

/* How the program called it, and so how it is asked. */
struct control {
	by_name by_name; /* or NULL, and the two below */
	by_mib by_mib;
	size_t lookup[LOOKUP_MIB];
};

/* "arena.7.reset", "arena.7.destroy" */
static bool arena_of_name(const char *name, size_t *arena)
{
	static const char begin[] = "arena.";
	size_t at = sizeof(begin) - 1, n = 0;
	if (__builtin_strncmp(name, begin, at) != 0 || name[at] < '0' || name[at] > '9')
		return false;
	for (; name[at] >= '0' && name[at] <= '9' && n < UINT32_MAX; at++)
		n = n * 10 + (size_t)(name[at] - '0');
	*arena = n;
	return __builtin_strcmp(name + at, ".reset") == 0 ||
	       __builtin_strcmp(name + at, ".destroy") == 0;
}

static bool is_arena_mib(name_to_mib f, const char *name, const size_t *mib)
{
	size_t its[ARENA_MIB], length = ARENA_MIB;
	return f(name, its, &length) == 0 && length == ARENA_MIB && mib[0] == its[0] &&
	       mib[2] == its[2];
}

static bool arena_of_mib(name_to_mib f, const size_t *mib, size_t length, struct control *c,
			 size_t *arena)
{
	size_t lookup = LOOKUP_MIB;
	if (!f || length != ARENA_MIB ||
	    (!is_arena_mib(f, "arena.0.reset", mib) && !is_arena_mib(f, "arena.0.destroy", mib)))
		return false;
	*arena = mib[1];
	return f("arenas.lookup", c->lookup, &lookup) == 0 && lookup == LOOKUP_MIB;
}

static bool is_in_arena(const struct control *c, uintptr_t block, size_t arena)
{
	unsigned its = 0;
	size_t bytes = sizeof(its);
	int failed =
		c->by_name ? c->by_name("arenas.lookup", &its, &bytes, &block, sizeof(block))
			   : c->by_mib(c->lookup, LOOKUP_MIB, &its, &bytes, &block, sizeof(block));
	return !failed && its == arena;
}

static void end_arena(const struct hook *h, uint32_t allocator, const struct control *c,
		      size_t arena)
{
	struct block b;
	uintptr_t from = 0;
	for (;;) {
		hook_busy(h);
		uintptr_t p = blocks_find_from(BLOCK_SPACE_HEAP, from, (uintptr_t)1 << 47, &b);
		hook_to_backend(h);
		if (!p)
			return;
		if (block_allocator(&b) == allocator && is_in_arena(c, p, arena))
			hook_gone(h, p, 1, allocator);
		from = p + 1;
	}
}

void inner_heaps_control(const struct hook *h, const struct point *p, const uintptr_t *arguments)
{
	bool named = p->arguments.how == POINT_CONTROLS;
	struct control c = { 0 };
	size_t arena;
	if (named)
		c.by_name = (by_name)(uintptr_t)p->patch.original;
	else
		c.by_mib = (by_mib)(uintptr_t)p->patch.original;
	if (!arguments[0] ||
	    !(named ? arena_of_name((const char *)arguments[0], &arena)
		    : arena_of_mib((name_to_mib)p->instance->visit, (const size_t *)arguments[0],
				   arguments[1], &c, &arena)))
		return;
	end_arena(h, p->instance->allocator, &c, arena);
}
