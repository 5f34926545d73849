/* milliseconds.h - a clock for the test programs that say how long they took. */
#ifndef ALLOCTRACE_TESTS_ELF_MILLISECONDS_H
#define ALLOCTRACE_TESTS_ELF_MILLISECONDS_H

#include <time.h>

static inline double milliseconds(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

#endif
