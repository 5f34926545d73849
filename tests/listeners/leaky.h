/* leaky.h - what the tests of listeners.tap do: one leaks, the others do not. */
#ifndef ALLOCTRACE_TESTS_LISTENERS_LEAKY_H
#define ALLOCTRACE_TESTS_LISTENERS_LEAKY_H

#include <stdlib.h>
#include <string.h>

static void *volatile leaky_place;

/* Behind the test's own frame nothing may be left that points to the block. */
static __attribute__((noinline, unused)) void leaky_wipe(void)
{
	volatile char stale[8192];
	for (size_t i = 0; i < sizeof(stale); i++)
		stale[i] = 0;
}

static __attribute__((noinline, unused)) int leaky_work(int leaks)
{
	leaky_place = malloc(123);
	if (!leaks)
		free(leaky_place);
	leaky_place = NULL;
	leaky_wipe();
	return 1;
}

/* Keeps a block for the next test: reachable, and no leak. */
static __attribute__((noinline, unused)) int leaky_keep(void)
{
	static void *kept;
	if (!kept)
		kept = malloc(77);
	return kept != NULL;
}

#endif
