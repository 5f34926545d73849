/* loaded.c - see loaded.h. */
#include "collect/loaded.h"

#include <stdlib.h>
#include <string.h>

#include "base/atomics.h"
#include "util/mem.h"

void loaded_release(struct loaded *l)
{
	free(l->items);
	memset(l, 0, sizeof(*l));
}

static void add(struct loaded *l, struct tables *t, uint32_t module, uint32_t process,
		uint32_t flags)
{
	uint32_t index = tables_module(t, module);
	if (index == TRACE_NO_MODULE)
		return;
	l->items = mem_grow(l->items, &l->cap, l->count + 1, sizeof(*l->items));
	l->items[l->count++] = (struct loaded_module){ index, process, flags, false };
}

static bool is_program(const struct processes *p, uint32_t index, const struct session_module *m)
{
	const struct session_process *process = &p->session->processes[index];
	size_t bytes = strnlen(m->path, sizeof(m->path));
	/* One that does not fit was cut. */
	return bytes < sizeof(process->exe) - 1 && memcmp(m->path, process->exe, bytes + 1) == 0;
}

/* The module that the runtime hands requests on to. */
enum { SERVED = TRACE_USER_SERVED | TRACE_USER_RECORDED };

void loaded_note(struct loaded *l, struct tables *t, const struct processes *p, uint32_t index)
{
	const struct session_loaded *loaded = &p->session->loaded[index];
	uint32_t process = p->notes[index].id;
	uint32_t backend = at_load_relaxed(&p->session->processes[index].backend_module_plus_1) - 1;
	bool backend_is_known = false;
	for (uint32_t word = 0; word < AT_COUNT_OF(loaded->once); word++) {
		uint64_t once = at_load_relaxed(&loaded->once[word]);
		uint64_t several = at_load_relaxed(&loaded->several[word]);
		for (; once; once &= once - 1) {
			uint32_t module = word * 64 + (uint32_t)__builtin_ctzll(once);
			bool serves = module == backend;
			backend_is_known |= serves;
			size_t before = l->count;
			add(l, t, module, process,
			    (serves ? SERVED : 0) |
				    (several >> module % 64 & 1 ? TRACE_USER_COPIES : 0));
			if (l->count > before)
				l->items[before].is_program =
					is_program(p, index, &p->session->modules[module]);
		}
	}
	if (!backend_is_known && backend < SESSION_MAX_MODULES)
		add(l, t, backend, process, SERVED);
}

static int compare(const void *a, const void *b)
{
	const struct loaded_module *x = a, *y = b;
	if (x->module != y->module)
		return x->module < y->module ? -1 : 1;
	return x->process < y->process ? -1 : x->process > y->process;
}

/* A process may have been noted twice, and one file may have two numbers in the session (two
 * processes that met it at the same time): those are two modules. */
void loaded_sort(struct loaded *l)
{
	if (!l->count)
		return;
	qsort(l->items, l->count, sizeof(*l->items), compare);
	size_t kept = 0;
	for (size_t i = 1; i < l->count; i++) {
		if (compare(&l->items[kept], &l->items[i]) != 0)
			l->items[++kept] = l->items[i];
		else
			l->items[kept].flags |= l->items[i].flags; /* they agree on the rest */
	}
	l->count = kept + 1;
}
