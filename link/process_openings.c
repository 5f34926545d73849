/* process_openings.c - see process_openings.h.
 *
 * The dynamic linker loads breadth first: the program, what is preloaded, what these need; later what is
 * opened, and what that needs. So a module that one before it needs came with that; and what was there at
 * the start ends with the last one that the program or the preloaded ones lead to. */
#include "link/process_openings.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"
#include "util/path.h"

static bool is_called(const struct linked_module *m, const char *name)
{
	if (strchr(name, '/'))
		name = path_name(name);
	return strcmp(path_name(m->path), name) == 0 ||
	       (m->file.soname && strcmp(m->file.soname, name) == 0);
}

static bool needs(const struct linked_module *who, const struct linked_module *what)
{
	for (size_t i = 0; i < who->file.needed_count; i++)
		if (is_called(what, who->file.needed[i]))
			return true;
	return false;
}

static bool is_interpreter(const struct linked *l, const struct linked_module *m)
{
	return l->interpreter && strcmp(path_name(l->interpreter), path_name(m->path)) == 0;
}

/* The first module that the program needs; those before it are there by LD_PRELOAD. */
static size_t first_needed(const struct linked *l)
{
	for (size_t i = 1; i < l->count && l->modules[0].file.needed_count; i++)
		if (!l->modules[i].space && is_called(&l->modules[i], l->modules[0].file.needed[0]))
			return i;
	return 1;
}

/* How many modules were there at the start: one more than the last that these lead to. */
static size_t count_startup(const struct linked *l)
{
	size_t roots = first_needed(l), count = roots;
	bool *reached = mem_zalloc(l->count + 1, sizeof(*reached));
	for (size_t i = 0; i < roots && i < l->count; i++)
		reached[i] = true;
	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < l->count; i++)
			for (size_t k = 1; reached[i] && k < l->count; k++)
				if (!reached[k] && !l->modules[k].space &&
				    needs(&l->modules[i], &l->modules[k]))
					reached[k] = more = true;
	}
	for (size_t i = 0; i < l->count; i++)
		if ((reached[i] || (!l->modules[i].space && is_interpreter(l, &l->modules[i]))) &&
		    i >= count)
			count = i + 1;
	free(reached);
	return count;
}

static size_t needed_by_one_before(const struct linked *l, size_t module, size_t from)
{
	for (size_t i = from; i < module; i++)
		if (l->modules[i].space == l->modules[module].space &&
		    needs(&l->modules[i], &l->modules[module]))
			return i;
	return SIZE_MAX;
}

void process_openings_mark(struct linked *l)
{
	size_t startup = l->count ? count_startup(l) : 0;
	for (size_t i = 0; i < l->count; i++) {
		struct linked_module *m = &l->modules[i];
		bool is_late = i >= startup;
		m->wanted_by = needed_by_one_before(l, i, is_late ? startup : 0);
		if (!is_late)
			m->flags |= BINDING_STARTUP;
		else if (m->wanted_by == SIZE_MAX)
			m->flags |= BINDING_OPENED;
	}
}
