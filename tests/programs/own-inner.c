/* own-inner.c - a program with an allocator of its own, parts of which do without malloc: they get
 * blocks by a function that nobody outside can know, and give them back by free, or the other way
 * round. All of it right, though addresses are freed twice without a malloc in between. */
#include <stdint.h>

#include "expect.h"

enum { BLOCK_BYTES = 256, BLOCKS = 1024, ROUNDS = 50 };

static char memory[BLOCKS][BLOCK_BYTES] __attribute__((aligned(64)));
static unsigned used;
static char large[BLOCKS * BLOCK_BYTES] __attribute__((aligned(64)));
static void *unused;

static NOINLINE void *take(void)
{
	void *p = unused;
	if (!p)
		return used < BLOCKS ? memory[used++] : NULL;
	unused = *(void **)p;
	return p;
}

static NOINLINE void put(void *p)
{
	*(void **)p = unused;
	unused = p;
}

NOINLINE void *malloc(size_t size)
{
	return size > BLOCK_BYTES ? large : take();
}

NOINLINE void free(void *p)
{
	if (p && p >= (void *)memory && p < (void *)memory[BLOCKS])
		put(p);
}

void *calloc(size_t count, size_t size)
{
	char *p = malloc(count * size);
	for (size_t i = 0; p && i < count * size; i++)
		p[i] = 0;
	return p;
}

void *realloc(void *old, size_t size)
{
	char *fresh = malloc(size);
	for (size_t i = 0; old && fresh && i < size && i < BLOCK_BYTES; i++)
		fresh[i] = ((char *)old)[i];
	free(old);
	return fresh;
}

int main(void)
{
	for (int i = 0; i < ROUNDS; i++) {
		void *p = keep(malloc(100));
		free(p);
		CHECK(take() == p); /* again, unseen */
		free(p);
		p = keep(malloc(40));
		put(p); /* unseen */
		CHECK(take() == p);
		free(p);
	}
	printf("survived\n");
	return 0;
}
