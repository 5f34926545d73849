/* dlopen-loop.c - plugins loaded and unloaded again and again, at the same addresses.
 *
 * A stack into a plugin must name the plugin that was there then, though another one is there
 * later. The plugins lie beside the program. */
#include <dlfcn.h>
#include <libgen.h>

#include "expect.h"

enum { ROUNDS = 300 };

static char folder[4096];

static void *NOINLINE call_plugin(const char *file, const char *function, size_t bytes)
{
	char path[4200];
	snprintf(path, sizeof(path), "%s/%s", folder, file);
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	if (!handle) {
		fprintf(stderr, "%s\n", dlerror());
		_exit(98);
	}
	void *(*allocate)(size_t) = (void *(*)(size_t))dlsym(handle, function);
	CHECK(allocate);
	void *p = allocate(bytes);
	CHECK(dlclose(handle) == 0);
	return p;
}

int main(int argc, char **argv)
{
	(void)argc;
	snprintf(folder, sizeof(folder), "%s", argv[0]);
	dirname(folder);
	void *cxx = dlopen("libstdc++.so.6", RTLD_NOW | RTLD_GLOBAL);
	CHECK(cxx);
	void (*operator_delete)(void *) = (void (*)(void *))dlsym(RTLD_DEFAULT, "_ZdlPv");
	for (int i = 0; i < ROUNDS; i++) {
		free(call_plugin("plugin-c.so", "plugin_a_allocate", 50033));
		operator_delete(call_plugin("plugin-cxx.so", "plugin_b_allocate", 50047));
	}
	expect("size=50033 allocs=%d frees=%d callers=plugin_a_allocate,call_plugin,main "
	       "role=malloc", ROUNDS, ROUNDS);
	expect("size=50047 allocs=%d frees=%d callers=plugin_b_allocate,call_plugin,main "
	       "role=_Znwm", ROUNDS, ROUNDS);
	expect("size=50021 allocs=%d frees=%d frames=plugin_start,call_plugin,main", ROUNDS,
	       ROUNDS);
	expect("size=50023 allocs=%d frees=%d frames=plugin_stop,call_plugin,main", ROUNDS, ROUNDS);
	expect("size=50052 allocs=%d frees=%d role=_Znwm", ROUNDS, ROUNDS);
	return 0;
}
