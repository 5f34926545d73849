/* record.c - see record.h. */
#include "lib/record.h"

#include "base/hash.h"
#include "lib/real.h"

_Static_assert(ROLE_COUNT <= 64, "six bits in events and in the block table");
_Static_assert(SESSION_MAX_RINGS <= 1 << 16, "a slot has 16 bits in the block table");

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
	uint64_t key = pc | (uint64_t)at_load_relaxed(&modules_epoch) << 48;
	struct stack_site *entry = &s->sites[hash_bits(pc, STACK_SITE_BITS)];
	return AT_LIKELY(entry->key == key) ? entry->node : stack_site_slow(s, pc, entry, key);
}

static inline void put_alloc(struct thread *t, const struct block *b, uint64_t size,
			     unsigned flags)
{
	size = AT_LIKELY(size <= EVENT_VALUE_MAX) ? size : EVENT_VALUE_MAX;
	thread_put(t, event_word(EVENT_ALLOC, block_role(b), flags, size));
	thread_put(t, block_stack(b) | (uint64_t)block_allocator(b) << 32);
	at_signal_fence(); /* for recover() in thread.c: not counted before t->head says so */
	t->counter++;
}

static inline void put_free(struct thread *t, const struct block *b, uint32_t site,
			    enum role role, unsigned flags)
{
	thread_tick(t);
	thread_put(t, event_word(EVENT_FREE, role, flags, block_counter(b)));
	thread_put(t, site | (uint64_t)block_slot(b) << 32);
}

/* The counter after the head, by which recover() tells whether the event is out; if the process is
 * killed between the two, the collector knows better. */
static inline void publish(struct thread *t)
{
	thread_publish(t);
	at_signal_fence();
	at_store_relaxed(&t->ring->counter, t->counter);
}

enum loss { LOST_ALLOC, LOST_FREE, UNTRACKED_FREE };

/* Counts what is not in the trace. The child of a fork finds out here, if not before, that it is a
 * process of its own, and perhaps one that is not to be followed: then nothing of it is a loss. */
static AT_COLD void count_lost(struct thread *t, enum loss loss)
{
	if (!t->registered)
		(void)thread_reserve(t, THREAD_ROOM);
	if (thread_self != t)
		return;
	/* While paused nothing is missed of what nobody asked for. */
	if (loss == UNTRACKED_FREE && !session_is_recording())
		return;
	struct session_process *process = session.process;
	uint64_t *counter = loss == LOST_ALLOC ? &process->lost_allocs :
			    loss == LOST_FREE  ? &process->lost_frees :
						 &process->untracked_frees;
	at_add_relaxed(counter, UINT64_C(1));
}

/* What was made where, and what it replaces. */
struct made {
	enum block_space space;
	void *p;
	uint64_t size;
	enum role role;
	uint32_t allocator;
	const struct block *freed; /* NULL, or the block that a realloc ended */
};

static AT_COLD void lose_made(struct thread *t, const struct made *m)
{
	count_lost(t, LOST_ALLOC);
	if (m->freed)
		count_lost(t, LOST_FREE);
}

static inline void record_made(const struct hook *h, const struct made *m)
{
	struct thread *t = h->thread;
	uint32_t stack = capture(h);
	uint32_t site = m->freed ? capture_site(h) : 0;
	if (AT_UNLIKELY(!thread_reserve(t, THREAD_ROOM))) {
		lose_made(t, m);
		return;
	}
	if (m->freed)
		put_free(t, m->freed, site, m->role, EVENT_FLAG_REALLOC);
	thread_tick(t);
	struct block b = block_make(m->role, t->slot, m->allocator, t->time, stack, m->size,
				    t->counter);
	/* Without a record its free would not be known, and it would seem to live for ever. */
	if (AT_LIKELY(blocks_insert(m->space, (uintptr_t)m->p, b)))
		put_alloc(t, &b, m->size, m->freed ? EVENT_FLAG_REALLOC : 0);
	else
		count_lost(h->thread, LOST_ALLOC);
	publish(t);
}

void hook_record(const struct hook *h, void *p, size_t size, enum role role)
{
	if (AT_UNLIKELY(!session_is_recording()))
		return;
	hook_busy(h);
	struct made m = { .space = BLOCK_SPACE_HEAP, .p = p, .size = size, .role = role };
	record_made(h, &m);
}

static inline void record_freed(const struct hook *h, const struct block *b, uint32_t site,
				enum role role)
{
	if (AT_UNLIKELY(!thread_reserve(h->thread, THREAD_ROOM))) {
		count_lost(h->thread, LOST_FREE);
		return;
	}
	put_free(h->thread, b, site, role, 0);
	publish(h->thread);
}

static inline void record_release(const struct hook *h, enum block_space space, void *p,
				  enum role role)
{
	struct thread *t = h->thread;
	struct block b;
	hook_busy(h);
	uint32_t site = capture_site(h);
	if (AT_LIKELY(blocks_remove(space, (uintptr_t)p, site, t->slot, &b) == BLOCK_LIVE))
		record_freed(h, &b, site, role);
	else
		count_lost(h->thread, UNTRACKED_FREE);
	hook_to_backend(h);
}

void hook_release(const struct hook *h, void *p, enum role role)
{
	record_release(h, BLOCK_SPACE_HEAP, p, role);
}

static void take(const struct hook *h, enum block_space space, void *p, struct block *taken)
{
	uint32_t slot = h->thread->slot;
	if (blocks_remove(space, (uintptr_t)p, NODE_ROOT, slot, taken) != BLOCK_LIVE)
		taken->meta = BLOCK_UNKNOWN;
}

void hook_take(const struct hook *h, void *p, struct block *taken)
{
	hook_busy(h);
	take(h, BLOCK_SPACE_HEAP, p, taken);
	hook_to_backend(h);
}

void hook_moved(const struct hook *h, const struct block *taken, void *p, size_t size,
		enum role role)
{
	bool live = block_state(taken) == BLOCK_LIVE;
	hook_busy(h);
	if (!live)
		count_lost(h->thread, UNTRACKED_FREE);
	if (AT_UNLIKELY(!session_is_recording())) {
		if (live)
			hook_taken_freed(h, taken, role);
		return;
	}
	struct made m = { .space = BLOCK_SPACE_HEAP, .p = p, .size = size, .role = role,
			  .freed = live ? taken : NULL };
	record_made(h, &m);
}

void hook_not_moved(const struct hook *h, void *p, const struct block *taken)
{
	hook_busy(h);
	if (block_state(taken) == BLOCK_LIVE)
		blocks_insert(BLOCK_SPACE_HEAP, (uintptr_t)p, *taken);
}

void hook_taken_freed(const struct hook *h, const struct block *taken, enum role role)
{
	hook_busy(h);
	if (block_state(taken) == BLOCK_LIVE)
		record_freed(h, taken, capture_site(h), role);
	else
		count_lost(h->thread, UNTRACKED_FREE);
}

void hook_pool_made(const struct hook *h, uint32_t pool, void *p, size_t size)
{
	if (!p || !session_is_recording())
		return;
	hook_busy(h);
	struct made m = { .space = BLOCK_SPACE_POOL, .p = p, .size = size,
			  .role = ROLE_POOL_ALLOC, .allocator = pool };
	record_made(h, &m);
}

void hook_pool_release(const struct hook *h, uint32_t pool, void *p)
{
	if (p)
		record_release(h, BLOCK_SPACE_POOL, p, ROLE_POOL_FREE);
}

void hook_pool_moved(const struct hook *h, uint32_t pool, void *old, void *p, size_t size)
{
	struct block taken = { .meta = BLOCK_UNKNOWN };
	if (!p)
		return;
	hook_busy(h);
	if (old)
		take(h, BLOCK_SPACE_POOL, old, &taken);
	if (AT_UNLIKELY(!session_is_recording())) {
		if (block_state(&taken) == BLOCK_LIVE)
			hook_taken_freed(h, &taken, ROLE_POOL_MOVE);
		return;
	}
	struct made m = { .space = BLOCK_SPACE_POOL, .p = p, .size = size,
			  .role = ROLE_POOL_MOVE, .allocator = pool,
			  .freed = block_state(&taken) == BLOCK_LIVE ? &taken : NULL };
	record_made(h, &m);
}

void hook_map(const struct hook *h, enum role role, const void *p, size_t bytes, unsigned flags)
{
	struct thread *t = h->thread;
	hook_busy(h);
	uint32_t stack = capture(h);
	/* What is given up is told while paused too: it may have been recorded. */
	bool wanted = role == ROLE_MUNMAP || session_is_recording();
	if (wanted && thread_reserve(t, THREAD_ROOM)) {
		thread_tick(t);
		thread_put(t, event_word(EVENT_MAP, role, flags, bytes & EVENT_VALUE_MAX));
		thread_put(t, (uintptr_t)p);
		thread_put(t, stack);
		thread_publish(t);
	}
	hook_to_backend(h);
}

void hook_text(const struct hook *h, enum event_kind kind, unsigned type, uint32_t allocator,
	       const char *text)
{
	struct thread *t = h->thread;
	hook_busy(h);
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
