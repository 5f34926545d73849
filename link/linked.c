/* linked.c - see linked.h. */
#include "link/linked.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/module_allocators.h"
#include "util/mem.h"

struct linked_module *linked_add(struct linked *l, const char *path)
{
	l->modules = mem_grow(l->modules, &l->cap, l->count + 1, sizeof(*l->modules));
	struct linked_module *module = &l->modules[l->count++];
	*module = (struct linked_module){ .path = mem_strdup(path),
					  .wanted_by = SIZE_MAX,
					  .file = BINDINGS_INIT,
					  .found = ALLOCATORS_INIT };
	return module;
}

static void read_segments(struct linked_module *module, Elf *elf)
{
	size_t count = 0;
	if (elf_getphdrnum(elf, &count) != 0)
		return;
	for (size_t i = 0; i < count && i < INT32_MAX; i++) {
		GElf_Phdr segment;
		if (!gelf_getphdr(elf, (int)i, &segment))
			return;
		if (segment.p_type == PT_GNU_STACK && segment.p_flags & PF_X)
			module->marks |= LINKED_EXECUTABLE_STACK;
	}
}

void linked_read_file(struct linked *l, size_t module, const struct elf_file *file,
		      struct allocator_finder *finder)
{
	struct linked_module *m = &l->modules[module];
	bindings_read(&m->file, file);
	elf_build_id_read(file->elf, &m->build_id);
	file_allocators_find(finder, file, m->path, &m->found);
	read_segments(m, file->elf);
	thread_storage_read(&m->tls, file);
}

static void bind_imports(struct linked_module *m, const struct binding_process *process, size_t at)
{
	for (size_t i = 0; i < m->file.symbol_count; i++) {
		const struct binding_symbol *symbol = &m->file.symbols[i];
		if (symbol->flags & BINDING_DEFINED)
			continue;
		m->imports = mem_grow(m->imports, &m->import_cap, m->import_count + 1,
				      sizeof(*m->imports));
		m->imports[m->import_count++] = (struct linked_import){
			.symbol = i,
			.binding = binding_search(process, at, symbol->name,
						  symbol->flags & BINDING_CALLED),
			.value_module = SIZE_MAX
		};
	}
}

void linked_bind(struct linked *l)
{
	struct binding_module *searched = mem_zalloc(l->count + 1, sizeof(*searched));
	const struct binding_process process = { searched, l->count };
	for (size_t i = 0; i < l->count; i++)
		searched[i] = (struct binding_module){
			.file = l->modules[i].problem ? NULL : &l->modules[i].file,
			.path = l->modules[i].path,
			.space = l->modules[i].space,
			.flags = l->modules[i].flags,
		};
	for (size_t i = 0; i < l->count; i++)
		bind_imports(&l->modules[i], &process, i);
	free(searched);
}

static void release_module(struct linked_module *m)
{
	free(m->path);
	free(m->problem);
	free(m->imports);
	bindings_release(&m->file);
	thread_storage_release(&m->tls);
	allocators_release(&m->found);
}

void linked_release(struct linked *l)
{
	for (size_t i = 0; i < l->count; i++)
		release_module(&l->modules[i]);
	free(l->modules);
	free(l->name);
	free(l->interpreter);
	memset(l, 0, sizeof(*l));
}
