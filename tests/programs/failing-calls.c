/* failing-calls.c - calls that must fail, fail as without the tracer and leave no event. */
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <stdint.h>

#include "expect.h"

int main(void)
{
	volatile size_t huge = SIZE_MAX / 2 - 11111;
	static char sentinel[1];
	void *p = sentinel;
	CHECK(posix_memalign(&p, 24, 32003) == EINVAL && p == sentinel);
	CHECK(posix_memalign(&p, 0, 32003) == EINVAL);
	CHECK(posix_memalign(&p, 2, 32003) == EINVAL);
	expect("size=32003 allocs=0 frees=0");
	CHECK(posix_memalign(&p, 64, huge) == ENOMEM);
	errno = 0;
	CHECK(malloc(huge) == NULL && errno == ENOMEM);
	errno = 0;
	CHECK(aligned_alloc(64, huge) == NULL && errno == ENOMEM);
	errno = 0;
	CHECK(memalign(64, huge) == NULL && errno == ENOMEM);
	errno = 0;
	CHECK(calloc(huge, 16) == NULL && errno == ENOMEM);
	errno = 0;
	CHECK(calloc(16, huge) == NULL && errno == ENOMEM);
	errno = 0;
	CHECK(reallocarray(NULL, huge, 16) == NULL && errno == ENOMEM);
	expect("size=%zu allocs=0 frees=0", huge);
	p = keep(malloc(0));
	free(p);
	free(keep(malloc(32009)));
	expect("size=32009 allocs=1 frees=1");
	return 0;
}
