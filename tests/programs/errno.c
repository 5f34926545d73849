/* errno.c - a successful call leaves errno as the allocator behind it does: untouched. */
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <pthread.h>

#include "expect.h"

enum { SENTINEL = 4242 };

#define KEEPS(call)                       \
	do {                              \
		errno = SENTINEL;         \
		call;                     \
		CHECK(errno == SENTINEL); \
	} while (0)

/* As a thread too: its first call sets up what the runtime keeps for it. */
static void *all_calls(void *arg)
{
	void *p, *q;
	size_t bytes = (size_t)(long)arg;
	KEEPS(p = keep(malloc(bytes)));
	KEEPS(p = keep(realloc(p, bytes * 3)));
	KEEPS((void)malloc_usable_size(p));
	KEEPS(free(p));
	KEEPS(p = keep(calloc(1, bytes)));
	KEEPS(p = keep(reallocarray(p, 2, bytes)));
	KEEPS(free(p));
	KEEPS(CHECK(posix_memalign(&q, 64, bytes) == 0));
	KEEPS(free(q));
	KEEPS(p = keep(aligned_alloc(64, 1024)));
	KEEPS(free(p));
	KEEPS(p = keep(memalign(64, bytes)));
	KEEPS(free(p));
	KEEPS(p = keep(valloc(bytes)));
	KEEPS(free(p));
	KEEPS(free(NULL));
	/* EINVAL comes back as the result; errno may be anything but is not made up. */
	CHECK(posix_memalign(&q, 3, bytes) == EINVAL);
	return NULL;
}

int main(void)
{
	all_calls((void *)33013L);
	for (int i = 0; i < 50; i++) {
		pthread_t thread;
		CHECK(pthread_create(&thread, NULL, all_calls, (void *)33013L) == 0);
		pthread_join(thread, NULL);
	}
	/* malloc, calloc, posix_memalign, memalign, valloc; all freed. */
	expect("size=33013 allocs=%d frees=%d threads=51", 51 * 5, 51 * 5);
	/* Many in a row: rings fill and are waited for. */
	for (int i = 0; i < 300000; i++) {
		void *p;
		KEEPS(p = keep(malloc(33023)));
		KEEPS(free(p));
	}
	expect("size=33023 allocs=300000 frees=300000");
	return 0;
}
