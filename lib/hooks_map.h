/* hooks_map.h - calls of libc's mmap and its like that do not pass the runtime's functions.
 *
 * Inside the traced process; in any context in which a program may call mmap. */
#ifndef ALLOCTRACE_LIB_HOOKS_MAP_H
#define ALLOCTRACE_LIB_HOOKS_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/roles.h"

struct hooks_map_call {
	enum role role;	  /* MMAP, MUNMAP, MREMAP or SBRK */
	void *original;	  /* the function, behind its hook */
	bool is_libc;	  /* its own call: nobody else's memory, but no longer who had it before */
	uintptr_t caller; /* the return address */
	const uintptr_t *arguments; /* six */
};

/* Does it, notes it (mapped.h), and returns what it returned. No event. */
uintptr_t hooks_map_do(const struct hooks_map_call *c);

#endif
