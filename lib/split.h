/* split.h - functions of malloc's family that the backend does not define: the search for them goes
 * on, and the C library's serve the program, with a heap that the backend's free knows nothing of.
 *
 * Inside the traced process. Only for backends that are known allocators: what stands in for malloc
 * in another way may hand on to the C library, and then all is one heap. */
#ifndef ALLOCTRACE_LIB_SPLIT_H
#define ALLOCTRACE_LIB_SPLIT_H

#include <stddef.h>
#include <stdint.h>

#include "base/atomics.h"
#include "base/compiler.h"
#include "lib/points.h"

struct hook;

/* By role: whether the C library serves. Written at the start. */
extern AT_HIDDEN uint8_t split_roles[ROLE_COUNT];

/* At the start, when the allocators of all modules are known. */
void split_find(void);

/* Who serves the role. The C library's functions are hooked when one of them is called first: most
 * programs call none of those that an allocator may lack (pvalloc). The guard as the backend has
 * it. */
struct instance *split_take(const struct hook *h, enum role role);

/* NULL: the backend. */
static inline struct instance *split_owner(const struct hook *h, enum role role)
{
	return AT_LIKELY(!split_roles[role]) ? NULL : split_take(h, role);
}

#endif
