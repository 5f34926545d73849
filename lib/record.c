/* record.c - see record.h. */
#include "lib/record.h"

#include <stdlib.h>

#include "base/hash.h"
#include "lib/block_table.h"
#include "lib/crash.h"
#include "lib/doubt.h"
#include "lib/judge.h"
#include "lib/judge_mapped.h"
#include "lib/modules.h"
#include "lib/one_heap.h"
#include "lib/points.h"
#include "lib/regions.h"
#include "lib/tell.h"
#include "lib/tell_here.h"
#include "lib/wrappers.h"

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
	thread_put_two(t, event_word(EVENT_ALLOC, block_role(b), flags, size),
		       block_stack(b) | (uint64_t)block_allocator(b) << 32);
	at_signal_fence(); /* for recover() in thread.c: not counted before t->head says so */
	t->counter++;
}

static inline void put_free(struct thread *t, const struct block *b, uint32_t site,
			    enum role role, unsigned flags)
{
	thread_tick(t);
	thread_put_two(t, event_word(EVENT_FREE, role, flags, block_counter(b)),
		       site | (uint64_t)block_slot(b) << 32);
}

/* The counter after the head, by which recover() tells whether the event is out; if the process is
 * killed between the two, the collector knows better. */
static inline void publish(struct thread *t)
{
	thread_publish(t);
	at_signal_fence();
	at_store_relaxed(&t->ring->counter, t->counter);
}

enum loss { LOST_ALLOC, LOST_FREE, UNTRACKED_FREE, UNJUDGED_RELEASE };

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
	uint64_t *const counters[] = {
		[LOST_ALLOC] = &process->lost_allocs,
		[LOST_FREE] = &process->lost_frees,
		[UNTRACKED_FREE] = &process->untracked_frees,
		[UNJUDGED_RELEASE] = &process->unjudged_releases,
	};
	at_add_relaxed(counters[loss], UINT64_C(1));
}

/* What was made where, and what it replaces. Functions that are seldom called take a copy: then it is
 * known where it is used most that nobody changes it. */
struct made {
	enum block_space space;
	void *p;
	uint64_t size;
	enum role role;
	uint32_t allocator;
	const struct block *freed; /* NULL, or the block that a realloc ended */
};

/* The table has to know a block that is not in the trace, too: a release of it is right. */
AT_ALWAYS_INLINE void keep_unrecorded(struct thread *t, const struct made *m, uint32_t stack)
{
	struct block b = block_unrecorded(
		block_make(m->role, t->block_slot, m->allocator, t->time, stack, m->size, 0));
	if (AT_UNLIKELY(!block_table_insert(m->space, (uintptr_t)m->p, &b)))
		blocks_forget_freed(m->space, (uintptr_t)m->p);
}

static AT_COLD void lose_made(struct thread *t, struct made m, uint32_t stack)
{
	count_lost(t, LOST_ALLOC);
	if (m.freed)
		count_lost(t, LOST_FREE);
	keep_unrecorded(t, &m, stack);
}

/* What the backend made inside the hook is what the hook returns, or it has got out another way. */
static inline void settle_nested(struct thread *t, uintptr_t returned)
{
	uintptr_t nested = t->nested_made;
	t->nested_made = 0;
	if (AT_UNLIKELY(nested != returned && nested != 0))
		blocks_forget_freed(BLOCK_SPACE_HEAP, nested);
}

/* Nothing is recorded: the table knows the block all the same, and where nothing is recorded from the
 * start to the end, its stack and its time. */
static AT_NOINLINE void make_unrecorded(const struct hook *h, struct made m)
{
	struct thread *t = h->thread;
	uint32_t stack = NODE_UNKNOWN;
	settle_nested(t, (uintptr_t)m.p);
	if (!t->registered) /* a child of fork: as which thread, is to be known */
		(void)thread_reserve(t, THREAD_ROOM);
	if (thread_self != t)
		return; /* and not followed */
	if (session_is_checking()) {
		thread_note_time(t);
		stack = capture(h);
	}
	keep_unrecorded(t, &m, stack);
}

AT_ALWAYS_INLINE void record_made_at(const struct hook *h, const struct made *m)
{
	struct thread *t = h->thread;
	settle_nested(t, (uintptr_t)m->p);
	uint32_t stack = capture(h);
	uint32_t site = m->freed ? capture_site(h) : 0;
	if (AT_UNLIKELY(!thread_reserve(t, THREAD_ROOM))) {
		lose_made(t, *m, stack);
		return;
	}
	if (m->freed)
		put_free(t, m->freed, site, m->role, EVENT_FLAG_REALLOC);
	thread_tick(t);
	struct block b = block_make(m->role, t->block_slot, m->allocator, t->time, stack, m->size,
				    t->counter);
	/* Without a record its free would not be known, and it would seem to live for ever. */
	if (AT_LIKELY(block_table_insert(m->space, (uintptr_t)m->p, &b))) {
		put_alloc(t, &b, m->size, m->freed ? EVENT_FLAG_REALLOC : 0);
	} else {
		count_lost(h->thread, LOST_ALLOC);
		blocks_forget_freed(m->space, (uintptr_t)m->p);
	}
	publish(t);
}

static AT_NOINLINE void record_made(const struct hook *h, const struct made *m)
{
	record_made_at(h, m);
}

/* By far the most: what is always so of these is known when it is compiled. */
void hook_record(const struct hook *h, void *p, size_t size, enum role role, uint32_t allocator)
{
	struct made m = { .space = BLOCK_SPACE_HEAP, .p = p, .size = size, .role = role,
			  .allocator = allocator };
	hook_busy(h);
	if (AT_LIKELY(session_is_recording()))
		record_made_at(h, &m);
	else
		make_unrecorded(h, m);
}

AT_COLD void hook_failed(const struct hook *h, size_t size)
{
	h->thread->failed_bytes = size;
	h->thread->failed_tsc = session_clock();
}

/* Set when a signal handler has called in while the runtime worked: the block table is not to be
 * touched then, and what it says of freed blocks may not be true any more. */
static bool freed_is_doubtful;

void hook_unseen_made(void *p)
{
	uintptr_t guard = thread_self->guard;
	if (guard == GUARD_BUSY)
		at_store_relaxed(&freed_is_doubtful, true);
	else if (guard >= GUARD_FIRST_ADDRESS)
		thread_self->nested_made = (uintptr_t)p;
	else
		blocks_forget_freed(BLOCK_SPACE_HEAP, (uintptr_t)p);
}

void hook_unseen_release(void *p)
{
	struct block ignored;
	uintptr_t guard = thread_self->guard;
	if (guard == GUARD_BUSY)
		at_store_relaxed(&freed_is_doubtful, true);
	else if (guard < GUARD_FIRST_ADDRESS)
		blocks_remove(BLOCK_SPACE_HEAP, (uintptr_t)p, NODE_UNKNOWN, 0, &ignored);
}

AT_ALWAYS_INLINE void record_freed(const struct hook *h, const struct block *b, uint32_t site,
				   enum role role)
{
	if (AT_UNLIKELY(!thread_reserve(h->thread, THREAD_ROOM))) {
		count_lost(h->thread, LOST_FREE);
		return;
	}
	put_free(h->thread, b, site, role, 0);
	publish(h->thread);
}

AT_COLD void hook_nested_release(const struct hook *h, void *p)
{
	struct thread *t = h->thread;
	uintptr_t guard = t->guard;
	struct block b;
	if (!p || guard < GUARD_FIRST_ADDRESS)
		return;
	t->guard = GUARD_BUSY;
	at_signal_fence();
	uint32_t site = capture_site(h);
	if (blocks_remove(BLOCK_SPACE_HEAP, (uintptr_t)p, site, t->slot, &b) == BLOCK_LIVE)
		record_freed(h, &b, site, ROLE_FREE);
	at_signal_fence();
	t->guard = guard;
}

static bool is_one_heap(const struct hook *h, const struct release *r, const struct finding *f)
{
	struct one_heap_question q = { f->allocator, r->allocator, f->made_role, r->role };
	return f->made_role < ROLE_POOL_ALLOC && one_heap(h, &q);
}

static bool is_wrong(const struct hook *h, const struct release *r, const void *p,
		     enum block_state state, const struct block *b, struct finding *f)
{
	/* The child of a fork finds out here, if not before, that it is one. */
	if (!h->thread->registered)
		(void)thread_reserve(h->thread, THREAD_ROOM);
	if (thread_self != h->thread)
		return false; /* and not followed */
	const struct stack_region *stack =
		regions_find(h->thread->stack.regions, (uintptr_t)h->frame);
	struct judge_place place = { .frame = (uintptr_t)h->frame, .stack = &h->thread->stack };
	caller_of(h, &place.caller);
	if (stack) {
		place.stack_low = stack->low;
		place.stack_high = stack->high;
	}
	if (!judge_release(r, (uintptr_t)p, state, b, &place, f))
		return false;
	if (f->class == FINDING_CROSS && f->flags & FINDING_HAS_BLOCK && is_one_heap(h, r, f)) {
		struct release same = *r;
		same.allocator = f->allocator;
		if (wrappers_hand_on(f->allocator) || wrappers_hand_on(r->allocator) ||
		    !judge_release(&same, (uintptr_t)p, state, b, &place, f))
			return false;
	}
	if ((f->class == FINDING_DOUBLE || f->class == FINDING_INTERIOR) &&
	    at_load_relaxed(&freed_is_doubtful))
		return false;
	if (doubt_finding(f, h->frame[1])) {
		count_lost(h->thread, UNJUDGED_RELEASE);
		return false;
	}
	return tell_policy(f) != FINDING_IGNORE;
}

static _Noreturn void end_program(const struct hook *h)
{
	session_wake_collector();
	crash_expect_abort();
	hook_leave(h);
	abort();
}

static enum finding_outcome tell(const struct hook *h, struct finding *f, uint32_t site)
{
	struct thread *t = h->thread;
	bool to_end = tell_policy(f) == FINDING_ABORT;
	if (f->flags & FINDING_HAS_BLOCK)
		f->age = ((uint32_t)(session_clock() >> FINDING_AGE_SHIFT) - f->age) &
			 ((1u << FINDING_AGE_BITS) - 1);
	if (to_end)
		f->outcome = FINDING_ABORTED;
	bool is_here = session_lost_collector();
	if (tell_is_first(f, site)) {
		if (f->flags & FINDING_IN_REGION)
			hook_announce(h, f->allocator);
		if (f->class == FINDING_CROSS || f->class == FINDING_GONE)
			hook_announce(h, (uint32_t)f->argument);
		f->stack = capture(h);
		if (is_here)
			tell_here(f);
		else
			tell_write(t, f);
	}
	if (to_end)
		end_program(h);
	return (enum finding_outcome)f->outcome;
}

/* To the allocator that made it, of whose functions the program did not call one. */
static enum finding_outcome give_to_owner(const struct hook *h, void *p, uint32_t allocator)
{
	void (*theirs)(void *) = points_function(allocator, ROLE_FREE);
	hook_to_backend(h);
	if (theirs)
		theirs(p);
	return FINDING_SWALLOWED;
}

/* A release of what is no live recorded block, or not the right one for it. */
static AT_COLD enum finding_outcome release_otherwise(const struct hook *h, void *p,
						      const struct release *r,
						      enum block_state state,
						      const struct block *b, uint32_t site)
{
	struct finding f = { .class = FINDING_CLASSES };
	enum finding_outcome outcome = FINDING_HANDED_ON;
	if (is_wrong(h, r, p, state, b, &f))
		outcome = tell(h, &f, site);
	if (state == BLOCK_LIVE)
		record_freed(h, b, site, r->role);
	else if (outcome != FINDING_SWALLOWED)
		count_lost(h->thread, UNTRACKED_FREE);
	if (f.class == FINDING_CROSS && outcome == FINDING_TO_OWNER)
		return give_to_owner(h, p, block_allocator(b));
	if (f.class == FINDING_GONE)
		outcome = FINDING_SWALLOWED;
	hook_to_backend(h);
	return outcome;
}

enum finding_outcome hook_release(const struct hook *h, void *p, const struct release *r)
{
	struct thread *t = h->thread;
	struct block b;
	hook_busy(h);
	t->releasing = (uintptr_t)p;
	uint32_t site = capture_site(h);
	enum block_state state =
		block_table_remove(BLOCK_SPACE_HEAP, (uintptr_t)p, site, t->slot, &b);
	if (AT_UNLIKELY(!block_is_live(state) || !judge_is_right(r, (uintptr_t)p, &b)))
		return release_otherwise(h, p, r, state, &b, site);
	if (AT_LIKELY(state == BLOCK_LIVE))
		record_freed(h, &b, site, r->role);
	else if (session_is_recording() || !t->registered)
		count_lost(t, UNTRACKED_FREE);
	hook_to_backend(h);
	return FINDING_HANDED_ON;
}

enum finding_outcome hook_take(const struct hook *h, void *p, const struct release *r,
			       struct block *taken)
{
	enum finding_outcome outcome = FINDING_HANDED_ON;
	hook_busy(h);
	h->thread->releasing = (uintptr_t)p;
	uint32_t site = capture_site(h);
	enum block_state state = blocks_remove(BLOCK_SPACE_HEAP, (uintptr_t)p, site,
					       h->thread->slot, taken);
	struct finding f;
	if (AT_UNLIKELY((state != BLOCK_LIVE || !judge_is_right(r, (uintptr_t)p, taken)) &&
			is_wrong(h, r, p, state, taken, &f)))
		outcome = tell(h, &f, site);
	if (state == BLOCK_UNKNOWN || state == BLOCK_FREED)
		taken->meta = BLOCK_UNKNOWN;
	hook_to_backend(h);
	return outcome;
}

void *hook_copy_taken(void *p, size_t size, const struct block *taken, void *from)
{
	if (!block_is_live(block_state(taken))) {
		judge_mapped_rescue(p, (uintptr_t)from, size);
		return NULL;
	}
	if (p)
		__builtin_memcpy(p, from, size < block_size(taken) ? size : block_size(taken));
	return from;
}

enum finding_outcome hook_query(const struct hook *h, void *p, const struct release *r,
				struct block *b)
{
	enum finding_outcome outcome = FINDING_HANDED_ON;
	struct finding f;
	hook_busy(h);
	enum block_state state = blocks_look(BLOCK_SPACE_HEAP, (uintptr_t)p, b);
	if (AT_UNLIKELY((!block_is_live(state) || !judge_is_right(r, (uintptr_t)p, b)) &&
			is_wrong(h, r, p, state, b, &f)))
		outcome = tell(h, &f, capture_site(h));
	hook_to_backend(h);
	return outcome;
}

size_t hook_answer(void *p, enum finding_outcome outcome, const struct block *b)
{
	if (outcome != FINDING_TO_OWNER)
		return 0;
	size_t (*theirs)(void *) = points_function(block_allocator(b), ROLE_USABLE_SIZE);
	return theirs ? theirs(p) : block_size(b);
}

static void moved(const struct hook *h, const struct block *taken, void *p, size_t size,
		  enum role role, uint32_t allocator)
{
	bool live = block_state(taken) == BLOCK_LIVE;
	struct made m = { .space = BLOCK_SPACE_HEAP, .p = p, .size = size, .role = role,
			  .allocator = allocator, .freed = live ? taken : NULL };
	hook_busy(h);
	if (!live)
		count_lost(h->thread, UNTRACKED_FREE);
	if (AT_LIKELY(session_is_recording())) {
		record_made(h, &m);
		return;
	}
	if (live)
		record_freed(h, taken, capture_site(h), role);
	make_unrecorded(h, m);
}

void hook_put_back(const struct hook *h, void *p, const struct block *taken)
{
	hook_busy(h);
	if (block_state(taken) != BLOCK_UNKNOWN)
		blocks_insert(BLOCK_SPACE_HEAP, (uintptr_t)p, taken);
}

static void not_moved(const struct hook *h, void *p, const struct block *taken, size_t size)
{
	hook_put_back(h, p, taken);
	hook_failed(h, size);
}

static void taken_freed(const struct hook *h, const struct block *taken, enum role role)
{
	hook_busy(h);
	if (block_state(taken) == BLOCK_LIVE)
		record_freed(h, taken, capture_site(h), role);
	else
		count_lost(h->thread, UNTRACKED_FREE);
}

void hook_reallocated(const struct hook *h, const struct block *taken, void *old, void *p,
		      size_t size, enum role role, uint32_t allocator)
{
	if (!old) {
		if (p)
			hook_record(h, p, size, role, allocator);
		else
			hook_failed(h, size);
	} else if (p) {
		moved(h, taken, p, size, role, allocator);
	} else if (size == 0) {
		taken_freed(h, taken, role);
	} else {
		not_moved(h, old, taken, size);
	}
}

void hook_gone(const struct hook *h, uintptr_t from, size_t bytes, uint32_t allocator)
{
	const uintptr_t end = from + bytes;
	struct block b;
	hook_busy(h);
	uint32_t site = capture_site(h);
	for (uintptr_t p; (p = blocks_find_from(BLOCK_SPACE_HEAP, from, end, &b)); from = p + 1)
		if (block_allocator(&b) == allocator &&
		    blocks_remove(BLOCK_SPACE_HEAP, p, site, h->thread->slot, &b) == BLOCK_LIVE)
			record_freed(h, &b, site, ROLE_FREE);
	hook_to_backend(h);
}

static void pool_made(const struct hook *h, const struct made *m)
{
	if (AT_LIKELY(session_is_recording()))
		record_made(h, m);
	else
		make_unrecorded(h, *m);
}

void hook_pool_made(const struct hook *h, uint32_t pool, void *p, size_t size)
{
	struct made m = { .space = BLOCK_SPACE_POOL, .p = p, .size = size,
			  .role = ROLE_POOL_ALLOC, .allocator = pool };
	if (!p)
		return;
	hook_busy(h);
	pool_made(h, &m);
}

static AT_COLD void tell_pool_double(const struct hook *h, const struct release *r, void *p,
				     const struct block *b, uint32_t site)
{
	struct finding f;
	if (!is_wrong(h, r, p, BLOCK_FREED, b, &f))
		return;
	f.outcome = FINDING_HANDED_ON; /* the pool does as it likes */
	tell(h, &f, site);
}

/* Takes the record of a pool's block out. A block of another pool stays: the first one of an arena that is
 * itself a block of a pool has the same address. */
static enum block_state take_pool(const struct hook *h, const struct release *r, void *p,
				  struct block *b)
{
	enum block_state state = blocks_look(BLOCK_SPACE_POOL, (uintptr_t)p, b);
	uint32_t site = capture_site(h);
	if (state == BLOCK_UNKNOWN || block_allocator(b) != r->allocator)
		return BLOCK_UNKNOWN;
	state = blocks_remove(BLOCK_SPACE_POOL, (uintptr_t)p, site, h->thread->slot, b);
	if (AT_UNLIKELY(state == BLOCK_FREED))
		tell_pool_double(h, r, p, b, site);
	return state;
}

void hook_pool_release(const struct hook *h, uint32_t pool, void *p)
{
	const struct release r = { ROLE_POOL_FREE, RELEASE_NO_SIZE, 0, pool, 0 };
	struct block b;
	if (!p)
		return;
	hook_busy(h);
	if (take_pool(h, &r, p, &b) == BLOCK_LIVE)
		record_freed(h, &b, capture_site(h), ROLE_POOL_FREE);
	else
		count_lost(h->thread, UNTRACKED_FREE);
}

void hook_pool_moved(const struct hook *h, uint32_t pool, void *old, void *p, size_t size)
{
	const struct release r = { ROLE_POOL_MOVE, RELEASE_NO_SIZE, 0, pool, 0 };
	struct block taken;
	if (!p)
		return;
	hook_busy(h);
	bool live = old && take_pool(h, &r, old, &taken) == BLOCK_LIVE;
	bool is_recording = session_is_recording();
	if (AT_UNLIKELY(!is_recording) && live)
		taken_freed(h, &taken, ROLE_POOL_MOVE);
	struct made m = { .space = BLOCK_SPACE_POOL, .p = p, .size = size,
			  .role = ROLE_POOL_MOVE, .allocator = pool,
			  .freed = is_recording && live ? &taken : NULL };
	pool_made(h, &m);
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

void hook_text(const struct hook *h, enum event_kind kind, unsigned type, uint32_t what,
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
	thread_put(t, event_text_word(kind, type, (unsigned)len, what));
	for (size_t at = 0; at < len; at += 8) {
		uint64_t word = 0;
		__builtin_memcpy(&word, text + at, len - at < 8 ? len - at : 8);
		thread_put(t, word);
	}
	publish(t);
}

void hook_announce(const struct hook *h, uint32_t allocator)
{
	const struct instance *i = points_unannounced(allocator);
	if (i)
		hook_text(h, EVENT_POOL, POOL_INSTANCE,
			  event_pool_what(i->allocator, modules[i->module].id + 1), i->name);
}
