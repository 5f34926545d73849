/* thread.h - what the runtime keeps for each thread, and the guard of the hooks.
 *
 * Inside the traced process. A thread's record lives in memory that the kernel wipes in the
 * child of a fork (MADV_WIPEONFORK): there `limit` reads 0, the ring seems full, and the slow
 * path finds out that this is a new process. Static TLS holds one pointer; it starts at a shared
 * record whose guard sends the first event of a thread into the slow path. */
#ifndef ALLOCTRACE_LIB_THREAD_H
#define ALLOCTRACE_LIB_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/atomics.h"
#include "base/compiler.h"
#include "lib/blocks.h"
#include "lib/lock.h"
#include "lib/modules.h"
#include "lib/participant.h"
#include "lib/stack.h"
#include "wire/events.h"

/* The guard keeps the runtime from tracing what happens inside a hook. While the backend works,
 * it is the hook's stack address: calls from further down the same stack are the backend's own.
 * While the runtime itself works it is GUARD_BUSY: only a signal handler can come in then. */
enum {
	GUARD_FREE = 0,
	GUARD_BUSY = 1,
	GUARD_UNREGISTERED = 2,
	GUARD_OFF = 3,
	GUARD_FIRST_ADDRESS = 4096,
};

struct thread {
	uintptr_t guard;
	/* The hook that last took the guard: its frame, and the return address that the frame holds
	 * as long as the hook has not been left. Tells a longjmp out of it. */
	const uintptr_t *hook_frame;
	uintptr_t hook_caller;
	/* The ring: words are written at head & mask while head <= limit - what is needed. */
	uint64_t *words;
	uint64_t mask;
	uint64_t head;
	uint64_t limit; /* tail + capacity as last seen, or half a ring on; 0 after a fork */
	uint64_t counter;
	struct session_ring *ring;
	uint32_t slot;
	uint32_t tick_left;  /* events until the next TICK */
	uint32_t time;	     /* of the last TICK, as blocks keep it */
	uint32_t registered; /* 1; 0 after a fork */
	/* slot, as its blocks are made with; with BLOCK_IGNORED's bit while they are no leaks. */
	uint32_t block_slot;
	uint32_t leaks_off; /* so often that was asked for */
	/* The collector took nothing for too long: no more waiting until the tail is elsewhere
	 * than `starved_tail`. A program whose collector was killed would crawl otherwise. */
	bool starved;
	uint64_t starved_tail;
	/* The last hook that came in over another one's guard, on another stack: what an exception
	 * that leaves it gives back. */
	uintptr_t inner_frame;
	const uintptr_t *outer_frame;
	uintptr_t outer_caller;
	/* What a backend last made by calling a hook from inside one; 0: nothing, or it is settled. */
	uintptr_t nested_made;
	/* The last of it that an allocator with hooks of its own made, and its number. */
	uintptr_t passed_made;
	uint32_t passed_allocator;
	/* What was last given to a releasing hook: the backend may give it to another one. */
	uintptr_t releasing;
	uint32_t tid;
	/* The last allocation that failed, and when; 0 bytes: not known, it threw an exception. */
	uint64_t failed_bytes, failed_tsc;
	struct lock_holder locks;
	struct stack stack;
};

extern __thread struct thread *thread_self __attribute__((tls_model("initial-exec")));

/* The most words that one recorded operation takes: a TICK, a FREE and an ALLOC. */
enum { THREAD_ROOM = 8 };

/* For a guard that is not free: the thread's record if the call is to be traced all the same (a
 * thread's first call registers it and gives it a ring), and in *saved what the guard goes back to
 * when the hook is left; otherwise NULL. sp is the hook's frame. */
struct thread *thread_enter_slow(struct thread *t, uintptr_t sp, uintptr_t *saved);

/* What nested_made says is not what a hook returns: somebody else has got it. From inside a hook. */
void thread_settle_nested(struct thread *t);

/* An exception leaves the hook that has the guard. Its frame is on the calling stack. */
void thread_unwound(struct thread *t);

/* The common case of thread_enter_slow(), and then it says no: a call from the backend, further down
 * the stack of the hook that has the guard and that has not been left. */
static inline bool thread_is_in_backend(const struct thread *t, uintptr_t sp)
{
	const struct stack_region *stack = &t->stack.regions[0];
	return sp < t->guard && sp >= stack->low && t->guard < stack->high &&
	       t->guard == (uintptr_t)t->hook_frame && t->hook_frame[1] == t->hook_caller;
}

/* Makes room for `words` in the ring: waits for the collector, or counts a loss. */
bool thread_reserve_slow(struct thread *t, unsigned words);

/* Tells the collector where a module lies. Only while the guard is GUARD_BUSY. */
void thread_announce_module(const struct module *m);

/* A signal may come in between two stores: what belongs to a guard is there before it. A hook of the
 * handler leaves its own frame in hook_frame. That is why it is the first: wherever the handler came
 * in, and whatever else it changed, hook_frame tells (hook_busy()). */
AT_ALWAYS_INLINE void thread_take_guard(struct thread *t, const uintptr_t *frame, uintptr_t guard)
{
	t->hook_frame = frame;
	at_signal_fence();
	t->hook_caller = frame[1];
	at_signal_fence();
	t->guard = guard;
}

/* Takes GUARD_BUSY for the hook at frame, after another one has had the guard: until no handler
 * came in between. A guard with another hook's frame would let the next handler believe that the
 * runtime was left (thread_enter_slow()). This hook has nothing half done yet. */
AT_ALWAYS_INLINE void thread_take_busy(struct thread *t, const uintptr_t *frame)
{
	do {
		thread_take_guard(t, frame, GUARD_BUSY);
		at_signal_fence();
	} while (t->hook_frame != frame);
}

static inline bool thread_reserve(struct thread *t, unsigned words)
{
	return AT_LIKELY(t->head + words <= t->limit) || thread_reserve_slow(t, words);
}

static inline void thread_put(struct thread *t, uint64_t word)
{
	t->words[t->head++ & t->mask] = word;
}

/* Two words that belong together. */
static inline void thread_put_two(struct thread *t, uint64_t first, uint64_t second)
{
	uint64_t head = t->head, mask = t->mask, *words = t->words;
	words[head & mask] = first;
	words[(head + 1) & mask] = second;
	t->head = head + 2;
}

/* Now, as blocks keep it. */
static inline void thread_set_time(struct thread *t, uint64_t clock)
{
	t->tick_left = EVENT_TICK_INTERVAL - 1;
	t->time = clock >> BLOCK_TIME_SHIFT & ((1u << BLOCK_TIME_BITS) - 1);
}

static inline void thread_tick(struct thread *t)
{
	if (AT_LIKELY(t->tick_left-- != 0))
		return;
	uint64_t now = session_clock();
	thread_set_time(t, now);
	thread_put(t, (now & ~UINT64_C(15)) | EVENT_TICK);
}

/* The same without the event, for a thread that records nothing. */
static inline void thread_note_time(struct thread *t)
{
	if (AT_UNLIKELY(t->tick_left-- == 0))
		thread_set_time(t, session_clock());
}

static inline void thread_publish(struct thread *t)
{
	at_store_release(&t->ring->head, t->head);
}

#endif
