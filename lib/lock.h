/* lock.h - the runtime's only lock: a spin lock that survives fork.
 *
 * Inside the traced process, held for some tens of instructions (a system call more when memory
 * has to be had) and never while the program's or libc's code runs, so no caller of a hook can
 * hold one. Rank: a page of blocks.c before slab.c; modules.c takes no other. A signal handler
 * cannot meet a lock of its own thread: the guard of thread.h keeps it out. Waiting spins briefly,
 * then sleeps, so that a waiter of higher priority cannot starve the owner.
 *
 * An owner may never come back. What its lock protected is then half done in at most one record,
 * which every user of this lock tolerates, and the lock becomes free again:
 *  - a child of fork() inherits the locks of threads that it does not have; therefore a lock holds
 *    the fork generation of its owner, and one of an older generation counts as free;
 *  - a signal handler that left by longjmp: the thread itself finds out (thread.c) and gives back
 *    what its holder says;
 *  - a thread that was cancelled or ended there: who waits for long looks for such (thread.c). */
#ifndef ALLOCTRACE_LIB_LOCK_H
#define ALLOCTRACE_LIB_LOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/atomics.h"
#include "base/compiler.h"

/* 1 at the start, one more in each generation of children; never 0. Written by the only thread
 * of a process. */
extern AT_HIDDEN uint8_t lock_generation;

/* Points to glibc's (2.32 and later) __libc_single_threaded, which is cleared before the process
 * gets its second thread; elsewhere to a 0. While it is set, locks are not taken at all: an atomic
 * exchange would be a fifth of the cost of an event. Nobody becomes a second thread while the
 * first holds a lock. */
extern AT_HIDDEN const char *lock_single_threaded;

static inline bool lock_is_single_threaded(void)
{
	return at_load_relaxed(lock_single_threaded) != 0;
}

/* At the start of the runtime. */
void lock_init(void);

/* Which locks a thread has or is about to take: one of pages or modules, and the slab's inside it.
 * Written by the thread alone, and kept up only in a process with several threads. `held` without
 * a doubt says that it has the lock; `wanted` alone, that it waits for it, or has got it this
 * instruction, or gave it back. */
enum { LOCK_RANKS = 2 };

struct lock_holder {
	uint8_t *wanted[LOCK_RANKS];
	uint8_t *held[LOCK_RANKS];
};

/* The calling thread's; one that nobody looks at until the thread has a record. */
extern __thread struct lock_holder *lock_self __attribute__((tls_model("initial-exec")));

/* Takes a lock that somebody holds. */
void lock_wait(uint8_t *lock);

/* Gives back what a holder has that will never do so itself: the thread left the runtime, or is
 * dead. is_others() tells whether another one holds a lock. */
void lock_abandon(struct lock_holder *gone, bool (*is_others)(const uint8_t *lock));

/* Set by thread.c: somebody has waited for long. */
extern void (*lock_waits_long)(uint8_t *lock);

/* Frees all locks: their owners are gone. Only while there is one thread. */
static inline void lock_forget_owners(void)
{
	if (++lock_generation == 0)
		lock_generation = 1;
}

AT_ALWAYS_INLINE bool lock_try(uint8_t *lock)
{
	uint8_t seen = at_load_relaxed(lock);
	return seen != lock_generation && at_cas_acq_rel(lock, &seen, lock_generation);
}

AT_ALWAYS_INLINE void lock_acquire_ranked(uint8_t *lock, unsigned rank)
{
	if (lock_is_single_threaded())
		return;
	struct lock_holder *self = lock_self;
	at_store_relaxed(&self->wanted[rank], lock);
	at_signal_fence();
	if (!lock_try(lock))
		lock_wait(lock);
	at_store_relaxed(&self->held[rank], lock);
	at_signal_fence();
}

AT_ALWAYS_INLINE void lock_release_ranked(uint8_t *lock, unsigned rank)
{
	/* Looked at rather than stored to where it was not taken: what lies beside it in a word could not
	 * be loaded with it before that store is done, some 20 cycles later. */
	if (lock_is_single_threaded() && AT_LIKELY(at_load_relaxed(lock) == 0))
		return;
	at_signal_fence();
	at_store_relaxed(&lock_self->held[rank], NULL);
	at_store_release(lock, (uint8_t)0);
}

static inline void lock_acquire(uint8_t *lock)
{
	lock_acquire_ranked(lock, 0);
}

static inline void lock_release(uint8_t *lock)
{
	lock_release_ranked(lock, 0);
}

/* For the one that is taken inside another. */
static inline void lock_acquire_inner(uint8_t *lock)
{
	lock_acquire_ranked(lock, 1);
}

static inline void lock_release_inner(uint8_t *lock)
{
	lock_release_ranked(lock, 1);
}

#endif
