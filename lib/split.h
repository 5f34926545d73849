/* split.h - functions of malloc's family that the backend does not define: the search for them goes
 * on, and the C library's serve the program, with a heap that the backend's free knows nothing of.
 *
 * Inside the traced process. Only for backends that are known allocators: what stands in for malloc
 * in another way may hand on to the C library, and then all is one heap. */
#ifndef ALLOCTRACE_LIB_SPLIT_H
#define ALLOCTRACE_LIB_SPLIT_H

#include <stdint.h>

#include "base/atomics.h"
#include "base/compiler.h"
#include "lib/points.h"

/* Who serves the role, by role; NULL: the backend. Written at the start. */
extern struct instance *split_owners[ROLE_COUNT];

/* At the start, when the allocators of all modules are known; with signals blocked. */
void split_find(void);

static inline uint32_t split_allocator(enum role role)
{
	const struct instance *owner = at_load_relaxed(&split_owners[role]);
	return AT_LIKELY(!owner) ? 0 : owner->allocator;
}

#endif
