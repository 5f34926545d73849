/* own-malloc.c - a program with an allocator of its own, so simple that the compiler lets its callers
 * keep values in registers over a call.
 *
 * gcc's -fipa-ra: what a function of the same file does not touch need not be saved around a call to
 * it, whatever the ABI says. A hook has to leave those registers as they were. */
#include "expect.h"

static char memory[1 << 24] __attribute__((aligned(64)));
static size_t used;
static unsigned frees;

__attribute__((noinline)) void *malloc(size_t size)
{
	char *p = memory + used;
	used += (size + 31) & ~(size_t)31;
	return used <= sizeof(memory) ? p : NULL;
}

__attribute__((noinline)) void free(void *p)
{
	(void)p;
	frees++;
}

void *calloc(size_t count, size_t size)
{
	return malloc(count * size);
}

void *realloc(void *old, size_t size)
{
	char *fresh = malloc(size);
	for (size_t i = 0; old && i < size && (char *)old + i < fresh; i++)
		fresh[i] = ((char *)old)[i];
	return fresh;
}

/* Values in integer and vector registers that live over both calls. */
static __attribute__((noinline)) double mix(double x, long k)
{
	double y = x * 1.5, z = x + (double)k;
	long a = k * 3, b = k ^ 5, c = k + 7;
	void *p = malloc(50087);
	__asm__ volatile("" : "+r"(p));
	y += z;
	free(p);
	return y * z + (double)(a + b * c);
}

/* The same without the calls. */
static double unmixed(double x, long k)
{
	return (x * 1.5 + x + (double)k) * (x + (double)k) +
	       (double)(k * 3 + (k ^ 5) * (k + 7));
}

int main(void)
{
	double sum = 0, wanted = 0;
	for (long k = 1; k <= 300; k++) {
		sum += mix((double)k * 0.25, k);
		wanted += unmixed((double)k * 0.25, k);
	}
	CHECK(sum == wanted); /* exact: small multiples of 1/8 */
	expect("size=50087 allocs=300 frees=300 callers=mix,main role=malloc free_role=free");
	return 0;
}
