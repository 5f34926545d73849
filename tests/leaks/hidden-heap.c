/* hidden-heap.c - a library with a jemalloc of its own, linked statically and not exported. */
#include <stdlib.h>

void *hidden_heap_make(size_t bytes);

/* jemalloc's: the archive's, not libc's. */
void *mallocx(size_t bytes, int flags);

void *hidden_heap_make(size_t bytes)
{
	return mallocx(bytes, 0);
}
