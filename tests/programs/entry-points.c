/* entry-points.c - each malloc-family function once, told apart by size. */
#define _GNU_SOURCE
#include <malloc.h>
#include <stdint.h>

#include "expect.h"

/* C23; glibc 2.36 has neither, so they are there only when something in the process brings them. */
extern void free_sized(void *p, size_t bytes) __attribute__((weak));
extern void free_aligned_sized(void *p, size_t alignment, size_t bytes) __attribute__((weak));

#define SAY(bytes, role, free_role) \
	expect("size=%d allocs=1 frees=1 role=%s free_role=%s", bytes, role, free_role)

static void plain_ones(void)
{
	free(keep(malloc(10007)));
	SAY(10007, "malloc", "free");
	char *zeroed = keep(calloc(1, 10009));
	for (int i = 0; i < 10009; i++)
		CHECK(zeroed[i] == 0);
	free(zeroed);
	SAY(10009, "calloc", "free");
	free(keep(calloc(7, 1433)));
	SAY(10031, "calloc", "free");
	free(keep(realloc(NULL, 10037)));
	SAY(10037, "realloc", "free");
	free(keep(reallocarray(NULL, 3, 3353)));
	SAY(10059, "reallocarray", "free");
}

static void aligned_ones(void)
{
	void *p;
	CHECK(posix_memalign(&p, 256, 10061) == 0 && (uintptr_t)p % 256 == 0);
	free(p);
	SAY(10061, "posix_memalign", "free");
	p = keep(aligned_alloc(1024, 10240 + 1024));
	CHECK((uintptr_t)p % 1024 == 0);
	free(p);
	SAY(11264, "aligned_alloc", "free");
	p = keep(memalign(64, 10067));
	CHECK((uintptr_t)p % 64 == 0);
	free(p);
	SAY(10067, "memalign", "free");
	p = keep(valloc(10069));
	CHECK((uintptr_t)p % 4096 == 0);
	free(p);
	SAY(10069, "valloc", "free");
	p = keep(pvalloc(10079));
	CHECK((uintptr_t)p % 4096 == 0);
	free(p);
	SAY(10079, "pvalloc", "free");
}

static void queries(void)
{
	char *p = keep(malloc(10091));
	CHECK(malloc_usable_size(p) >= 10091);
	memset(p, 1, malloc_usable_size(p)); /* all of it may be used */
	CHECK(malloc_usable_size(NULL) == 0);
	free(p);
	SAY(10091, "malloc", "free");
}

/* Weak, so the expectation is the same text whether they are there or not. */
static void sized_frees(void)
{
	void *p = keep(malloc(10093));
	if (free_sized)
		free_sized(p, 10093);
	else
		free(p);
	expect("size=10093 allocs=1 frees=1 role=malloc");
	p = keep(aligned_alloc(64, 10112));
	if (free_aligned_sized)
		free_aligned_sized(p, 64, 10112);
	else
		free(p);
	expect("size=10112 allocs=1 frees=1 role=aligned_alloc");
}

int main(void)
{
	plain_ones();
	aligned_ones();
	queries();
	sized_frees();
	free(NULL); /* no event */
	(void)!keep(malloc(10099));
	expect("size=10099 allocs=1 frees=0 role=malloc");
	return 0;
}
