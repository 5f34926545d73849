/* split.c - blocks of functions that a preloaded allocator may lack: then they are the C library's,
 * and what takes them is the allocator's.
 *
 * Prints what a trace must hold (expect.h): lines with call= are of wrong calls if it lacks them.
 */
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "expect.h"

enum { ALIGN = 64, FIRST_BYTES = 6400, MORE_BYTES = 40000, ROUNDS = 10 };

static NOINLINE void *filled(void *p, size_t bytes)
{
	CHECK(p);
	memset(p, 'x', bytes);
	return p;
}

static NOINLINE void aligned_freed(size_t bytes)
{
	free(filled(aligned_alloc(ALIGN, bytes), bytes));
	expect("size=%zu call=free made=aligned_alloc", bytes);
}

static NOINLINE void aligned_moved(size_t bytes)
{
	void *p = NULL;
	CHECK(posix_memalign(&p, ALIGN, bytes) == 0);
	char *moved = realloc(filled(p, bytes), bytes + MORE_BYTES);
	CHECK(moved && moved[bytes - 1] == 'x');
	expect("size=%zu call=realloc made=posix_memalign", bytes);
	/* It is still the C library's: the same mistake at another place. */
	free(moved);
	expect("size=%zu call=free made=realloc", bytes + MORE_BYTES);
}

static NOINLINE void asked(size_t bytes)
{
	void *p = filled(malloc(bytes), bytes);
	CHECK(malloc_usable_size(p) >= bytes);
	expect("size=%zu call=malloc_usable_size made=malloc", bytes);
	free(p);
}

static NOINLINE void right(size_t bytes)
{
	for (int i = 0; i < ROUNDS; i++) {
		free(filled(malloc(bytes), bytes));
		free(filled(realloc(NULL, bytes), bytes));
		free(filled(calloc(1, bytes), bytes));
	}
}

int main(void)
{
	aligned_freed(FIRST_BYTES);
	aligned_moved(FIRST_BYTES + ALIGN);
	asked(FIRST_BYTES + 2 * ALIGN);
	right(FIRST_BYTES + 3 * ALIGN);
	return 0;
}
