/* module_files.h - the files that know about one module's code.
 *
 * Opens the module's file, checks that it is the one that was traced, and finds what belongs to
 * it: the separate debug file (by build-id, .gnu_debuglink or debuginfod), the file that dwz has
 * moved common parts to, and the symbol table packed in .gnu_debugdata. Says in words what stood
 * in the way. What is read from them is for others. */
#ifndef ALLOCTRACE_SYMBOL_MODULE_FILES_H
#define ALLOCTRACE_SYMBOL_MODULE_FILES_H

#include <elfutils/libdw.h>
#include <stdbool.h>

#include "elf/elf_file.h"
#include "trace/trace.h"

struct module_files {
	struct elf_file main;	      /* the file that was traced */
	struct elf_file debug;	      /* its separate debug file */
	struct elf_file mini;	      /* the unpacked .gnu_debugdata */
	struct elf_file alt;	      /* dwz's file, of whichever has the DWARF */
	struct elf_file unpacked;     /* the compressed DWARF of main or debug, in memory */
	struct elf_file unpacked_alt; /* the same of alt */
	Dwarf *dwarf;		      /* NULL: none */
	Dwarf *alt_dwarf;
	char *problem; /* NULL, or why the module is not used as it should be */
};

/* Where separate debug files are looked for, each with .build-id/ below it. */
struct debug_roots {
	char **paths;
	size_t count, cap;
	bool no_servers; /* debuginfod is not asked, whatever DEBUGINFOD_URLS says */
};

void debug_roots_init(struct debug_roots *roots); /* /usr/lib/debug */
void debug_roots_add(struct debug_roots *roots, const char *path);
void debug_roots_release(struct debug_roots *roots);

/* Opens what there is; nothing at all is no failure (problem then says why). */
void module_files_open(struct module_files *files, const struct trace_module *module,
		       const struct debug_roots *roots);
void module_files_close(struct module_files *files);

/* Whether the file has the module's build-id; a module without one has any file that has none. */
bool module_file_is_same(Elf *elf, const struct trace_module *module);

/* The handle with the program headers of the code, or NULL when no file could be used. */
Elf *module_files_code(const struct module_files *files);

#endif
