/* record.c - see record.h. */
#include "lib/record.h"

#include "base/hash.h"
#include "lib/real.h"

static inline void caller_of(const struct hook *h, struct caller *c)
{
	c->rbp = h->frame[0];
	c->pc = h->frame[1];
	c->rsp = (uintptr_t)(h->frame + 2);
}

static inline uint32_t capture(const struct hook *h)
{
	struct caller c;
	caller_of(h, &c);
	return stack_capture(&h->thread->stack, &c, session.max_depth);
}

/* Who frees: the calling instruction, or the whole stack when that was asked for. */
static inline uint32_t capture_site(const struct hook *h)
{
	if (AT_UNLIKELY(session.options & SESSION_FREE_STACKS))
		return capture(h);
	struct stack *s = &h->thread->stack;
	uintptr_t pc = h->frame[1];
	uint64_t key = pc | (uint64_t)modules_epoch << 48;
	struct stack_site *entry = &s->sites[hash_u64(pc) % STACK_SITES];
	return AT_LIKELY(entry->key == key) ? entry->node : stack_site_slow(s, pc, entry, key);
}

static inline void put_alloc(struct thread *t, const struct block *b, unsigned flags)
{
	thread_tick(t);
	uint64_t size = b->size <= EVENT_VALUE_MAX ? b->size : EVENT_VALUE_MAX;
	thread_put(t, event_word(EVENT_ALLOC, b->role, flags, size));
	thread_put(t, b->stack | (uint64_t)b->allocator << 32);
	t->counter++;
}

static inline void put_free(struct thread *t, const struct block *b, uint32_t site,
			    enum role role, unsigned flags)
{
	thread_tick(t);
	thread_put(t, event_word(EVENT_FREE, role, flags, b->counter));
	thread_put(t, site | (uint64_t)b->slot << 32);
}

static inline void publish(struct thread *t)
{
	at_store_relaxed(&t->ring->counter, t->counter);
	thread_publish(t);
}

/* Enters a new block into the table and gives it its name. */
static inline void name_block(struct thread *t, enum block_space space, void *p, struct block *b)
{
	b->slot = t->slot;
	b->counter = t->counter;
	blocks_insert(space, (uintptr_t)p, b);
}

static AT_COLD void count_lost_alloc(void)
{
	at_add_relaxed(&session.process->lost_allocs, UINT64_C(1));
}

static void record_made(const struct hook *h, enum block_space space, void *p, struct block *b,
			const struct block *freed, uint32_t site)
{
	struct thread *t = h->thread;
	if (AT_UNLIKELY(!thread_reserve(t, THREAD_ROOM))) {
		count_lost_alloc();
		if (freed)
			at_add_relaxed(&session.process->lost_frees, UINT64_C(1));
		return;
	}
	if (freed)
		put_free(t, freed, site, (enum role)b->role, EVENT_FLAG_REALLOC);
	name_block(t, space, p, b);
	put_alloc(t, b, freed ? EVENT_FLAG_REALLOC : 0);
	publish(t);
}

void hook_made_slow(const struct hook *h, void *p, size_t size, enum role role)
{
	struct thread *t = h->thread;
	if (AT_UNLIKELY(!session_is_recording()))
		return;
	t->guard = GUARD_BUSY;
	struct block b = { .size = size, .stack = capture(h), .role = (uint8_t)role };
	record_made(h, BLOCK_SPACE_HEAP, p, &b, NULL, 0);
}

static AT_COLD void count_untracked_free(void)
{
	at_add_relaxed(&session.process->untracked_frees, UINT64_C(1));
}

static void record_release(const struct hook *h, enum block_space space, void *p, enum role role)
{
	struct thread *t = h->thread;
	t->guard = GUARD_BUSY;
	uint32_t site = capture_site(h);
	bool room = thread_reserve(t, THREAD_ROOM);
	struct block b;
	if (AT_UNLIKELY(blocks_remove(space, (uintptr_t)p, site, t->slot, &b) != BLOCK_LIVE)) {
		count_untracked_free();
	} else if (AT_UNLIKELY(!room)) {
		at_add_relaxed(&session.process->lost_frees, UINT64_C(1));
	} else {
		put_free(t, &b, site, role, 0);
		publish(t);
	}
	t->guard = (uintptr_t)h->frame;
}

void hook_release(const struct hook *h, void *p, enum role role)
{
	record_release(h, BLOCK_SPACE_HEAP, p, role);
}

void hook_take(const struct hook *h, void *p, struct taken_block *taken)
{
	struct thread *t = h->thread;
	t->guard = GUARD_BUSY;
	taken->live = blocks_remove(BLOCK_SPACE_HEAP, (uintptr_t)p, NODE_ROOT, t->slot,
				    &taken->block) == BLOCK_LIVE;
	t->guard = (uintptr_t)h->frame;
}

void hook_moved(const struct hook *h, const struct taken_block *taken, void *p, size_t size,
		enum role role)
{
	h->thread->guard = GUARD_BUSY;
	if (!taken->live)
		count_untracked_free();
	if (AT_UNLIKELY(!session_is_recording())) {
		if (taken->live)
			hook_taken_freed(h, taken, role);
		return;
	}
	struct block b = { .size = size, .stack = capture(h), .role = (uint8_t)role };
	record_made(h, BLOCK_SPACE_HEAP, p, &b, taken->live ? &taken->block : NULL,
		    taken->live ? capture_site(h) : 0);
}

void hook_not_moved(const struct hook *h, void *p, const struct taken_block *taken)
{
	h->thread->guard = GUARD_BUSY;
	if (taken->live)
		blocks_insert(BLOCK_SPACE_HEAP, (uintptr_t)p, &taken->block);
}

void hook_taken_freed(const struct hook *h, const struct taken_block *taken, enum role role)
{
	struct thread *t = h->thread;
	t->guard = GUARD_BUSY;
	if (!taken->live) {
		count_untracked_free();
		return;
	}
	uint32_t site = capture_site(h);
	if (!thread_reserve(t, THREAD_ROOM)) {
		at_add_relaxed(&session.process->lost_frees, UINT64_C(1));
		return;
	}
	put_free(t, &taken->block, site, role, 0);
	publish(t);
}

void hook_pool_made(const struct hook *h, uint32_t pool, void *p, size_t size)
{
	if (!p || !session_is_recording())
		return;
	h->thread->guard = GUARD_BUSY;
	struct block b = { .size = size, .stack = capture(h), .role = ROLE_POOL_ALLOC,
			   .allocator = pool };
	record_made(h, BLOCK_SPACE_POOL, p, &b, NULL, 0);
}

void hook_pool_release(const struct hook *h, uint32_t pool, void *p)
{
	if (p)
		record_release(h, BLOCK_SPACE_POOL, p, ROLE_POOL_FREE);
}

void hook_pool_moved(const struct hook *h, uint32_t pool, void *old, void *p, size_t size)
{
	struct taken_block taken = { .live = false };
	h->thread->guard = GUARD_BUSY;
	if (old)
		taken.live = blocks_remove(BLOCK_SPACE_POOL, (uintptr_t)old, NODE_ROOT,
					   h->thread->slot, &taken.block) == BLOCK_LIVE;
	struct block b = { .size = size, .stack = capture(h), .role = ROLE_POOL_MOVE,
			   .allocator = pool };
	record_made(h, BLOCK_SPACE_POOL, p, &b, taken.live ? &taken.block : NULL, capture_site(h));
}

void hook_map(const struct hook *h, enum role role, const void *p, size_t bytes, unsigned flags)
{
	struct thread *t = h->thread;
	t->guard = GUARD_BUSY;
	uint32_t stack = capture(h);
	if (session_is_recording() && thread_reserve(t, THREAD_ROOM)) {
		thread_tick(t);
		thread_put(t, event_word(EVENT_MAP, role, flags, bytes & EVENT_VALUE_MAX));
		thread_put(t, (uintptr_t)p);
		thread_put(t, stack);
		thread_publish(t);
	}
	t->guard = (uintptr_t)h->frame;
}

void hook_text(const struct hook *h, enum event_kind kind, unsigned type, uint32_t allocator,
	       const char *text)
{
	struct thread *t = h->thread;
	t->guard = GUARD_BUSY;
	if (!thread_reserve(t, EVENT_MAX_WORDS + 1))
		return;
	size_t len = __builtin_strlen(text);
	if (len > EVENT_TEXT_MAX_BYTES)
		len = EVENT_TEXT_MAX_BYTES;
	t->tick_left = 0; /* a mark's time is exact */
	thread_tick(t);
	thread_put(t, event_text_word(kind, type, (unsigned)len, allocator));
	for (size_t at = 0; at < len; at += 8) {
		uint64_t word = 0;
		__builtin_memcpy(&word, text + at, len - at < 8 ? len - at : 8);
		thread_put(t, word);
	}
	publish(t);
}
