/* debug_lookup.h - finds separate debug files on the disk and through debuginfod.
 *
 * Every file found is a regular file and is checked: by build-id where there is one, by checksum
 * for a .gnu_debuglink without. Names in links are hostile text. */
#ifndef ALLOCTRACE_SYMBOL_DEBUG_LOOKUP_H
#define ALLOCTRACE_SYMBOL_DEBUG_LOOKUP_H

#include <stdbool.h>

#include "elf/elf_file.h"

struct debug_roots;

/* ROOT/.build-id/ab/cdef....debug of the first root that has it. */
bool debug_lookup_by_build_id(struct elf_file *file, const struct debug_roots *roots,
			      const struct elf_build_id *id);
/* What the main file's .gnu_debuglink names: beside it, in .debug/ beside it, below each root. */
bool debug_lookup_by_link(struct elf_file *file, const struct debug_roots *roots,
			  const struct elf_file *main_file, const char *main_path);
/* Only when DEBUGINFOD_URLS is set and libdebuginfod is there. Sets the error (may be NULL) when
 * the servers are silent for some seconds; they are then not asked again. */
bool debug_lookup_by_debuginfod(struct elf_file *file, const struct elf_build_id *id,
				struct err *err);
/* The file that `name` (of .gnu_debugaltlink) stands for, relative to the directory of `of`. */
bool debug_lookup_alt(struct elf_file *file, const struct debug_roots *roots, const char *of,
		      const char *name, const struct elf_build_id *id);

#endif
