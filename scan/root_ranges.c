/* root_ranges.c - see root_ranges.h.
 *
 * Ranges whose meaning is known are claimed first; a later claim only gets what is left. Of what is
 * left of a writable mapping the process may know who mapped it: an allocator, if a live block lies
 * in anything that the same code has mapped. Where it does not, libc has, the dynamic linker, or a
 * program past libc: that is an allocator's if a live block lies in it, and a root otherwise. */
#include "scan/root_ranges.h"

#include <stdlib.h>
#include <string.h>

#include "scan/glibc_heap.h"
#include "util/mem.h"

enum {
	PTHREAD_BYTES = 2304,  /* what is above the thread pointer, where its end is not known */
	DTV_AT = 8,	       /* from the thread pointer */
	DTV_BEFORE_BYTES = 16, /* its block begins before what points to it */
	PAGE = 4096,
};

struct claim {
	uint64_t low, high;
	struct root root; /* its holder HOLDER_NONE: no root */
};

/* Apart from each other, by rising address. */
struct claims {
	struct claim *list;
	size_t count, cap;
};

static void insert_claim(struct claims *c, size_t at, uint64_t low, uint64_t high,
			 const struct root *root)
{
	c->list = mem_grow(c->list, &c->cap, c->count + 1, sizeof(*c->list));
	memmove(&c->list[at + 1], &c->list[at], (c->count - at) * sizeof(*c->list));
	c->list[at] = (struct claim){ low, high, *root };
	c->count++;
}

/* The first claim that ends above the address. */
static size_t first_above(const struct claims *c, uint64_t address)
{
	size_t low = 0, high = c->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (c->list[middle].high <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static void claim(struct claims *c, uint64_t low, uint64_t high, const struct root *root)
{
	size_t i = first_above(c, low);
	while (low < high) {
		uint64_t end = i < c->count && c->list[i].low < high ? c->list[i].low : high;
		if (low < end)
			insert_claim(c, i++, low, end, root);
		if (end == high)
			return;
		low = c->list[i++].high;
	}
}

static struct root *add_root(struct root_list *r, uint64_t low, uint64_t high,
			     const struct root *like)
{
	low = (low + 7) & ~UINT64_C(7);
	high &= ~UINT64_C(7);
	if (low >= high || like->holder == HOLDER_NONE)
		return NULL;
	r->roots = mem_grow(r->roots, &r->cap, r->count + 1, sizeof(*r->roots));
	struct root *root = &r->roots[r->count++];
	*root = *like;
	root->low = low;
	root->high = high;
	root->first_word = r->words;
	r->words += (high - low) / 8;
	return root;
}

/* ---- threads ---- */

struct finder {
	struct root_list *out;
	const struct scan_target *target;
	const struct address_space *space;
	const struct block_list *blocks;
	const struct known_memory *known;
	struct read_cache *cache;
	struct thread_memory_list threads;
	struct claims claims;
};

static const struct root no_root = { .holder = HOLDER_NONE };

/* Where the memory of the thread that the address is in ends: its stack, and what is above. */
static uint64_t thread_end(const struct finder *f, const struct mapping *m, uint64_t thread_pointer)
{
	const struct thread_memory *t = thread_memory_of(&f->threads, thread_pointer);
	uint64_t end = (thread_pointer + PTHREAD_BYTES + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	if (t && t->stack.high)
		end = t->stack.high;
	return end < m->high ? end : m->high;
}

static uint64_t thread_low(const struct finder *f, const struct mapping *m, uint64_t thread_pointer)
{
	const struct thread_memory *t = thread_memory_of(&f->threads, thread_pointer);
	return t && t->stack.low > m->low ? t->stack.low : m->low;
}

static void claim_tls(struct finder *f, const struct scan_thread *t)
{
	const struct root tls = { .holder = HOLDER_TLS, .tid = t->tid, .module = NO_MODULE };
	const struct mapping *m = address_space_find(f->space, t->thread_pointer);
	if (!t->thread_pointer || !m || !m->writable)
		return;
	uint64_t low = t->thread_pointer - f->space->tls_bytes;
	if (low < m->low || low > t->thread_pointer)
		low = m->low;
	if (t->sp > low && t->sp < t->thread_pointer)
		low = t->sp;
	claim(&f->claims, low, thread_end(f, m, t->thread_pointer), &tls);
}

/* Where a stack ends that is not the thread's own: a signal's, a coroutine's. */
static uint64_t foreign_end(const struct finder *f, const struct mapping *m, uint64_t sp)
{
	const struct known_memory *k = f->known;
	uint64_t end = m->high;
	uint32_t block = block_list_around(f->blocks, sp);
	size_t i = known_memory_above(k, sp);
	if (i < k->mapped_count && k->mapped[i].range.low <= sp && k->mapped[i].range.high < end)
		end = k->mapped[i].range.high;
	if (block != BLOCK_NONE && block_list_end(f->blocks, block) < end)
		end = block_list_end(f->blocks, block);
	return end;
}

/* From the stack pointer up to the end of the stack. On another stack than the thread's own it is
 * not known where it would go on in that: all of that counts, too. */
static void claim_stack(struct finder *f, const struct scan_thread *t)
{
	const struct root stack = { .holder = HOLDER_STACK, .tid = t->tid, .module = NO_MODULE };
	uint64_t sp = t->sp, tp = t->thread_pointer;
	const struct mapping *m = address_space_find(f->space, sp);
	const struct mapping *own = tp ? address_space_find(f->space, tp) : NULL;
	if (!m ||
	    !m->writable) { /* what counts below the stack pointer reaches into a guard page */
		sp = (sp | (PAGE - 1)) + 1;
		m = address_space_find(f->space, sp);
	}
	if (!m || !m->writable || m->kind == MAPPED_DEVICE || m->kind == MAPPED_SESSION)
		return;
	bool at_home = m == own && tp > sp && thread_low(f, m, tp) <= sp;
	uint64_t end = at_home ? thread_end(f, m, tp) : foreign_end(f, m, t->sp);
	claim(&f->claims, sp, end, &stack);
	if (at_home)
		claim(&f->claims, thread_low(f, m, tp), sp, &no_root);
	else if (m->kind == MAPPED_STACK)
		claim(&f->claims, m->low, sp, &no_root);
	else if (own && own->writable && own->kind == MAPPED_ANONYMOUS)
		claim(&f->claims, thread_low(f, own, tp), thread_end(f, own, tp), &stack);
}

/* A pointer to the block that the vector of a thread's dynamic TLS is in; it points behind the
 * block's start. */
static void add_dtv(struct finder *f, uint64_t thread_pointer, uint32_t tid)
{
	const struct root tls = { .holder = HOLDER_TLS, .tid = tid, .module = NO_MODULE };
	uint64_t dtv;
	if (!thread_pointer ||
	    !read_cache_get(f->cache, thread_pointer + DTV_AT, &dtv, sizeof(dtv)))
		return;
	struct root *root = add_root(f->out, 0, sizeof(dtv), &tls);
	root->is_value = true;
	root->value = dtv - DTV_BEFORE_BYTES;
}

static void find_running(struct finder *f)
{
	const struct scan_target *t = f->target;
	for (size_t i = 0; i < t->thread_count; i++) {
		const struct scan_thread *thread = &t->threads[i];
		const struct root registers = { .holder = HOLDER_REGISTER,
						.tid = thread->tid,
						.module = NO_MODULE,
						.words = thread->registers };
		if (thread->registers)
			add_root(f->out, 0, 8 * thread->register_count, &registers);
		add_dtv(f, thread->thread_pointer, thread->tid);
		claim_tls(f, thread);
		claim_stack(f, thread);
	}
}

/* Of threads that have ended: whose stack it is next gets the vector, too. What they return is kept
 * beside it until they are joined. */
static void find_ended(struct finder *f)
{
	const struct root result = { .holder = HOLDER_TLS, .module = NO_MODULE };
	for (size_t i = 0; i < f->threads.count; i++) {
		const struct thread_memory *t = &f->threads.list[i];
		if (t->is_running)
			continue;
		add_dtv(f, t->thread_pointer, 0);
		if (t->is_unjoined && t->stack.high > t->thread_pointer)
			claim(&f->claims, t->thread_pointer, t->stack.high, &result);
		claim(&f->claims, t->stack.low, t->stack.high, &no_root);
	}
}

/* ---- the rest ---- */

/* Its data hold no pointers of the program. */
static bool holds_nothing(const struct scan_module *m)
{
	return m->is_allocator || m->is_runtime;
}

static void claim_modules(struct finder *f)
{
	for (size_t i = 0; i < f->space->data_count; i++) {
		const struct module_data *d = &f->space->data[i];
		const struct scan_module *m = &f->space->modules[d->module];
		const struct root root = { .holder = holds_nothing(m) ? HOLDER_NONE : HOLDER_MODULE,
					   .module = d->module,
					   .only_to_start = m->is_libc };
		claim(&f->claims, d->range.low, d->range.high, &root);
	}
}

static void claim_known(struct finder *f)
{
	for (size_t i = 0; i < f->known->own_count; i++)
		claim(&f->claims, f->known->own[i].low, f->known->own[i].high, &no_root);
}

/* glibc's heaps, where they are not one with other memory of the same kind. */
static void claim_heaps(struct finder *f)
{
	struct scan_range r;
	for (size_t i = 0; i < f->space->mapping_count; i++) {
		const struct mapping *m = &f->space->mappings[i];
		if (!m->writable || m->kind != MAPPED_ANONYMOUS)
			continue;
		for (uint64_t at = m->low; glibc_heap_arena(f->cache, at, m->high, &r); at = r.high)
			claim(&f->claims, r.low, r.high, &no_root);
		uint32_t block = block_list_lower(f->blocks, m->low);
		for (; block < f->blocks->plain_count && f->blocks->starts[block] < m->high;
		     block++)
			if (glibc_heap_mapped(f->cache, f->blocks, block, &r))
				claim(&f->claims, r.low, r.high, &no_root);
	}
}

static bool has_blocks(const struct block_list *l, uint64_t low, uint64_t high)
{
	uint32_t i = block_list_lower(l, low);
	if (i < l->plain_count && l->starts[i] < high)
		return true;
	return i > 0 && block_list_end(l, i - 1) > low;
}

/* An allocator may keep its blocks in the data of a module: these count by themselves. */
static void add_module_data(struct finder *f, uint64_t low, uint64_t high, const struct root *like)
{
	const struct block_list *l = f->blocks;
	uint32_t i = block_list_lower(l, low);
	for (; i < l->plain_count && l->starts[i] < high; i++) {
		add_root(f->out, low, l->starts[i], like);
		low = block_list_end(l, i);
	}
	if (low < high)
		add_root(f->out, low, high, like);
}

/* Nothing is known of who mapped it. */
static void add_unknown(struct finder *f, const struct mapping *m, uint64_t low, uint64_t high)
{
	bool is_file = m->kind == MAPPED_FILE;
	const struct root root = {
		.holder = is_file ? HOLDER_MODULE : HOLDER_MAPPING,
		.module = m->module,
		.only_to_start = is_file && f->space->modules[m->module].is_libc,
	};
	if (low < high && !has_blocks(f->blocks, low, high))
		add_root(f->out, low, high, &root);
}

static bool is_allocators(const struct finder *f, const struct known_range *r)
{
	const struct mapping *code = address_space_find(f->space, r->caller - 1);
	return known_memory_allocates(f->known, r) ||
	       (code && code->module != NO_MODULE && f->space->modules[code->module].is_allocator);
}

/* What nobody has claimed of a mapping. */
static void add_unclaimed(struct finder *f, const struct mapping *m, uint64_t low, uint64_t high)
{
	const struct known_memory *k = f->known;
	const struct root root = { .holder = HOLDER_MAPPING, .module = NO_MODULE };
	if (m->kind == MAPPED_FILE) {
		if (!holds_nothing(&f->space->modules[m->module]))
			add_unknown(f, m, low, high);
		return;
	}
	for (size_t i = known_memory_above(k, low); i < k->mapped_count; i++) {
		const struct known_range *r = &k->mapped[i];
		if (r->range.low >= high)
			break;
		uint64_t from = r->range.low > low ? r->range.low : low;
		uint64_t to = r->range.high < high ? r->range.high : high;
		add_unknown(f, m, low, from);
		if (!is_allocators(f, r))
			add_root(f->out, from, to, &root);
		low = to;
	}
	add_unknown(f, m, low, high);
}

static void add_mapping(struct finder *f, const struct mapping *m)
{
	uint64_t at = m->low;
	if (!m->readable || !m->writable || m->kind == MAPPED_DEVICE || m->kind == MAPPED_SESSION ||
	    m->kind == MAPPED_KERNEL)
		return;
	for (size_t i = first_above(&f->claims, at); i < f->claims.count; i++) {
		const struct claim *c = &f->claims.list[i];
		if (c->low >= m->high)
			break;
		add_unclaimed(f, m, at, c->low);
		uint64_t low = c->low > m->low ? c->low : m->low;
		at = c->high < m->high ? c->high : m->high;
		if (c->root.holder == HOLDER_MODULE)
			add_module_data(f, low, at, &c->root);
		else
			add_root(f->out, low, at, &c->root);
	}
	add_unclaimed(f, m, at, m->high);
}

/* What the program has named counts wherever it lies. */
static void add_named(struct finder *f)
{
	const struct root root = { .holder = HOLDER_ROOT, .module = NO_MODULE };
	struct scan_range r;
	for (size_t i = 0; i < f->known->root_count; i++) {
		const struct scan_range *named = &f->known->roots[i];
		for (uint64_t at = named->low;
		     address_space_readable(f->space, at, named->high, &r); at = r.high)
			add_root(f->out, r.low, r.high, &root);
	}
}

void root_list_find(struct root_list *r, const struct scan_target *target,
		    const struct address_space *space, const struct block_list *blocks,
		    const struct known_memory *known, struct read_cache *cache)
{
	*r = (struct root_list){ 0 };
	struct finder f = { .out = r,
			    .target = target,
			    .space = space,
			    .blocks = blocks,
			    .known = known,
			    .cache = cache };
	thread_memory_find(&f.threads, target, space, cache);
	claim_modules(&f);
	find_running(&f);
	find_ended(&f);
	claim_known(&f);
	claim_heaps(&f);
	add_named(&f);
	for (size_t i = 0; i < space->mapping_count; i++)
		add_mapping(&f, &space->mappings[i]);
	thread_memory_release(&f.threads);
	free(f.claims.list);
}

void root_list_release(struct root_list *r)
{
	free(r->roots);
	*r = (struct root_list){ 0 };
}

const struct root *root_list_of_word(const struct root_list *r, uint64_t word)
{
	size_t low = 0, high = r->count;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (r->roots[middle].first_word <= word)
			low = middle;
		else
			high = middle;
	}
	return &r->roots[low];
}
