/* module_allocators.c - see module_allocators.h. */
#include "symbol/module_allocators.h"

#include "symbol/debug_lookup.h"
#include "symbol/mini_debug.h"
#include "symbol/module_files.h"

struct debug_source {
	struct debug_roots roots;
	struct elf_build_id id;
	const struct elf_file *file;
	const char *path;
	bool ask_servers;
};

static bool find(const struct debug_source *s, enum allocator_symbols where,
		 struct elf_file *symbols)
{
	switch (where) {
	case ALLOCATOR_SYMBOLS_MINI:
		return mini_debug_open(symbols, s->file->elf);
	case ALLOCATOR_SYMBOLS_BY_ID:
		return debug_lookup_by_build_id(symbols, &s->roots, &s->id);
	case ALLOCATOR_SYMBOLS_BY_LINK:
		return debug_lookup_by_link(symbols, &s->roots, s->file, s->path);
	case ALLOCATOR_SYMBOLS_DEBUGINFOD:
		return s->ask_servers && debug_lookup_by_debuginfod(symbols, &s->id, NULL);
	case ALLOCATOR_SYMBOLS_OWN:
		break;
	}
	return false;
}

/* One debug file is enough; .gnu_debugdata may name too little. */
static void add_debug_symbols(const struct elf_file *file, const char *path, bool ask_servers,
			      struct allocators *found)
{
	struct debug_source source = { .file = file, .path = path, .ask_servers = ask_servers };
	bool done = false;
	debug_roots_init(&source.roots);
	elf_build_id_read(file->elf, &source.id);
	for (unsigned from = ALLOCATOR_SYMBOLS_MINI;
	     from <= ALLOCATOR_SYMBOLS_DEBUGINFOD && !done && allocators_lack_symbols(found);
	     from++) {
		struct elf_file symbols = ELF_FILE_INIT;
		if (!find(&source, from, &symbols))
			continue;
		allocators_add_symbols(found, file, &symbols, from);
		elf_file_close(&symbols);
		done = from != ALLOCATOR_SYMBOLS_MINI;
	}
	debug_roots_release(&source.roots);
}

void file_allocators_find(struct allocator_finder *finder, const struct elf_file *file,
			  const char *path, bool ask_servers, struct allocators *out)
{
	allocators_find(finder, file, path, out);
	if (allocators_lack_symbols(out))
		add_debug_symbols(file, path, ask_servers, out);
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
		file_allocators_find(finder, &file, module->path, false, out);
	elf_file_close(&file);
}
