/* header.c - uses all of alloctrace.h, as C and as C++ (header.tap builds on what is counted here).
 * `all`: pools, marks, scopes. `pauses`: what goes away while the recording is paused. Prints
 * whether the tracer is there. */
#include "../../lib/alloctrace.h"

#include <pthread.h>
#include <sys/mman.h>

#include "expect.h"

enum { MAPPED_BYTES = 8 << 20 };

static char arena[4096];

static void *in_thread(void *unused)
{
	alloctrace_scope_begin("in a thread");
	free(keep(malloc(500)));
	alloctrace_scope_end("in a thread");
	return unused;
}

static void pools(void)
{
	unsigned first = alloctrace_pool_create("first"), second = alloctrace_pool_create("second");
	CHECK((first != 0) == alloctrace_is_present() && (!first || first != second));
	alloctrace_pool_alloc(first, arena, 100);
	alloctrace_pool_alloc(first, arena + 100, 200);
	alloctrace_pool_free(first, arena);
	alloctrace_pool_move(first, arena + 100, arena + 1000, 300);
	alloctrace_pool_move(first, arena + 1000, arena + 1000, 400);
	alloctrace_pool_move(second, NULL, arena + 2000, 50);
	alloctrace_pool_alloc(0, arena, 7);
	alloctrace_pool_move(0, arena, arena + 1, 7);
	alloctrace_pool_free(0, arena);
}

static void all(void)
{
	char name[200];
	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	alloctrace_mark("one \x1b[31m\xff\n");
	alloctrace_mark(name);
	alloctrace_scope_begin("outer");
	void *p = keep(malloc(1000));
	alloctrace_scope_begin("inner");
	free(p);
	alloctrace_scope_end("inner");
	alloctrace_scope_end("outer");
	alloctrace_scope_begin("for ever");
	pthread_t thread;
	CHECK(pthread_create(&thread, NULL, in_thread, NULL) == 0);
	CHECK(pthread_join(thread, NULL) == 0);
	pools();
}

static void pauses(void)
{
	free(keep(malloc(11)));
	alloctrace_start();
	unsigned pool = alloctrace_pool_create("pool");
	void *p = keep(malloc(22)), *q = keep(malloc(33));
	void *mapped = mmap(NULL, MAPPED_BYTES, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	alloctrace_pool_alloc(pool, arena, 100);
	alloctrace_pool_alloc(pool, arena + 100, 200);
	alloctrace_stop();
	free(p);
	q = keep(realloc(q, 44));
	free(q);
	free(keep(malloc(55)));
	alloctrace_pool_free(pool, arena);
	alloctrace_pool_alloc(pool, arena, 66); /* not recorded, but no longer freed */
	alloctrace_pool_free(pool, arena);
	alloctrace_pool_move(pool, arena + 100, arena + 1000, 300);
	CHECK(munmap(mapped, MAPPED_BYTES) == 0);
	alloctrace_start();
}

int main(int argc, char **argv)
{
	CHECK(argc == 2);
	if (strcmp(argv[1], "all") == 0)
		all();
	else
		pauses();
	CHECK(printf("present: %d\n", alloctrace_is_present()) > 0);
	return 6;
}
