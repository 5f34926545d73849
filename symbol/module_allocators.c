/* module_allocators.c - see module_allocators.h. */
#include "symbol/module_allocators.h"

#include "symbol/debug_lookup.h"
#include "symbol/mini_debug.h"
#include "symbol/module_files.h"

static void add_debug_symbols(const struct elf_file *file, const char *path,
			      struct allocators *found)
{
	struct debug_roots roots;
	struct elf_build_id id;
	struct elf_file symbols = ELF_FILE_INIT;
	debug_roots_init(&roots);
	elf_build_id_read(file->elf, &id);
	if (mini_debug_open(&symbols, file->elf)) {
		allocators_add_symbols(found, file, &symbols);
		elf_file_close(&symbols);
	}
	if (allocators_lack_symbols(found) &&
	    (debug_lookup_by_build_id(&symbols, &roots, &id) ||
	     debug_lookup_by_link(&symbols, &roots, file, path))) {
		allocators_add_symbols(found, file, &symbols);
		elf_file_close(&symbols);
	}
	debug_roots_release(&roots);
}

void file_allocators_find(struct allocator_finder *finder, const struct elf_file *file,
			  const char *path, struct allocators *out)
{
	allocators_find(finder, file, path, out);
	if (allocators_lack_symbols(out))
		add_debug_symbols(file, path, out);
}

void module_allocators_find(struct allocator_finder *finder, const struct trace_module *module,
			    struct allocators *out)
{
	struct elf_file file;
	*out = (struct allocators)ALLOCATORS_INIT;
	if (module->anonymous_process_plus_1 || module->path[0] != '/' ||
	    elf_file_open(&file, module->path, NULL) < 0)
		return;
	if (module_file_is_same(file.elf, module))
		file_allocators_find(finder, &file, module->path, out);
	elf_file_close(&file);
}
