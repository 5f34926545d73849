/* plugin-pool.c - a library with an allocator of its own, in rpmalloc's names: exports what the family
 * is known by. Never gives memory back. */
#include "expect.h"

static char memory[1 << 20] __attribute__((aligned(64)));
static size_t used;

void *rpmalloc(size_t size);
void rpfree(void *p);
void *rpaligned_alloc(size_t align, size_t size);
int rpmalloc_initialize(void);

NOINLINE void *rpmalloc(size_t size)
{
	size_t at = used;
	used += (size + 63) & ~(size_t)63;
	CHECK(used <= sizeof(memory));
	return keep(memory + at);
}

NOINLINE void rpfree(void *p)
{
	keep(p);
}

void *rpaligned_alloc(size_t align, size_t size)
{
	CHECK(align <= 64);
	return rpmalloc(size);
}

int rpmalloc_initialize(void)
{
	return 0;
}
