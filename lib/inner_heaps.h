/* inner_heaps.h - heaps that a program makes within an allocator, and calls that take all blocks of
 * one back at once.
 *
 * Inside the traced process; called from hooks on functions that say so (wire/functions.def),
 * between hook_enter() and hook_leave() with the guard of the backend. Which heap a block is in is
 * asked of the allocator where that can be asked (mimalloc, jemalloc); else it is kept here from
 * the call that made the block (rpmalloc, tbbmalloc's pools). */
#ifndef ALLOCTRACE_LIB_INNER_HEAPS_H
#define ALLOCTRACE_LIB_INNER_HEAPS_H

#include <stdint.h>

#include "lib/points.h"
#include "lib/record.h"

/* The block p, which has just been recorded, was made in heap. Where there is no memory to keep
 * that in it is not known, and the block looks live for ever. */
void inner_heaps_note(const struct hook *h, uintptr_t heap, const void *p);

/* Before the allocator takes the blocks of a heap back: they are freed. */
void inner_heaps_end(const struct hook *h, const struct instance *i, uintptr_t heap);

/* Before the call of jemalloc's mallctl() or mallctlbymib() with these arguments: if it resets or
 * destroys an arena, the arena's blocks are freed. jemalloc is asked for the arena of each of its
 * blocks (5.1 and later can tell). */
void inner_heaps_control(const struct hook *h, const struct point *p, const uintptr_t *arguments);

#endif
