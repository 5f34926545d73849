/* link_process.c - see link_process.h. */
#include "link/link_process.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inject/process_maps.h"
#include "link/loader_list.h"
#include "link/process_module.h"
#include "link/process_openings.h"
#include "link/process_slots.h"
#include "util/mem.h"

enum { TRIES_MAX = 8 };

struct looking {
	struct linked *l;
	struct process_memory memory;
	struct process_maps maps;
	struct process_image program;
	struct process_view view;
	struct allocator_finder *finder;
};

/* ---- the process ---- */

static char *read_link(const struct process_memory *m, const char *name)
{
	char path[PATH_MAX];
	static const char deleted[] = " (deleted)";
	ssize_t bytes = readlinkat(m->dir_fd, name, path, sizeof(path) - 1);
	if (bytes <= 0)
		return NULL;
	path[bytes] = '\0';
	size_t cut = sizeof(deleted) - 1;
	if ((size_t)bytes > cut && strcmp(path + bytes - cut, deleted) == 0)
		path[(size_t)bytes - cut] = '\0';
	return mem_strdup(path);
}

/* What the process has as its program: told by the file, for a 32-bit one's memory is not read. */
static int check_kind(struct looking *k, struct err *err)
{
	char path[64];
	struct elf_file file;
	snprintf(path, sizeof(path), "/proc/self/fd/%d/exe", k->memory.dir_fd);
	if (elf_file_open(&file, path, NULL) < 0)
		return 0; /* its memory may tell */
	const char *ident = elf_getident(file.elf, NULL);
	bool is_32 = ident && ident[EI_CLASS] == ELFCLASS32;
	elf_file_close(&file);
	if (is_32)
		return err_set(err,
			       "process %d is a 32-bit program: of those files alone can be looked "
			       "at (alloctrace symbols %s)",
			       (int)k->memory.pid, k->l->name);
	return 0;
}

static int find_program(struct looking *k, struct err *err)
{
	uint64_t headers = process_memory_auxv(&k->memory, AT_PHDR);
	const struct process_map *map = process_maps_file_start(&k->maps, headers);
	/* Without a file, as after memfd tricks, they are right behind the file's header. */
	uint64_t start = map ? map->start : headers - sizeof(Elf64_Ehdr);
	if (headers && process_image_read(&k->program, &k->memory, start))
		return 0;
	if (process_memory_is_gone(&k->memory))
		return err_set(err, "process %d has ended, or become another program",
			       (int)k->memory.pid);
	return err_set(err, "process %d: its program is not found in its memory",
		       (int)k->memory.pid);
}

static void read_interpreter(struct looking *k)
{
	char path[PATH_MAX];
	for (size_t i = 0; i < k->program.segment_count; i++)
		if (k->program.segments[i].p_type == PT_INTERP &&
		    process_memory_string(&k->memory,
					  k->program.bias + k->program.segments[i].p_vaddr, path,
					  sizeof(path)))
			k->l->interpreter = mem_strdup(path);
}

/* ---- its modules ---- */

static void add_module(struct looking *k, const char *name, uint64_t inside, uint32_t space)
{
	struct linked *l = k->l;
	struct elf_file file = ELF_FILE_INIT;
	const struct process_map *map = process_maps_at(&k->maps, inside);
	bool is_program = l->count == 0;
	const char *path = is_program ? l->name : name;
	if (path[0] != '/' && map && map->path[0] == '/')
		path = map->path;
	size_t at = l->count;
	struct linked_module *m = linked_add(l, path);
	k->view.images = mem_realloc(k->view.images, l->count, sizeof(*k->view.images));
	k->view.slots = mem_realloc(k->view.slots, l->count, sizeof(*k->view.slots));
	struct process_image *image = &k->view.images[at];
	k->view.slots[at] = (struct process_slots){ NULL, 0, 0 };
	map = process_maps_file_start(&k->maps, inside);
	if (is_program)
		*image = k->program;
	else if (!process_image_read(image, &k->memory, map ? map->start : 0))
		memset(image, 0, sizeof(*image));
	m->found_by = LINKED_IN_PROCESS;
	m->space = space;
	m->bias = image->bias;
	if (process_module_open(&file, &k->memory, image, map, is_program, m) < 0)
		return;
	linked_read_file(l, at, &file, k->finder);
	process_slots_read(&k->view, l, at, &file);
	elf_file_close(&file);
}

static bool is_kernels(const struct looking *k, const struct loader_module *m)
{
	uint64_t provided = process_memory_auxv(&k->memory, AT_SYSINFO_EHDR);
	return provided && m->dynamic - provided < 1 << 16;
}

static void add_modules(struct looking *k, const struct loader_list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct loader_module *m = &list->modules[i];
		if (i > 0 && !is_kernels(k, m))
			add_module(k, m->name, m->dynamic, m->space);
		else if (i == 0)
			add_module(k, m->name, k->program.start, 0);
	}
}

static void forget_modules(struct looking *k)
{
	struct linked fresh = { .origin = LINKED_PROCESS,
				.name = k->l->name,
				.pid = k->l->pid,
				.interpreter = k->l->interpreter,
				.machine = k->l->machine,
				.bits = k->l->bits };
	for (size_t i = 0; i < k->l->count; i++)
		free(k->view.slots[i].items);
	free(k->view.slots);
	free(k->view.images);
	k->view.slots = NULL;
	k->view.images = NULL;
	k->l->name = k->l->interpreter = NULL;
	linked_release(k->l);
	*k->l = fresh;
}

static void bind_again(struct linked *l)
{
	for (size_t i = 0; i < l->count; i++)
		l->modules[i].import_count = 0;
	linked_bind(l);
}

static void bind(struct looking *k)
{
	process_openings_mark(k->l);
	linked_bind(k->l);
	process_slots_guess_modes(&k->view, k->l);
	bind_again(k->l);
	process_slots_tell(&k->view, k->l);
}

/* Reads all until nothing has changed meanwhile. */
static int look(struct looking *k, uint64_t r_debug, struct err *err)
{
	for (int i = 0; i < TRIES_MAX; i++) {
		struct loader_list list, after;
		forget_modules(k);
		process_maps_release(&k->maps);
		if (loader_list_read(&list, &k->memory, r_debug, err) < 0)
			return -1;
		int code = process_maps_read(&k->maps, &k->memory, err);
		if (code == 0)
			add_modules(k, &list);
		bool same = code == 0 && loader_list_read(&after, &k->memory, r_debug, err) == 0;
		if (same) {
			same = loader_list_equal(&list, &after);
			loader_list_release(&after);
		}
		if (!list.is_consistent)
			k->l->is_in_flux = true;
		loader_list_release(&list);
		if (same)
			break;
		if (process_memory_is_gone(&k->memory))
			return err_set(err, "process %d has ended, or become another program",
				       (int)k->memory.pid);
		k->l->is_in_flux = true;
	}
	bind(k);
	return 0;
}

/* Linked statically, or not yet linked: the program is all there is. */
static int look_at_program(struct looking *k)
{
	add_module(k, "", k->program.start, 0);
	bind(k);
	return 0;
}

static int look_at_all(struct looking *k, struct err *err)
{
	struct linked *l = k->l;
	l->name = read_link(&k->memory, "exe");
	if (!l->name)
		l->name = mem_printf("process %d", l->pid);
	if (check_kind(k, err) < 0 || process_maps_read(&k->maps, &k->memory, err) < 0 ||
	    find_program(k, err) < 0)
		return -1;
	l->machine = k->program.header.e_machine;
	l->bits = 64;
	read_interpreter(k);
	uint64_t r_debug = process_image_dynamic(&k->program, &k->memory, DT_DEBUG);
	if (r_debug)
		return look(k, r_debug, err);
	if (process_memory_is_gone(&k->memory))
		return err_set(err, "process %d has ended", l->pid);
	if (l->interpreter)
		return err_set(
			err,
			"process %d: the dynamic linker has not got to work yet, or keeps no "
			"list of modules for debuggers (DT_DEBUG)",
			l->pid);
	return look_at_program(k);
}

int linked_from_process(struct linked *l, pid_t pid, struct allocator_finder *finder,
			struct err *err)
{
	struct looking k = { .l = l, .finder = finder };
	*l = (struct linked){ .origin = LINKED_PROCESS, .pid = (int)pid };
	int code = process_memory_open(&k.memory, pid, err);
	if (code == 0) {
		k.view.memory = &k.memory;
		code = look_at_all(&k, err);
	}
	for (size_t i = 0; k.view.slots && i < l->count; i++)
		free(k.view.slots[i].items);
	free(k.view.slots);
	free(k.view.images);
	process_maps_release(&k.maps);
	process_memory_close(&k.memory);
	if (code < 0)
		linked_release(l);
	return code;
}
