/* slab.h - memory for the block table's records, in a few fixed sizes, straight from mmap.
 *
 * Inside the traced process; called under a page lock of blocks.c. Freed pieces are kept for the
 * next of the same class, nothing goes back to the system. */
#ifndef ALLOCTRACE_LIB_SLAB_H
#define ALLOCTRACE_LIB_SLAB_H

#include <stddef.h>

enum { SLAB_CLASSES = 40 };

/* Zeroed memory; bytes is the same at every call for a class and a multiple of 8. NULL: none. */
void *slab_take(unsigned class, size_t bytes);
void slab_give(unsigned class, void *piece);

#endif
