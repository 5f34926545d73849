/* hidden-plugin.c - a library with an allocator of its own inside, that nobody sees from outside. */
#include <stdlib.h>

void *plugin_make(size_t size)
{
	return malloc(size);
}

void *plugin_resize(void *p, size_t size)
{
	return realloc(p, size);
}

void plugin_drop(void *p)
{
	free(p);
}
