/* mapped.h - which code mapped this memory?
 *
 * Inside the traced process; signal-safe, lock-free, errno is left alone. Told by the hooks of mmap
 * and its like (hooks_map.c), always: an address that the block table does not know may lie in
 * memory that an allocator mapped whose own functions are not hooked.
 *
 * Only a caller's address is kept; which module that is, is worked out when it is asked for
 * (judge_mapped.c). What does not fit into the table is not known: nothing is told of it then. */
#ifndef ALLOCTRACE_LIB_MAPPED_H
#define ALLOCTRACE_LIB_MAPPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mapped {
	uintptr_t low, high; /* whole pages */
	uintptr_t caller;    /* the return address of the call that mapped it */
	uint16_t epoch;	     /* modules_epoch at that time */
};

/* After memory was mapped. Only the whole pages of it count. */
void mapped_add(uintptr_t low, size_t bytes, const struct mapped *by);

/* Before memory is unmapped, or mapped over: afterwards another thread may have it. Cuts regions in
 * pieces. */
void mapped_remove(uintptr_t low, size_t bytes);

/* False when nothing is known of the address, or two things are. */
bool mapped_find(uintptr_t address, struct mapped *out);

/* Where all that is known lies, for who reads it from outside: wire/memory_tables.h. */
void mapped_tables(uint64_t *ranges, uint64_t *makers);

#endif
