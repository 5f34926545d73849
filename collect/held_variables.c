/* held_variables.c - see held_variables.h. */
#include "collect/held_variables.h"

#include <stdlib.h>

#include "util/mem.h"

void held_variables_add(struct held_variables *h, uint32_t module, uint64_t address)
{
	if (h->count == HELD_VARIABLES_MAX)
		return;
	h->items = mem_grow(h->items, &h->cap, h->count + 1, sizeof(*h->items));
	h->items[h->count++] = (struct held_variable){ module, address };
}

void held_variables_release(struct held_variables *h)
{
	free(h->items);
	*h = (struct held_variables){ 0 };
}
