/* module_allocators.h - the allocators in a file, with the help of its debug file.
 *
 * Where an allocator in it is known by its messages alone, .gnu_debugdata or the separate debug
 * file is opened: one on this machine, or of the servers of DEBUGINFOD_URLS where they may be
 * asked. */
#ifndef ALLOCTRACE_SYMBOL_MODULE_ALLOCATORS_H
#define ALLOCTRACE_SYMBOL_MODULE_ALLOCATORS_H

#include "elf/allocators.h"
#include "trace/trace.h"

/* Those in the file, and if its own symbols are gone with those of its debug file. */
void file_allocators_find(struct allocator_finder *finder, const struct elf_file *file,
			  const char *path, bool ask_servers, struct allocators *out);
/* The same of the module's file, if it is the one that was traced. *out is empty when there is no
 * such file any more, or another one. */
void module_allocators_find(struct allocator_finder *finder, const struct trace_module *module,
			    struct allocators *out);

#endif
