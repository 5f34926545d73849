/* thread_memory.h - the memory that glibc keeps for threads, from its own lists of it: of threads
 * that run, of those that have ended and that nobody has joined yet, and what it keeps of others
 * for the next ones.
 *
 * No offsets of a version of glibc: the lists are circles through the data of ld.so or the thread
 * library, a struct pthread begins with its own address, and where its stack lies stands in it. */
#ifndef ALLOCTRACE_SCAN_THREAD_MEMORY_H
#define ALLOCTRACE_SCAN_THREAD_MEMORY_H

#include "scan/address_space.h"

struct thread_memory {
	uint64_t thread_pointer;
	struct scan_range stack; /* with the thread-local storage on top; empty: not known */
	bool is_running;
	bool is_unjoined; /* its result is still wanted */
};

struct thread_memory_list {
	struct thread_memory *list; /* by rising thread pointer */
	size_t count, cap;
};

void thread_memory_find(struct thread_memory_list *l, const struct scan_target *target,
			const struct address_space *space, struct read_cache *cache);
/* NULL: glibc does not list it. */
const struct thread_memory *thread_memory_of(const struct thread_memory_list *l,
					     uint64_t thread_pointer);
void thread_memory_release(struct thread_memory_list *l);

#endif
