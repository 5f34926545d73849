/* root_ranges.c - see root_ranges.h.
 *
 * Ranges whose meaning is known are claimed first; a later claim only gets what is left. What is
 * left of a writable mapping in the end is a root unless a live block lies in it: then it is an
 * allocator's. */
#include "scan/root_ranges.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

enum {
	RED_ZONE_BYTES = 128,
	/* Of glibc's struct pthread, which begins at the thread pointer; stacks end at most a page
	 * behind it. */
	PTHREAD_BYTES = 2304,
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
	struct read_cache *cache;
	struct claims claims;
};

static bool is_anonymous(const struct mapping *m)
{
	return m && m->writable && m->kind == MAPPED_ANONYMOUS;
}

/* Where the thread's own memory ends above its thread pointer. */
static uint64_t pthread_end(const struct mapping *m, uint64_t thread_pointer)
{
	uint64_t end = (thread_pointer + PTHREAD_BYTES + PAGE - 1) & ~(uint64_t)(PAGE - 1);
	return end < m->high ? end : m->high;
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
	claim(&f->claims, low, pthread_end(m, t->thread_pointer), &tls);
}

/* From the stack pointer up to the end of the stack. On another stack than that of its thread (of a
 * signal, of a coroutine) that is all of the mapping, and where it would go on in its own is not
 * known: all of that counts, too. */
static void claim_stack(struct finder *f, const struct scan_thread *t)
{
	const struct root stack = { .holder = HOLDER_STACK, .tid = t->tid, .module = NO_MODULE };
	const struct root none = { .holder = HOLDER_NONE };
	uint64_t sp = t->sp - RED_ZONE_BYTES, tp = t->thread_pointer;
	const struct mapping *m = address_space_find(f->space, t->sp);
	const struct mapping *own = tp ? address_space_find(f->space, tp) : NULL;
	if (!m || !m->writable || m->kind == MAPPED_DEVICE || m->kind == MAPPED_SESSION)
		return;
	if (sp < m->low)
		sp = m->low;
	bool at_home = m == own && tp > sp;
	uint64_t end = at_home ? pthread_end(m, tp) : m->high;
	uint32_t block = block_list_around(f->blocks, t->sp);
	if (!at_home && block != BLOCK_NONE && block_list_end(f->blocks, block) < end)
		end = block_list_end(f->blocks, block);
	claim(&f->claims, sp, end, &stack);
	if (at_home || m->kind == MAPPED_STACK)
		claim(&f->claims, m->low, sp, &none);
	else if (is_anonymous(own))
		claim(&f->claims, own->low, pthread_end(own, tp), &stack);
}

/* What is left when a thread has ended: glibc keeps its stack, its struct pthread on top with its
 * own address in it. The thread pointer, or 0. */
static uint64_t ended_thread(struct finder *f, uint64_t low, uint64_t high)
{
	enum { STEP = 64 };
	uint64_t at =
		high - low > f->space->tls_bytes + PAGE ? high - f->space->tls_bytes - PAGE : low;
	uint64_t words[3];
	for (at &= ~(uint64_t)(STEP - 1); at + PTHREAD_BYTES <= high; at += STEP)
		if (at >= low && read_cache_get(f->cache, at, words, sizeof(words)) &&
		    words[0] == at && words[2] == at)
			return at;
	return 0;
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

static void find_threads(struct finder *f)
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

/* ---- the rest ---- */

static void claim_modules(struct finder *f)
{
	for (size_t i = 0; i < f->space->data_count; i++) {
		const struct module_data *d = &f->space->data[i];
		const struct scan_module *m = &f->space->modules[d->module];
		const struct root root = { .holder = m->is_allocator || m->is_runtime
							     ? HOLDER_NONE
							     : HOLDER_MODULE,
					   .module = d->module,
					   .only_to_start = m->is_libc };
		claim(&f->claims, d->range.low, d->range.high, &root);
	}
}

static bool has_blocks(const struct block_list *l, uint64_t low, uint64_t high)
{
	uint32_t i = block_list_lower(l, low);
	if (i < l->plain_count && l->starts[i] < high)
		return true;
	return i > 0 && block_list_end(l, i - 1) > low;
}

/* What nobody has claimed of a mapping. */
static void add_unclaimed(struct finder *f, const struct mapping *m, uint64_t low, uint64_t high)
{
	const struct root root = { .holder =
					   m->kind == MAPPED_FILE ? HOLDER_MODULE : HOLDER_MAPPING,
				   .module = m->module };
	if (low >= high || has_blocks(f->blocks, low, high))
		return;
	uint64_t ended = m->kind == MAPPED_ANONYMOUS ? ended_thread(f, low, high) : 0;
	if (ended) {
		/* Whose stack it is next gets the vector, too. */
		add_dtv(f, ended, 0);
		return;
	}
	if (m->kind == MAPPED_FILE && f->space->modules[m->module].is_allocator)
		return;
	add_root(f->out, low, high, &root);
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
		if (at < c->low)
			add_unclaimed(f, m, at, c->low);
		uint64_t low = c->low > m->low ? c->low : m->low;
		at = c->high < m->high ? c->high : m->high;
		add_root(f->out, low, at, &c->root);
	}
	add_unclaimed(f, m, at, m->high);
}

void root_list_find(struct root_list *r, const struct scan_target *target,
		    const struct address_space *space, const struct block_list *blocks,
		    struct read_cache *cache)
{
	*r = (struct root_list){ 0 };
	struct finder f = {
		.out = r, .target = target, .space = space, .blocks = blocks, .cache = cache
	};
	claim_modules(&f);
	find_threads(&f);
	for (size_t i = 0; i < space->mapping_count; i++)
		add_mapping(&f, &space->mappings[i]);
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
