/* process_bindings.c - see process_bindings.h. */
#include "collect/process_bindings.h"

#include <stdlib.h>

#include "base/atomics.h"
#include "symbol/module_files.h"
#include "util/mem.h"

struct known_file {
	struct session_module copy;
	struct trace_module module; /* points into `copy` */
	bool is_read;
	struct bindings bindings;
};

static void known_file_free(struct known_file *k)
{
	if (k)
		bindings_release(&k->bindings);
	free(k);
}

void binding_files_release(struct binding_files *f)
{
	for (uint32_t i = 0; f->files && i < SESSION_MAX_MODULES; i++)
		known_file_free(f->files[i]);
	free(f->files);
	f->files = NULL;
}

static bool open_file(const struct trace_module *module, struct elf_file *file)
{
	if (module->anonymous_process_plus_1 || module->path[0] != '/' ||
	    elf_file_open(file, module->path, NULL) < 0)
		return false;
	if (module_file_is_same(file->elf, module))
		return true;
	elf_file_close(file);
	return false;
}

static const struct known_file *known_file(struct binding_files *f, uint32_t module)
{
	struct elf_file file;
	if (module >= SESSION_MAX_MODULES)
		return NULL;
	if (!f->files)
		f->files = mem_zalloc(SESSION_MAX_MODULES, sizeof(struct known_file *));
	if (f->files[module])
		return f->files[module];
	struct known_file *k = mem_zalloc(1, sizeof(*k));
	if (!tables_read_module(f->tables, module, &k->copy, &k->module)) {
		free(k);
		return NULL;
	}
	f->files[module] = k;
	if (!open_file(&k->module, &file))
		return k;
	bindings_read(&k->bindings, &file);
	k->is_read = true;
	elf_file_close(&file);
	return k;
}

bool binding_files_open(struct binding_files *f, uint32_t module, struct elf_file *file)
{
	const struct known_file *k = known_file(f, module);
	return k && k->is_read && open_file(&k->module, file);
}

static uint32_t flags_of(unsigned load)
{
	static const struct {
		unsigned from;
		uint32_t to;
	} flags[] = {
		{ SESSION_LOAD_STARTUP, BINDING_STARTUP },
		{ SESSION_LOAD_OPENED, BINDING_OPENED },
		{ SESSION_LOAD_GLOBAL, BINDING_GLOBAL },
		{ SESSION_LOAD_DEEPBIND, BINDING_DEEPBIND },
		{ SESSION_LOAD_MODE_KNOWN, BINDING_MODE_KNOWN },
		{ SESSION_LOAD_RUNTIME | SESSION_LOAD_GONE, BINDING_UNSEEN },
	};
	uint32_t found = 0;
	for (size_t i = 0; i < AT_COUNT_OF(flags); i++)
		found |= load & flags[i].from ? flags[i].to : 0;
	return found;
}

void process_bindings_read(struct process_bindings *p, struct binding_files *f, uint32_t process)
{
	const struct session_loaded *loaded = f->session->loaded + process;
	uint32_t count = at_load_acquire(&loaded->order_count);
	if (count > SESSION_MAX_ORDER)
		count = 0; /* overwritten by the program */
	p->modules = mem_zalloc(count + 1u, sizeof(*p->modules));
	p->ids = mem_zalloc(count + 1u, sizeof(*p->ids));
	p->process = (struct binding_process){ p->modules, 0 };
	for (uint32_t i = 0; i < count; i++) {
		struct session_load load = loaded->order[i];
		const struct known_file *k = known_file(f, load.module);
		if (!k)
			continue;
		size_t at = p->process.count++;
		p->ids[at] = load.module;
		p->modules[at] = (struct binding_module){ .file = k->is_read ? &k->bindings : NULL,
							  .path = k->module.path,
							  .space = load.space,
							  .flags = flags_of(load.flags) };
	}
}

void process_bindings_release(struct process_bindings *p)
{
	free(p->modules);
	free(p->ids);
}

size_t process_bindings_find(const struct process_bindings *p, uint32_t module, uint32_t space)
{
	for (size_t i = 0; i < p->process.count; i++)
		if (p->ids[i] == module && p->modules[i].space == space)
			return i;
	return SIZE_MAX;
}

unsigned process_bindings_spaces(const struct process_bindings *p, uint32_t module, uint32_t *first)
{
	unsigned spaces = 0;
	for (size_t i = 0; i < p->process.count; i++)
		if (p->ids[i] == module && spaces++ == 0)
			*first = p->modules[i].space;
	return spaces;
}
