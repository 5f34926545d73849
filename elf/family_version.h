/* family_version.h - the ways to read an allocator's version that need more than a search for its
 * texts. Part of allocators.h. */
#ifndef ALLOCTRACE_ELF_FAMILY_VERSION_H
#define ALLOCTRACE_ELF_FAMILY_VERSION_H

#include "elf/family_clues.h"
#include "elf/foreign_file.h"
#include "elf/function_set.h"

/* What there is to read from. */
struct version_source {
	const struct elf_file *file;	    /* or NULL: several objects, or no ELF file */
	const struct foreign_file *foreign; /* or NULL */
	const struct function_set *functions;
	const struct constants *constants;
	size_t constants_count;
	bool is_library; /* the allocator's own shared one */
};

/* Both try the ways in `how`, as wire/families.def has them, in their order, and leave "" if none
 * leads to a version. What a function returns; `prefix` is that of the allocator's functions: */
void family_version_of_functions(const char *how, const char *prefix,
				 const struct version_source *from, char out[FAMILY_VERSION_BYTES]);
/* The other ways, which read the whole file: */
void family_version_of_file(const char *how, const struct version_source *from,
			    char out[FAMILY_VERSION_BYTES]);

#endif
