/* plugin-c.c - loaded and unloaded by dlopen-loop.c; allocates in its constructor too. */
#include <stdlib.h>

#include "expect.h"

void *plugin_a_allocate(size_t bytes);

NOINLINE void *plugin_a_allocate(size_t bytes)
{
	void *p = keep(malloc(bytes));
	KEEP_FRAME();
	return p;
}

__attribute__((constructor)) static void NOINLINE plugin_start(void)
{
	free(keep(malloc(50021)));
}

__attribute__((destructor)) static void NOINLINE plugin_stop(void)
{
	free(keep(malloc(50023)));
}
