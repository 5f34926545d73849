/* lock.h - the runtime's only lock: a spin lock that survives fork.
 *
 * Inside the traced process, held for some tens of instructions (a system call more when memory
 * has to be had) and never while the program's or libc's code runs, so no caller of a hook can
 * hold one. Rank: a page of blocks.c before slab.c; modules.c takes no other. A child of fork()
 * inherits the locks of threads that it does not have; therefore a lock holds the fork generation
 * of its owner, and one of an older generation counts as free: what it protected may be half done
 * in at most one record, which every user of this lock tolerates. A signal handler cannot meet a
 * lock of its own thread: the guard of thread.h keeps it out. Waiting spins briefly, then sleeps,
 * so that a waiter of higher priority cannot starve the owner. */
#ifndef ALLOCTRACE_LIB_LOCK_H
#define ALLOCTRACE_LIB_LOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/atomics.h"
#include "base/compiler.h"

/* 1 at the start, one more in each generation of children; never 0. Written by the only thread
 * of a process. */
extern uint8_t lock_generation;

/* glibc (2.32 and later) clears this before the process gets its second thread. While it is set, a
 * lock is taken with a plain store: an atomic exchange would be a fifth of the cost of an event. */
extern char __libc_single_threaded __attribute__((weak));

static inline bool lock_is_single_threaded(void)
{
	return &__libc_single_threaded && at_load_relaxed(&__libc_single_threaded);
}

/* Between two looks at a lock that somebody holds; *tries counts them, from 0. */
void lock_pause(unsigned *tries);

/* Frees all locks: their owners are gone. Only while there is one thread. */
static inline void lock_forget_owners(void)
{
	if (++lock_generation == 0)
		lock_generation = 1;
}

static inline void lock_acquire(uint8_t *lock)
{
	unsigned tries = 0;
	if (lock_is_single_threaded()) {
		at_store_relaxed(lock, lock_generation);
		return;
	}
	for (;;) {
		uint8_t seen = at_load_relaxed(lock);
		if (seen != lock_generation && at_cas_acq_rel(lock, &seen, lock_generation))
			return;
		lock_pause(&tries);
	}
}

static inline void lock_release(uint8_t *lock)
{
	at_store_release(lock, (uint8_t)0);
}

#endif
