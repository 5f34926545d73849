/* looked-up.c - takes blocks from functions that it has from dlsym(), past the tracer's, and gives them back
 * to free(), which is right.
 *
 * usage: looked-up LIBRARY FUNCTION
 *
 * FUNCTION is malloc or something that takes the same arguments; LIBRARY is the name of the allocator's, or -
 * for whatever the program finds first. Sizes are those that free() has just had. */
#define _GNU_SOURCE
#include <dlfcn.h>

#include "expect.h"

enum { ROUNDS = 20, BLOCKS = 64 };

static void *blocks[BLOCKS];

static size_t size_of(int i)
{
	return (size_t)(i * 37 % 900 + 20);
}

static void NOINLINE leave_traces(void)
{
	for (int i = 0; i < BLOCKS; i++)
		CHECK(blocks[i] = malloc(size_of(i)));
	for (int i = BLOCKS; i-- > 0;)
		free(blocks[i]);
}

int main(int argc, char **argv)
{
	CHECK(argc == 3);
	void *library = strcmp(argv[1], "-") ? dlopen(argv[1], RTLD_NOW) : RTLD_DEFAULT;
	void *(*take)(size_t, int) = (void *(*)(size_t, int))dlsym(library, argv[2]);
	CHECK(take);
	for (int round = 0; round < ROUNDS; round++) {
		leave_traces();
		for (int i = 0; i < BLOCKS; i++)
			CHECK(blocks[i] = take(size_of(i), 0));
		for (int i = 0; i < BLOCKS; i++)
			free(blocks[i]);
	}
	(void)!write(1, "survived\n", 9);
	return 0;
}
