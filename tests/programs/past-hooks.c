/* past-hooks.c - blocks that the tracer does not see made, at addresses whose earlier blocks it saw freed.
 *
 * usage: past-hooks HOW
 *
 *   deepbind FILE   the plugin FILE (plugin-past.c) takes from libc directly (RTLD_DEEPBIND)
 *   namespace FILE  the same in a namespace of its own
 *   libc            __libc_malloc() and __libc_calloc()
 *   allocator       what the preloaded allocator has beside malloc: mallocx, mi_malloc, tc_malloc
 *
 * The program frees them with free(), which all these allow; and what it made itself they free. Sizes are
 * those that were made and freed a moment ago. */
#define _GNU_SOURCE
#include <dlfcn.h>

#include "expect.h"

enum { ROUNDS = 200, BLOCKS = 64 };

extern void *mallocx(size_t, int) __attribute__((weak));
extern void dallocx(void *, int) __attribute__((weak));
extern void *mi_malloc(size_t) __attribute__((weak));
extern void mi_free(void *) __attribute__((weak));
extern void *tc_malloc(size_t) __attribute__((weak));
extern void tc_free(void *) __attribute__((weak));
extern void *__libc_malloc(size_t);
extern void *__libc_calloc(size_t, size_t);
extern void __libc_free(void *);

static void *(*take)(size_t);
static void (*give)(void *);
static void *blocks[BLOCKS];

static size_t size_of(int i)
{
	return (size_t)(i * 37 % 900 + 20) << i % 3 * 3;
}

/* The hooks see these made and freed. */
static void NOINLINE leave_traces(void)
{
	for (int i = 0; i < BLOCKS; i++) {
		blocks[i] = i % 3 ? malloc(size_of(i)) : calloc(1, size_of(i));
		CHECK(blocks[i]);
		memset(blocks[i], i, size_of(i));
	}
	for (int i = BLOCKS; i-- > 0;)
		free(blocks[i]);
}

static void NOINLINE take_and_free(int round)
{
	for (int i = 0; i < BLOCKS; i++) {
		blocks[i] = take(size_of(i) - (size_t)(round % 3));
		CHECK(blocks[i]);
		memset(blocks[i], round, size_of(i) - 16);
	}
	for (int i = 0; i < BLOCKS; i++) {
		unsigned char *p = blocks[i];
		CHECK(p[size_of(i) - 17] == (unsigned char)round);
		if (i % 5 == 0) {
			p = realloc(p, size_of(i) * 2);
			CHECK(p && p[size_of(i) - 17] == (unsigned char)round);
		}
		free(p);
	}
}

static void NOINLINE make_and_give(void)
{
	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = malloc(size_of(i));
	for (int i = 0; i < BLOCKS; i++)
		give(blocks[i]);
	/* What was of one kind for the hooks is of another now. */
	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = take(size_of(i));
	for (int i = 0; i < BLOCKS; i++)
		free(blocks[i]);
}

static void *take_from_libc(size_t n)
{
	return n % 2 ? __libc_malloc(n) : __libc_calloc(1, n);
}

static void *take_mallocx(size_t n)
{
	return mallocx(n, 0);
}

static void give_dallocx(void *p)
{
	dallocx(p, 0);
}

static void load(const char *file, int apart)
{
	void *plugin = apart ? dlmopen(LM_ID_NEWLM, file, RTLD_NOW) :
			       dlopen(file, RTLD_LAZY | RTLD_DEEPBIND);
	if (!plugin)
		fprintf(stderr, "%s\n", dlerror());
	CHECK(plugin);
	take = (void *(*)(size_t))dlsym(plugin, "plugin_take");
	give = (void (*)(void *))dlsym(plugin, "plugin_give");
	CHECK(take && give);
}

int main(int argc, char **argv)
{
	CHECK(argc >= 2);
	int apart = !strcmp(argv[1], "namespace");
	if (argc == 3)
		load(argv[2], apart);
	else if (!strcmp(argv[1], "libc"))
		take = take_from_libc, give = __libc_free;
	else if (mallocx)
		take = take_mallocx, give = give_dallocx;
	else if (mi_malloc)
		take = mi_malloc, give = mi_free;
	else if (tc_malloc)
		take = tc_malloc, give = tc_free;
	for (int round = 0; round < ROUNDS && take; round++) {
		leave_traces();
		if (apart) { /* a heap of its own: it takes back what it made */
			for (int i = 0; i < BLOCKS; i++)
				blocks[i] = take(size_of(i));
			leave_traces();
			continue;
		}
		take_and_free(round);
		make_and_give();
	}
	(void)!write(1, "survived\n", 9);
	return 0;
}
