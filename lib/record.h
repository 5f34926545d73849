/* record.h - the life of a hook: guard, stack, block table, event.
 *
 * Inside the traced process. An allocating hook is
 *
 *	struct hook h;
 *	if (!hook_enter(&h))
 *		return backend(size);
 *	void *p = backend(size);
 *	hook_made(&h, p, size, ROLE_MALLOC);
 *	return p;
 *
 * and a releasing one calls hook_release() before the backend, so that the address cannot be
 * somebody else's by the time it is recorded. Nothing here touches errno: there is no libc call. */
#ifndef ALLOCTRACE_LIB_RECORD_H
#define ALLOCTRACE_LIB_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "lib/blocks.h"
#include "lib/judge.h"
#include "lib/thread.h"
#include "wire/roles.h"

/* What a function that the program's calls land in is marked with. */
#define AT_HOOK AT_EXPORT __attribute__((used))

struct hook {
	struct thread *thread;
	uintptr_t saved_guard;
	const uintptr_t *frame; /* the hook's frame: saved rbp, return address */
};

/* The functions that use this are compiled with frame pointers. Returns false for a call that is
 * not to be recorded; h->thread is then the thread if the backend calls from inside a hook. */
AT_ALWAYS_INLINE bool hook_enter_at(struct hook *h, const uintptr_t *frame)
{
	struct thread *t = thread_self;
	h->frame = frame;
	h->thread = t;
	if (AT_LIKELY(t->guard == GUARD_FREE)) {
		h->saved_guard = GUARD_FREE;
	} else {
		if (AT_LIKELY(thread_is_in_backend(t, (uintptr_t)h->frame)))
			return false;
		t = thread_enter_slow(t, (uintptr_t)h->frame, &h->saved_guard);
		h->thread = t;
		if (!t)
			return false;
	}
	thread_take_guard(t, h->frame, (uintptr_t)h->frame);
	return true;
}

AT_ALWAYS_INLINE bool hook_enter(struct hook *h)
{
	return hook_enter_at(h, __builtin_frame_address(0));
}

/* After hook_enter() said no: p was given out, or is going to be given back, without the block
 * table's knowledge. */
void hook_unseen_made(void *p);
void hook_unseen_release(void *p);

/* A block is given back from inside a hook that is about something else: an operator delete that was
 * replaced tidies up. */
void hook_nested_release(const struct hook *h, void *p);

/* p as the backend made it in a call that is not recorded. Inside a hook the last one is kept: if it
 * is not what that hook returns, somebody else got it (the exception that operator new throws, or what
 * an operator of the program's keeps for itself). */
AT_ALWAYS_INLINE void *hook_passed(const struct hook *h, void *p)
{
	if (AT_LIKELY(h->thread != NULL)) {
		if (AT_UNLIKELY(h->thread->nested_made != 0))
			thread_settle_nested(h->thread);
		h->thread->nested_made = (uintptr_t)p;
	} else if (p) {
		hook_unseen_made(p);
	}
	return p;
}

AT_ALWAYS_INLINE void hook_passed_release(const struct hook *h, void *p)
{
	if (AT_UNLIKELY(!h->thread))
		hook_unseen_release(p);
	else if (AT_UNLIKELY(h->thread->releasing != (uintptr_t)p))
		hook_nested_release(h, p);
}

/* From here to hook_leave() or hook_to_backend() the runtime works. */
AT_ALWAYS_INLINE void hook_busy(const struct hook *h)
{
	struct thread *t = h->thread;
	t->guard = GUARD_BUSY;
	at_signal_fence(); /* the guard first: no handler changes hook_frame after it was looked at */
	if (AT_UNLIKELY(t->hook_frame != h->frame)) /* a signal handler's hook had the guard */
		thread_take_busy(t, h->frame);
}

AT_ALWAYS_INLINE void hook_to_backend(const struct hook *h)
{
	at_signal_fence();
	h->thread->guard = (uintptr_t)h->frame;
}

/* After a backend's function that took a block: what it made meanwhile it keeps for itself. */
AT_ALWAYS_INLINE void hook_settle(const struct hook *h)
{
	if (AT_UNLIKELY(h->thread->nested_made != 0))
		thread_settle_nested(h->thread);
}

AT_ALWAYS_INLINE void hook_leave(const struct hook *h)
{
	at_signal_fence();
	h->thread->guard = h->saved_guard;
}

/* Records the block that the allocator made (0: the backend, else an instance): p is not NULL.
 * hook_leave() comes after it. */
void hook_record(const struct hook *h, void *p, size_t size, enum role role, uint32_t allocator);

/* The allocator had no memory: kept, for a crash that follows from it. */
void hook_failed(const struct hook *h, size_t size);

/* The same as hook_record(), and leaves the hook. p may be NULL: nothing happened. */
AT_ALWAYS_INLINE void hook_made(const struct hook *h, void *p, size_t size, enum role role)
{
	if (AT_LIKELY(p != NULL))
		hook_record(h, p, size, role, 0);
	else
		hook_failed(h, size);
	hook_leave(h);
}

/* Records that p is given back, and tells if that is wrong. Then the caller does what the outcome
 * says - FINDING_HANDED_ON: calls the backend; FINDING_TO_OWNER: calls the plain form of it, without
 * size and alignment; FINDING_SWALLOWED: nothing - and hook_leave() comes after it. */
enum finding_outcome hook_release(const struct hook *h, void *p, const struct release *r);

/* realloc: takes the record of p out before the backend works on it; *taken is not live if p was
 * not known. hook_reallocated() comes afterwards. FINDING_SWALLOWED: p is nothing that anybody may
 * see; the caller makes a fresh block and records that. FINDING_TO_OWNER: the realloc of the block's
 * own allocator, which *taken tells, is to be called instead. */
enum finding_outcome hook_take(const struct hook *h, void *p, const struct release *r,
			       struct block *taken);

/* Instead of hook_reallocated(), where the block stays as it was and no memory was missing. */
void hook_put_back(const struct hook *h, void *p, const struct block *taken);

/* Fills p (may be NULL), of size bytes, which a realloc makes instead of `from`, with what that held
 * if it is a block after all, but one whose allocator cannot move it, or if who mapped its memory is
 * known. Returns what the realloc ended: from, or NULL. */
void *hook_copy_taken(void *p, size_t size, const struct block *taken, void *from);

/* The program asks how large the block at p is, of the allocator of *r. What the caller then does:
 * FINDING_HANDED_ON: asks that allocator; else it was wrong to, and hook_answer() is the answer.
 * hook_leave() comes after it. */
enum finding_outcome hook_query(const struct hook *h, void *p, const struct release *r,
				struct block *b);

/* Of the block's own allocator, or if that cannot tell what was asked for once; 0 of what is no block. */
size_t hook_answer(void *p, enum finding_outcome outcome, const struct block *b);

/* What was made of it: what the allocator returned for old says what happened. NULL with size 0
 * means that old was freed (C17 leaves it open; glibc does that). hook_leave() comes after it. */
void hook_reallocated(const struct hook *h, const struct block *taken, void *old, void *p,
		      size_t size, enum role role, uint32_t allocator);

/* All blocks of the allocator that lie there are given back at once. Between hook_enter() and hook_leave(),
 * before the allocator does it. */
void hook_gone(const struct hook *h, uintptr_t from, size_t bytes, uint32_t allocator);

/* Blocks of pools (alloctrace.h). That one is given back twice is told; whose it is, is not asked: pools may
 * lie in each other. */
void hook_pool_made(const struct hook *h, uint32_t pool, void *p, size_t size);
void hook_pool_release(const struct hook *h, uint32_t pool, void *p);
void hook_pool_moved(const struct hook *h, uint32_t pool, void *old, void *p, size_t size);

/* The tool is told the instance's name, if it has not been: before the first block or finding of it. The
 * runtime works afterwards. */
void hook_announce(const struct hook *h, uint32_t allocator);

/* Memory mapped or unmapped at p (role says which). */
void hook_map(const struct hook *h, enum role role, const void *p, size_t bytes, unsigned flags);

/* A mark, scope or pool name: text is cut at EVENT_TEXT_MAX_BYTES. what: event_pool_what(), or 0. */
void hook_text(const struct hook *h, enum event_kind kind, unsigned type, uint32_t what,
	       const char *text);

#endif
