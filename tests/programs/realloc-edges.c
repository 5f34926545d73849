/* realloc-edges.c - realloc that grows, shrinks, fails, frees; the record must follow each. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdint.h>

#include "expect.h"

static void grow_and_shrink(void)
{
	char *p = keep(malloc(30011));
	memset(p, 7, 30011);
	p = keep(realloc(p, 90011));
	CHECK(p[30010] == 7);
	p = keep(realloc(p, 30013));
	CHECK(p[30010] == 7);
	free(p);
	expect("size=30011 allocs=1 frees=1 role=malloc free_role=realloc");
	expect("size=90011 allocs=1 frees=1 role=realloc free_role=realloc");
	expect("size=30013 allocs=1 frees=1 role=realloc free_role=free");
}

static void failure_keeps_record(void)
{
	volatile size_t huge = SIZE_MAX / 2 - 54321;
	char *p = keep(malloc(30029));
	errno = 0;
	CHECK(realloc(p, huge) == NULL && errno == ENOMEM);
	errno = 0;
	CHECK(reallocarray(p, huge, 16) == NULL && errno == ENOMEM);
	p[30028] = 1;
	free(p);
	expect("size=30029 allocs=1 frees=1 role=malloc free_role=free");
	expect("size=%zu allocs=0 frees=0", huge);
}

/* What realloc(p, 0) does depends on the allocator: either the block is freed and NULL comes, or
 * a new block of size 0 comes; in both cases the old record ends. */
static void to_zero(void)
{
	char *p = keep(malloc(30047));
	void *q = realloc(p, 0);
	if (q)
		free(q);
	expect("size=30047 allocs=1 frees=1 role=malloc free_role=realloc");
}

static void in_a_loop(void)
{
	char *p = NULL;
	for (int i = 0; i < 1000; i++) {
		p = keep(realloc(p, 31000 + (size_t)(i & 1)));
		CHECK(p);
	}
	free(p);
	expect("size=31000 allocs=500 frees=500 role=realloc free_role=realloc");
	expect("size=31001 allocs=500 frees=500 role=realloc");
}

static void array(void)
{
	char *p = keep(reallocarray(NULL, 10, 3011));
	p = keep(reallocarray(p, 20, 3011));
	free(p);
	expect("size=30110 allocs=1 frees=1 role=reallocarray free_role=reallocarray");
	expect("size=60220 allocs=1 frees=1 role=reallocarray free_role=free");
}

int main(void)
{
	grow_and_shrink();
	failure_keeps_record();
	to_zero();
	in_a_loop();
	array();
	return 0;
}
