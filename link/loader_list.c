/* loader_list.c - see loader_list.h. */
#include "link/loader_list.h"

#include <limits.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "util/mem.h"

enum {
	MODULES_MAX = 1 << 14,
	SPACES_MAX = 64, /* glibc has 16 */
	TRIES_MAX = 100, /* a dlopen() takes a millisecond or so */
	TRY_NS = 2000000,
	EXTENDED_VERSION = 2, /* from which on the next namespace is told */
};

void loader_list_release(struct loader_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->modules[i].name);
	free(list->modules);
	*list = (struct loader_list)LOADER_LIST_INIT;
}

bool loader_list_equal(const struct loader_list *a, const struct loader_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (a->modules[i].bias != b->modules[i].bias ||
		    a->modules[i].dynamic != b->modules[i].dynamic ||
		    strcmp(a->modules[i].name, b->modules[i].name) != 0)
			return false;
	return true;
}

static bool read_space(struct loader_list *list, const struct process_memory *m, uint64_t at,
		       uint32_t space)
{
	char name[PATH_MAX];
	/* A circle comes back to a place that is marked anew after each doubling. */
	uint64_t mark = 0;
	for (uint64_t steps = 0; at; steps++) {
		struct link_map map;
		if (at == mark || list->count == MODULES_MAX) {
			list->is_endless = true;
			return false;
		}
		if (!(steps & (steps - 1)))
			mark = at;
		if (!process_memory_read(m, at, &map, sizeof(map)))
			return false;
		if (!process_memory_string(m, (uintptr_t)map.l_name, name, sizeof(name)))
			return false;
		list->modules = mem_grow(list->modules, &list->cap, list->count + 1,
					 sizeof(*list->modules));
		list->modules[list->count++] =
			(struct loader_module){ .bias = map.l_addr,
						.dynamic = (uintptr_t)map.l_ld,
						.space = space,
						.name = mem_strdup(name) };
		at = (uintptr_t)map.l_next;
	}
	return true;
}

/* One pass. True: nothing was being changed at its beginning, and it could be read to its end. */
static bool read_once(struct loader_list *list, const struct process_memory *m, uint64_t at)
{
	bool consistent = true;
	for (uint32_t space = 0; at && space < SPACES_MAX; space++) {
		struct r_debug_extended debug = { 0 };
		if (!process_memory_read(m, at, &debug.base, sizeof(debug.base)))
			return false;
		if (debug.base.r_version >= EXTENDED_VERSION &&
		    !process_memory_read(m, at, &debug, sizeof(debug)))
			return false;
		if (space == 0)
			list->brk = debug.base.r_brk;
		consistent &= debug.base.r_state == RT_CONSISTENT;
		if (!read_space(list, m, (uintptr_t)debug.base.r_map, space))
			return false;
		at = (uintptr_t)debug.r_next;
	}
	return consistent;
}

bool loader_list_now(struct loader_list *list, const struct process_memory *m, uint64_t r_debug)
{
	*list = (struct loader_list)LOADER_LIST_INIT;
	list->is_consistent = read_once(list, m, r_debug);
	if (!list->is_consistent)
		loader_list_release(list);
	return list->count > 0;
}

int loader_list_read(struct loader_list *list, const struct process_memory *m, uint64_t r_debug,
		     struct err *err)
{
	const struct timespec pause = { .tv_nsec = TRY_NS };
	*list = (struct loader_list)LOADER_LIST_INIT;
	for (int i = 0; i < TRIES_MAX; i++) {
		struct loader_list again = LOADER_LIST_INIT;
		loader_list_release(list);
		bool consistent = read_once(list, m, r_debug) && read_once(&again, m, r_debug);
		list->is_consistent = consistent && loader_list_equal(list, &again);
		loader_list_release(&again);
		if (list->is_consistent)
			return 0;
		if (list->is_endless || process_memory_is_gone(m))
			break;
		nanosleep(&pause, NULL);
	}
	bool is_endless = list->is_endless;
	if (list->count && !is_endless && !process_memory_is_gone(m))
		return 0;
	loader_list_release(list);
	if (is_endless)
		return err_set(
			err,
			"process %d: its list of modules has no end: it leads in a circle, or "
			"its memory was overwritten",
			(int)m->pid);
	return process_memory_is_gone(m)
		       ? err_set(err, "process %d has ended, or become another program",
				 (int)m->pid)
		       : err_set(err, "process %d: its list of modules cannot be read",
				 (int)m->pid);
}
