/* linked.c - see linked.h. */
#include "link/linked.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "elf/given_blocks.h"
#include "elf/rust_shims.h"
#include "link/diagnosis.h"
#include "symbol/module_allocators.h"
#include "util/mem.h"
#include "wire/roles.h"

struct linked_module *linked_add(struct linked *l, const char *path)
{
	l->modules = mem_grow(l->modules, &l->cap, l->count + 1, sizeof(*l->modules));
	struct linked_module *module = &l->modules[l->count++];
	*module = (struct linked_module){ .path = mem_strdup(path),
					  .wanted_by = SIZE_MAX,
					  .file = BINDINGS_INIT,
					  .found = ALLOCATORS_INIT,
					  .rust_allocator = SIZE_MAX };
	return module;
}

static void read_segments(struct linked_module *module, Elf *elf)
{
	GElf_Phdr stack;
	if (elf_segment_of_type(elf, PT_GNU_STACK, &stack) && stack.p_flags & PF_X)
		module->marks |= LINKED_EXECUTABLE_STACK;
}

/* Only a file with an allocator inside can lead to one. */
static void read_rust(struct linked_module *m, const struct elf_file *file)
{
	struct rust_shims shims;
	bool is_inside = false;
	for (size_t i = 0; i < m->found.count; i++)
		is_inside |=
			!m->found.items[i].layer && m->found.items[i].linkage != ALLOCATOR_SHARED;
	if (!is_inside)
		return;
	rust_shims_read(&shims, file, file, &m->found);
	if (shims.leads == RUST_TO_INSTANCE)
		m->rust_allocator = shims.instance;
}

void linked_read_file(struct linked *l, size_t module, const struct elf_file *file,
		      struct allocator_finder *finder)
{
	struct linked_module *m = &l->modules[module];
	bindings_read(&m->file, file);
	elf_build_id_read(file->elf, &m->build_id);
	file_allocators_find(finder, file, m->path, false, &m->found);
	read_rust(m, file);
	read_segments(m, file->elf);
	thread_storage_read(&m->tls, file);
	m->given = given_blocks_read(file, &m->looks_up);
}

/* What binding_search() wants to have; the list is the caller's to free. */
static struct binding_process searched_of(const struct linked *l)
{
	struct binding_module *searched = mem_zalloc(l->count + 1, sizeof(*searched));
	for (size_t i = 0; i < l->count; i++)
		searched[i] = (struct binding_module){
			.file = l->modules[i].problem ? NULL : &l->modules[i].file,
			.path = l->modules[i].path,
			.space = l->modules[i].space,
			.flags = l->modules[i].flags,
		};
	return (struct binding_process){ searched, l->count };
}

static void add_import(struct linked_module *m, size_t symbol, bool for_call,
		       const struct binding *binding)
{
	m->imports = mem_grow(m->imports, &m->import_cap, m->import_count + 1, sizeof(*m->imports));
	m->imports[m->import_count++] = (struct linked_import){ .symbol = symbol,
								.for_call = for_call,
								.binding = *binding,
								.value_module = SIZE_MAX };
}

/* Twice where it makes a difference whether it is called or its address is taken. */
static void bind_symbol(struct linked_module *m, const struct binding_process *process, size_t at,
			size_t symbol)
{
	const struct binding_symbol *s = &m->file.symbols[symbol];
	const bool called = s->flags & BINDING_CALLED;
	const bool addressed = s->flags & (BINDING_ADDRESSED | BINDING_COPIED);
	/* Nothing refers to it: its own definition, which others may take, or a name left over. */
	if (!called && !addressed &&
	    (s->flags & BINDING_DEFINED || m->file.flags & BINDINGS_USES_KNOWN))
		return;
	const struct binding call = binding_search(process, at, s->name, true);
	const struct binding address = binding_search(process, at, s->name, false);
	if (called)
		add_import(m, symbol, true, &call);
	if (!called ||
	    (addressed && (address.module != call.module || address.reason != call.reason)))
		add_import(m, symbol, false, &address);
}

void linked_bind(struct linked *l)
{
	const struct binding_process process = searched_of(l);
	for (size_t i = 0; i < l->count; i++)
		for (size_t k = 0; k < l->modules[i].file.symbol_count; k++)
			bind_symbol(&l->modules[i], &process, i, k);
	free((void *)process.modules);
}

struct binding linked_search(const struct linked *l, size_t module, const char *name)
{
	const struct binding_process process = searched_of(l);
	const struct binding found = binding_search(&process, module, name, true);
	free((void *)process.modules);
	return found;
}

const struct allocator *linked_allocator_of(const struct linked_module *m)
{
	for (size_t i = 0; i < m->found.count; i++) {
		const struct allocator *a = &m->found.items[i];
		if (!a->layer &&
		    (a->linkage == ALLOCATOR_SHARED || a->linkage == ALLOCATOR_EXPORTED))
			return a;
	}
	return NULL;
}

bool linked_is_common(const char *symbol)
{
	static const char *const others[] = { "mmap", "munmap", "mremap", "brk", "sbrk" };
	for (size_t i = 0; i < AT_COUNT_OF(others); i++)
		if (strcmp(others[i], symbol) == 0)
			return false;
	/* The operators' sizes are unsigned int on other machines. */
	return role_is_symbol(symbol) || bindings_is_operator(symbol);
}

static bool is_of_allocator(const struct linked_module *m, const char *symbol)
{
	for (size_t i = 0; i < m->found.count; i++)
		if (allocator_function_named(&m->found.items[i], symbol))
			return true;
	return false;
}

/* Of an API that nobody defines the name must do. */
static bool has_api_prefix(const char *symbol)
{
	static const char *const prefixes[] = { "je_", "mi_",	    "tc_",    "sn_",
						"rp",  "scalable_", "_rjem_", "nallocx" };
	for (size_t i = 0; i < AT_COUNT_OF(prefixes); i++)
		if (strncmp(symbol, prefixes[i], strlen(prefixes[i])) == 0)
			return true;
	return false;
}

bool linked_is_told(const struct linked *l, const struct linked_module *m,
		    const struct linked_import *import)
{
	const char *symbol = m->file.symbols[import->symbol].name;
	if (linked_is_common(symbol))
		return true;
	if (import->binding.reason == BINDING_NOT_FOUND)
		return has_api_prefix(symbol);
	return !role_is_symbol(symbol) &&
	       is_of_allocator(&l->modules[import->binding.module], symbol);
}

bool linked_is_program(const struct linked *l)
{
	if (!l->count || l->origin != LINKED_FILES)
		return l->count;
	/* libc.so.6 has an interpreter, too, and programs have no name. */
	const struct bindings *file = &l->modules[0].file;
	return file->flags & BINDINGS_PROGRAM || (l->interpreter && !file->soname);
}

size_t linked_served_by(const struct linked *l, const struct linked_module *m,
			const struct linked_import *import)
{
	const struct binding *b = &import->binding;
	if (b->reason == BINDING_NOT_FOUND)
		return SIZE_MAX;
	if (b->symbol->flags & BINDING_DEFINED)
		return b->module;
	const struct binding on = linked_search(l, b->module, m->file.symbols[import->symbol].name);
	return on.reason == BINDING_NOT_FOUND ? SIZE_MAX : on.module;
}

static void release_module(struct linked_module *m)
{
	free(m->path);
	free(m->problem);
	free(m->note);
	free(m->imports);
	bindings_release(&m->file);
	thread_storage_release(&m->tls);
	allocators_release(&m->found);
}

void linked_release(struct linked *l)
{
	for (size_t i = 0; i < l->count; i++)
		release_module(&l->modules[i]);
	diagnosed_free(l->diagnosed);
	free(l->modules);
	free(l->name);
	free(l->interpreter);
	free(l->when);
	memset(l, 0, sizeof(*l));
}
