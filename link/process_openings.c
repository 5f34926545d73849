/* process_openings.c - see process_openings.h.
 *
 * The dynamic linker loads breadth first: the program, what is preloaded, what these need; later
 * what is opened, and what that needs. So a module that one before it needs came with that; and
 * what was there at the start ends with the last one that the program or the preloaded ones lead
 * to. */
#include "link/process_openings.h"

#include <stdlib.h>
#include <string.h>

#include "link/interpreter.h"
#include "util/mem.h"
#include "util/path.h"

static bool is_interpreter(const struct linked *l, const struct linked_module *m)
{
	return l->interpreter && strcmp(path_name(l->interpreter), path_name(m->path)) == 0;
}

static bool is_musl(const struct linked *l)
{
	return l->interpreter && interpreter_kind_of(l->interpreter) == INTERPRETER_MUSL;
}

static bool is_called(const struct linked *l, const struct linked_module *m, const char *name)
{
	if (is_musl(l) && interpreter_is_musl_libc(name))
		return is_interpreter(l, m);
	if (strchr(name, '/'))
		name = path_name(name);
	return strcmp(path_name(m->path), name) == 0 ||
	       (m->file.soname && strcmp(m->file.soname, name) == 0);
}

static bool needs(const struct linked *l, const struct linked_module *who,
		  const struct linked_module *what)
{
	for (size_t i = 0; i < who->file.needed_count; i++)
		if (is_called(l, what, who->file.needed[i]))
			return true;
	return false;
}

/* The first module that the program needs; those before it are there by LD_PRELOAD. */
static size_t first_needed(const struct linked *l)
{
	for (size_t i = 1; i < l->count && l->modules[0].file.needed_count; i++)
		if (!l->modules[i].space &&
		    is_called(l, &l->modules[i], l->modules[0].file.needed[0]))
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
				    needs(l, &l->modules[i], &l->modules[k]))
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
		    needs(l, &l->modules[i], &l->modules[module]))
			return i;
	return SIZE_MAX;
}

void process_openings_mark(struct linked *l)
{
	size_t startup = l->count ? count_startup(l) : 0, roots = first_needed(l);
	for (size_t i = 0; i < l->count; i++) {
		struct linked_module *m = &l->modules[i];
		bool is_late = i >= startup;
		m->wanted_by = needed_by_one_before(l, i, is_late ? startup : 0);
		if (!is_late)
			m->flags |= BINDING_STARTUP;
		else if (m->wanted_by == SIZE_MAX)
			m->flags |= BINDING_OPENED;
		if (is_musl(l))
			m->flags |= BINDING_MUSL | BINDING_ORIGIN_KNOWN;
		if (is_musl(l) && i > 0 && i < roots)
			m->flags |= BINDING_PRELOADED;
	}
}

/* ---- sorting ---- */

struct sorting {
	struct linked *linked;
	size_t *order; /* of the modules, as they are now */
	size_t count;
	bool *is_taken;
};

static void take(struct sorting *s, size_t module)
{
	s->is_taken[module] = true;
	s->order[s->count++] = module;
}

/* What these need and what that needs, breadth first. */
static void take_needed(struct sorting *s, size_t from, size_t startup)
{
	const struct linked *l = s->linked;
	for (size_t at = from; at < s->count; at++) {
		const struct linked_module *m = &l->modules[s->order[at]];
		for (size_t n = 0; n < m->file.needed_count; n++)
			for (size_t i = 0; i < startup; i++)
				if (!s->is_taken[i] &&
				    is_called(l, &l->modules[i], m->file.needed[n]))
					take(s, i);
	}
}

/* Where the first one that the program needs is; 0 if that is the C library, whose place is not
 * known. */
static size_t needed_first(const struct linked *l, size_t startup)
{
	size_t at = first_needed(l);
	return at < startup && !path_is_libc(l->modules[at].path) ? at : 0;
}

/* Those before what the program needs first are preloaded; and what it does not lead to, but for
 * what only that leads to. */
static void take_preloaded(struct sorting *s, size_t startup)
{
	const struct linked *l = s->linked;
	bool *reached = mem_zalloc(l->count + 1, sizeof(*reached));
	take_needed(s, 0, startup);
	memcpy(reached, s->is_taken, l->count * sizeof(*reached));
	memset(s->is_taken, 0, l->count * sizeof(*reached));
	s->count = 0;
	take(s, 0);
	size_t before = needed_first(l, startup);
	for (size_t i = 1; i < startup; i++) {
		bool is_needed = false;
		if (path_is_libc(l->modules[i].path))
			continue;
		if (i < before) {
			take(s, i);
			continue;
		}
		for (size_t k = 0; k < startup && !is_needed; k++)
			is_needed = needs(l, &l->modules[k], &l->modules[i]);
		if (!reached[i] && !is_needed &&
		    strncmp(path_name(l->modules[i].path), "ld-", 3) != 0)
			take(s, i);
	}
	free(reached);
}

void process_openings_sort(struct linked *l, size_t startup)
{
	struct sorting s = { .linked = l,
			     .order = mem_zalloc(l->count + 1, sizeof(size_t)),
			     .is_taken = mem_zalloc(l->count + 1, sizeof(bool)) };
	struct linked_module *sorted = mem_zalloc(l->count + 1, sizeof(*sorted));
	if (l->count) {
		take(&s, 0);
		take_preloaded(&s, startup);
		take_needed(&s, 0, startup);
	}
	for (size_t i = 0; i < l->count; i++)
		if (!s.is_taken[i])
			take(&s, i);
	for (size_t i = 0; i < l->count; i++)
		sorted[i] = l->modules[s.order[i]];
	memcpy(l->modules, sorted, l->count * sizeof(*sorted));
	free(sorted);
	free(s.order);
	free(s.is_taken);
}
