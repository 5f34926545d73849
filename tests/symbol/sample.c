/* sample.c - C code for tests/symbol.tap: inlining in several levels, a cold part, a nested
 * function, aliases, a function that is only called through a pointer. Never run. */
#include <stdio.h>
#include <stdlib.h>

static inline __attribute__((always_inline)) int innermost(int x)
{
	return x * 3 + rand();
}

static inline __attribute__((always_inline)) int middle(int x)
{
	if (x > 100)
		x = innermost(x);
	return innermost(x + 1);
}

__attribute__((noinline)) int outer(int x)
{
	int sum = 0;
	for (int i = 0; i < x; i++)
		sum += middle(i);
	return sum;
}

__attribute__((noinline)) int with_cold_part(int x)
{
	if (__builtin_expect(x == 12345, 0)) {
		fprintf(stderr, "cold %d\n", outer(x));
		abort();
	}
	return x + rand();
}

int with_alias(int x)
{
	return outer(x) - 1;
}
int an_alias(int x) __attribute__((alias("with_alias")));

static int callback(const void *a, const void *b)
{
	return middle(*(const int *)a) - middle(*(const int *)b);
}

int main(int argc, char **argv)
{
	int numbers[] = { 3, 1, 2, argc };
	qsort(numbers, 4, sizeof(numbers[0]), callback);
#ifndef __clang__
	__attribute__((noinline)) int nested(int x) { return outer(x) + numbers[0]; }
	argc += nested(argc);
#endif
	return with_cold_part(argc) + an_alias(argc) + (int)(argv[0][0]);
}
