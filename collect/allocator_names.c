/* allocator_names.c - see allocator_names.h. */
#include "collect/allocator_names.h"

#include <stdlib.h>

#include "util/mem.h"

void allocator_names_set(struct allocator_names *names, uint32_t allocator,
			 const struct trace_allocator *is)
{
	names->items =
		mem_grow(names->items, &names->cap, (size_t)allocator + 1, sizeof(*names->items));
	while (names->count <= allocator)
		names->items[names->count++] = (struct trace_allocator){ .name = NULL };
	free((char *)names->items[allocator].name);
	names->items[allocator] = *is;
	names->items[allocator].name = mem_strdup(is->name);
}

const char *allocator_names_get(const struct allocator_names *names, uint64_t allocator)
{
	return allocator < names->count ? names->items[allocator].name : NULL;
}

void allocator_names_release(struct allocator_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free((char *)names->items[i].name);
	free(names->items);
}
