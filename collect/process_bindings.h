/* process_bindings.h - the modules of a traced process as the dynamic linker searches them.
 *
 * From the load order that the process keeps in the session memory and the modules' files, which
 * are read once. Not thread-safe: the collector's thread only. */
#ifndef ALLOCTRACE_COLLECT_PROCESS_BINDINGS_H
#define ALLOCTRACE_COLLECT_PROCESS_BINDINGS_H

#include <stdbool.h>
#include <stdint.h>

#include "collect/code_tables.h"
#include "elf/binding_search.h"
#include "elf/elf_file.h"

struct known_file;

/* Zero-initialised but for the first two it knows no file. */
struct binding_files {
	struct session *session;
	const struct tables *tables;
	struct known_file **files; /* by module of the session */
};

void binding_files_release(struct binding_files *f);
/* Opens the module's file, if it is still the one that the process has. */
bool binding_files_open(struct binding_files *f, uint32_t module, struct elf_file *file);

struct process_bindings {
	struct binding_process process;
	struct binding_module *modules;
	uint32_t *ids; /* session modules, by index of modules */
};

/* What the process has loaded now (by index of its record). Valid as long as f. */
void process_bindings_read(struct process_bindings *p, struct binding_files *f, uint32_t process);
void process_bindings_release(struct process_bindings *p);
/* The index of a module of the session in this namespace; SIZE_MAX if it is not there. */
size_t process_bindings_find(const struct process_bindings *p, uint32_t module, uint32_t space);
/* Its first namespace, and in how many it is. */
unsigned process_bindings_spaces(const struct process_bindings *p, uint32_t module,
				 uint32_t *first);

#endif
