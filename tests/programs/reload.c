/* reload.c - a library with an allocator of its own is loaded and unloaded again and again, while other
 * threads allocate. Each time its functions are hooked anew, and nothing is read of it in between. The
 * library lies beside the program. */
#include <dlfcn.h>
#include <libgen.h>
#include <pthread.h>

#include "expect.h"

enum { ROUNDS = 200, BLOCKS = 10 };

static volatile int done;

static void *allocate(void *arg)
{
	while (!done)
		free(keep(malloc(100)));
	return arg;
}

static NOINLINE void use(const char *path)
{
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	CHECK(handle);
	void *(*make)(size_t) = (void *(*)(size_t))dlsym(handle, "rpmalloc");
	void (*give)(void *) = (void (*)(void *))dlsym(handle, "rpfree");
	CHECK(make && give);
	for (int i = 0; i < BLOCKS; i++)
		give(make(50087));
	CHECK(dlclose(handle) == 0);
}

int main(int argc, char **argv)
{
	static char path[4200];
	pthread_t thread;
	(void)argc;
	snprintf(path, sizeof(path), "%s/plugin-pool.so", dirname(argv[0]));
	CHECK(pthread_create(&thread, NULL, allocate, NULL) == 0);
	for (int i = 0; i < ROUNDS; i++)
		use(path);
	done = 1;
	CHECK(pthread_join(thread, NULL) == 0);
	expect("size=50087 allocs=%d frees=%d callers=use,main", ROUNDS * BLOCKS, ROUNDS * BLOCKS);
	return 0;
}
