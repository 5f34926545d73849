/* plugin-past.c - the plugin of past-hooks.c: what its calls are bound to depends on how it is loaded. */
#include <stdlib.h>

__attribute__((visibility("default"))) void *plugin_take(size_t n)
{
	return n % 2 ? malloc(n) : calloc(1, n);
}

__attribute__((visibility("default"))) void plugin_give(void *p)
{
	free(p);
}
