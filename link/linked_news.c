/* linked_news.c - see linked_news.h. */
#include "link/linked_news.h"

#include <string.h>

static const struct linked_module *find(const struct linked *l, const struct linked_module *m)
{
	for (size_t i = 0; i < l->count; i++)
		if (l->modules[i].bias == m->bias && l->modules[i].space == m->space &&
		    strcmp(l->modules[i].path, m->path) == 0)
			return &l->modules[i];
	return NULL;
}

static const char *path_of(const struct linked *l, size_t module)
{
	return module < l->count ? l->modules[module].path : "";
}

/* Imports of a file come in the same order each time. */
static bool is_same(const struct linked *now, const struct linked_import *a,
		    const struct linked *before, const struct linked_import *b)
{
	const bool found = a->binding.reason != BINDING_NOT_FOUND;
	if (a->symbol != b->symbol || a->for_call != b->for_call || a->slot != b->slot ||
	    a->value != b->value || a->binding.reason != b->binding.reason)
		return false;
	return !found ||
	       strcmp(path_of(now, a->binding.module), path_of(before, b->binding.module)) == 0;
}

void linked_mark_known(struct linked *now, const struct linked *before)
{
	for (size_t i = 0; i < now->count; i++) {
		struct linked_module *m = &now->modules[i];
		const struct linked_module *old = find(before, m);
		m->is_known = old != NULL;
		for (size_t k = 0; old && k < m->import_count && k < old->import_count; k++)
			m->imports[k].is_known =
				is_same(now, &m->imports[k], before, &old->imports[k]);
	}
}
