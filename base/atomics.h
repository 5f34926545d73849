/* atomics.h - atomic operations named by their memory order.
 *
 * The only place where memory orders are spelled out. "relaxed" is for counters and for values
 * that carry no other data; "acquire"/"release" publish what was written before. They work on
 * plain integer objects in shared memory, so layouts stay plain C structs. Signal-safe. */
#ifndef ALLOCTRACE_BASE_ATOMICS_H
#define ALLOCTRACE_BASE_ATOMICS_H

#include <stdbool.h>

#define at_load_relaxed(p) __atomic_load_n((p), __ATOMIC_RELAXED)
#define at_load_acquire(p) __atomic_load_n((p), __ATOMIC_ACQUIRE)
#define at_store_relaxed(p, v) __atomic_store_n((p), (v), __ATOMIC_RELAXED)
#define at_store_release(p, v) __atomic_store_n((p), (v), __ATOMIC_RELEASE)
#define at_add_relaxed(p, v) __atomic_fetch_add((p), (v), __ATOMIC_RELAXED)
#define at_and_relaxed(p, v) __atomic_fetch_and((p), (v), __ATOMIC_RELAXED)
#define at_or_relaxed(p, v) __atomic_fetch_or((p), (v), __ATOMIC_RELAXED)
#define at_exchange_acq_rel(p, v) __atomic_exchange_n((p), (v), __ATOMIC_ACQ_REL)
/* *expected is updated when the exchange fails, as in C11. */
#define at_cas_acq_rel(p, expected, desired) \
	__atomic_compare_exchange_n((p), (expected), (desired), false, __ATOMIC_ACQ_REL, \
				    __ATOMIC_ACQUIRE)
#define at_fence_seq_cst() __atomic_thread_fence(__ATOMIC_SEQ_CST)
/* Keeps the compiler from moving accesses across a point where a signal may come in. */
#define at_signal_fence() __atomic_signal_fence(__ATOMIC_SEQ_CST)

#endif
