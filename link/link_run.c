/* link_run.c - see link_run.h.
 *
 * The dynamic linker calls r_debug.r_brk when its list has changed. glibc up to 2.40 does so before
 * it binds the new modules, and has no place of its own after that; but it then calls their first
 * initialisers, and there they are caught: all that an opening brought is bound by then. */
#include "link/link_run.h"

#include <stdlib.h>
#include <string.h>

#include "inject/process_maps.h"
#include "inject/run_to.h"
#include "link/loader_list.h"
#include "link/process_image.h"
#include "util/mem.h"
#include "util/path.h"

struct running {
	struct run_to *program;
	enum link_run_at at;
	link_run_look *look;
	void *context;
	uint64_t main, brk, r_debug;
	struct loader_list seen; /* what has been looked at */
	uint64_t *initialisers;	 /* breakpoints for a look that is due */
	size_t initialiser_count, initialiser_cap;
	char *opened; /* what the look that is due is about; NULL: none is due */
	bool has_looked;
};

static int look(struct running *k, const char *when, struct err *err)
{
	k->has_looked = true;
	return k->look(k->context, run_to_pid(k->program), when, err);
}

/* ---- dlopen ---- */

static void forget_initialisers(struct running *k)
{
	for (size_t i = 0; i < k->initialiser_count; i++)
		run_to_unbreak(k->program, k->initialisers[i]);
	k->initialiser_count = 0;
}

static int look_at_opened(struct running *k, struct err *err)
{
	char *when = mem_printf("after dlopen() of %s", k->opened);
	forget_initialisers(k);
	free(k->opened);
	k->opened = NULL;
	int code = look(k, when, err);
	free(when);
	return code;
}

/* The function of the module that is called first: DT_INIT, or the first of DT_INIT_ARRAY. */
static uint64_t initialiser_of(const struct process_memory *m, const struct process_image *image)
{
	uint64_t init = process_image_dynamic(image, m, DT_INIT);
	uint64_t array = process_image_dynamic(image, m, DT_INIT_ARRAY);
	if (!init && (!array || !process_memory_read(m, array + image->bias, &init, sizeof(init))))
		return 0;
	if (init && init < image->start)
		init += image->bias;
	return process_image_has(image, init, true) ? init : 0;
}

static void break_at_initialiser(struct running *k, const struct process_memory *m,
				 const struct process_maps *maps,
				 const struct loader_module *module)
{
	struct process_image image;
	const struct process_map *map = process_maps_file_start(maps, module->dynamic);
	if (!map || !process_image_read(&image, m, map->start))
		return;
	uint64_t at = initialiser_of(m, &image);
	if (!at || !run_to_break(k->program, at))
		return;
	k->initialisers = mem_grow(k->initialisers, &k->initialiser_cap, k->initialiser_count + 1,
				   sizeof(*k->initialisers));
	k->initialisers[k->initialiser_count++] = at;
}

static bool has_module(const struct loader_list *list, const struct loader_module *module)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->modules[i].bias == module->bias &&
		    list->modules[i].space == module->space &&
		    strcmp(list->modules[i].name, module->name) == 0)
			return true;
	return false;
}

/* An opening that fails is taken back: what it brought is gone again. */
static void forget_failed(struct running *k, const struct loader_list *list)
{
	for (size_t i = 0; i < k->seen.count; i++)
		if (!has_module(list, &k->seen.modules[i])) {
			forget_initialisers(k);
			free(k->opened);
			k->opened = NULL;
			return;
		}
}

static int take_list(struct running *k, const struct process_memory *m, struct loader_list *list,
		     struct err *err)
{
	struct process_maps maps;
	if (process_maps_read(&maps, m, err) < 0)
		return -1;
	forget_failed(k, list);
	for (size_t i = 0; i < list->count; i++) {
		const struct loader_module *module = &list->modules[i];
		if (has_module(&k->seen, module))
			continue;
		if (!k->opened)
			k->opened = mem_strdup(path_name(module->name));
		break_at_initialiser(k, m, &maps, module);
	}
	process_maps_release(&maps);
	loader_list_release(&k->seen);
	k->seen = *list;
	*list = (struct loader_list)LOADER_LIST_INIT;
	return k->opened && !k->initialiser_count ? look_at_opened(k, err) : 0;
}

/* At r_brk. */
static int take_change(struct running *k, struct err *err)
{
	struct process_memory memory;
	struct loader_list list = LOADER_LIST_INIT;
	if (process_memory_open(&memory, run_to_pid(k->program), err) < 0)
		return -1;
	int code = 0;
	/* Else it is only going to change. */
	if (loader_list_now(&list, &memory, k->r_debug))
		code = take_list(k, &memory, &list, err);
	loader_list_release(&list);
	process_memory_close(&memory);
	return code;
}

static int watch_list(struct running *k, struct err *err)
{
	struct process_memory memory;
	struct process_maps maps;
	struct process_image image;
	if (process_memory_open(&memory, run_to_pid(k->program), err) < 0)
		return -1;
	int code = process_maps_read(&maps, &memory, err);
	const struct process_map *map =
		code < 0 ? NULL
			 : process_maps_file_start(&maps, process_memory_auxv(&memory, AT_PHDR));
	if (map && process_image_read(&image, &memory, map->start))
		k->r_debug = process_image_dynamic(&image, &memory, DT_DEBUG);
	loader_list_release(&k->seen);
	if (k->r_debug && loader_list_now(&k->seen, &memory, k->r_debug))
		k->brk = k->seen.brk;
	process_maps_release(&maps);
	process_memory_close(&memory);
	return code;
}

/* ---- the run ---- */

static int take_entry(struct running *k, struct err *err)
{
	k->initialiser_count = 0; /* an exec has removed them */
	k->brk = k->r_debug = 0;
	if (k->at == LINK_RUN_EXIT)
		return 0;
	k->main = run_to_find_main(k->program);
	if (k->at == LINK_RUN_DLOPEN && watch_list(k, err) < 0)
		return -1;
	if (k->brk)
		run_to_break(k->program, k->brk);
	if (k->main && run_to_break(k->program, k->main))
		return 0;
	return look(k, "at its entry: its main() was not found", err);
}

static int take_break(struct running *k, uint64_t address, struct err *err)
{
	if (address == k->main) {
		run_to_unbreak(k->program, address);
		k->main = 0;
		return look(k, "at main()", err);
	}
	if (address == k->brk)
		return take_change(k, err);
	return k->opened ? look_at_opened(k, err) : 0;
}

static int take_exit(struct running *k, struct err *err)
{
	if (k->at == LINK_RUN_EXIT)
		return look(k, "at its end", err);
	return k->opened ? look_at_opened(k, err) : 0;
}

static int run(struct running *k, struct err *err)
{
	for (int code = 0;;) {
		uint64_t address = 0;
		switch (run_to_next(k->program, &address)) {
		case RUN_ENTRY:
			code = take_entry(k, err);
			break;
		case RUN_BREAK:
			code = take_break(k, address, err);
			break;
		case RUN_EXIT:
			code = take_exit(k, err);
			break;
		case RUN_ENDED:
			return 0;
		}
		if (code < 0 || (k->at == LINK_RUN_MAIN && k->has_looked))
			return code;
	}
}

int link_run(char *const *argv, enum link_run_at at, link_run_look *look_at, void *context,
	     int *exec_errno, struct err *err)
{
	struct running k = { .at = at, .look = look_at, .context = context };
	k.program = run_to_start(argv, exec_errno, err);
	if (!k.program)
		return -1;
	int code = run(&k, err);
	if (code == 0 && !k.has_looked)
		code = err_set(err, "%s ended before it could be looked at", argv[0]);
	run_to_free(k.program);
	loader_list_release(&k.seen);
	free(k.initialisers);
	free(k.opened);
	return code;
}
