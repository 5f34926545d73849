/* wrappers.h - functions of a family that the user names, which do nothing but hand on to another
 * allocator: xmalloc() to malloc(), my_new() to operator new.
 *
 * Inside the traced process; called from hooks, while the allocator works. What such a function
 * returns is the other allocator's block, at the same address: its release by that allocator's free
 * is right, as is the family's own. So it is counted as the family's, but lies in the other's heap.
 * A family may do both, small blocks from a pool of its own and large ones from malloc: it is asked
 * for each block. Blocks that lie in another heap have a number of their own, of a *twin* of the
 * family's instance that has the same name; its `inner` says whose they are. */
#ifndef ALLOCTRACE_LIB_WRAPPERS_H
#define ALLOCTRACE_LIB_WRAPPERS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/atomics.h"
#include "lib/points.h"
#include "lib/thread.h"

/* Whose block p of `bytes` is, which a function of the family has returned: the family's, its
 * twin's, or if it hands on to several allocators, simply theirs. */
uint32_t wrappers_maker(struct instance *family, const struct thread *t, const void *p,
			uint64_t bytes);

/* As whose function one of the family's is called. */
static inline struct instance *wrappers_called(struct instance *family)
{
	struct instance *twin = at_load_acquire(&family->twin);
	return twin && !at_load_relaxed(&family->has_own) ? twin : family;
}

/* May a block of the maker's be given to the receiver's functions because one of them only hands on
 * to the other, or both to the same? */
bool wrappers_are_one(uint32_t maker, uint32_t receiver);

/* Are its blocks another allocator's? How they were made and of which size that was asked is not
 * known then. */
bool wrappers_hand_on(uint32_t allocator);

#endif
