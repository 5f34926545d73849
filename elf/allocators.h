/* allocators.h - which allocators' code is in an ELF file, in the objects of an archive, or in a PE or
 * Mach-O file.
 *
 * Knows the families of wire/families.def by sets of functions in its symbol tables, or by their
 * messages where the symbols are gone. Also finds C++ operators of the file's own and malloc
 * functions of no known family. Says nothing about what is called at run time. Files may be
 * hostile: what is told of them may then be wrong, but it is told. */
#ifndef ALLOCTRACE_ELF_ALLOCATORS_H
#define ALLOCTRACE_ELF_ALLOCATORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/elf_file.h"
#include "wire/families.h"

struct allocator_function {
	char *name;
	uint64_t address; /* virtual, in the file */
	uint8_t flags;	  /* enum allocator_function_flag */
};

/* Where the functions that a file does not export are named. */
enum allocator_symbols {
	ALLOCATOR_SYMBOLS_OWN,	   /* in its own symbol table, or nowhere */
	ALLOCATOR_SYMBOLS_MINI,	   /* .gnu_debugdata */
	ALLOCATOR_SYMBOLS_BY_ID,   /* in a separate debug file, found by build-id */
	ALLOCATOR_SYMBOLS_BY_LINK, /* by .gnu_debuglink */
	ALLOCATOR_SYMBOLS_DEBUGINFOD,
};

struct allocator {
	enum family family;
	const char *name; /* the family's */
	bool layer;	  /* hands requests on: no heap of its own */
	enum allocator_linkage linkage;
	char *prefix;	 /* of its functions; "" if they have none */
	char version[32]; /* "" if not known */
	/* What proves it, as wire/families.def has it: a set of telltales that ends with "|" or the
	 * string, or strings separated by line ends (of which there are always two or more). */
	const char *evidence;
	enum allocator_symbols symbols_from;
	struct allocator_function *functions;
	size_t function_count, function_cap;
};

struct allocators {
	struct allocator *items;
	size_t count, cap;
};

#define ALLOCATORS_INIT { NULL, 0, 0 }

struct allocator_finder;
struct elf_archive;
struct foreign_file;
struct function_set;
struct user_families;

/* What is known of the families, made ready for looking at many files. */
struct allocator_finder *allocator_finder_new(void);
void allocator_finder_free(struct allocator_finder *finder);
/* From now on allocators_find() looks for the user's families, too; NULL: none. They stay the caller's. */
void allocator_finder_add_users(struct allocator_finder *finder, struct user_families *users);

/* What is in the file, which is called `name` where it has no DT_SONAME (its path will do).
 * The strings of *out are its own. */
void allocators_find(struct allocator_finder *finder, const struct elf_file *file, const char *name,
		     struct allocators *out);
/* The same for the objects of an archive together: an allocator may be spread over several. */
void allocators_find_in_archive(struct allocator_finder *finder, const struct elf_archive *archive,
				const char *name, struct allocators *out);
/* The same of what is no ELF file. */
void allocators_find_in_foreign(struct allocator_finder *finder, const struct foreign_file *file,
				const char *name, struct allocators *out);
/* The same by the file's symbols alone, which are in `functions`, and without versions: quick. */
void allocators_find_by_symbols(const struct elf_file *file, const char *name,
				const struct function_set *functions, struct allocators *out);
/* Adds the versions to what that has found; reads the whole file. */
void allocators_add_versions(struct allocators *found, const struct elf_file *file,
			     const struct function_set *functions);
/* Looks in `symbols`, a file with symbols of the same code (a debug file), for the functions of
 * those that are ALLOCATOR_STRIPPED; they become ALLOCATOR_HIDDEN. `file` as before; `from`: where
 * that file was found. */
void allocators_add_symbols(struct allocators *found, const struct elf_file *file,
			    const struct elf_file *symbols, enum allocator_symbols from);
/* Whether one of them is ALLOCATOR_STRIPPED. */
bool allocators_lack_symbols(const struct allocators *found);
void allocators_release(struct allocators *found);
/* Its function of this name; NULL: it has none. */
const struct allocator_function *allocator_function_named(const struct allocator *a,
							  const char *name);
/* Whether it is known by its messages: evidence then is strings, else a set of functions. */
bool allocator_is_by_messages(const struct allocator *a);

#endif
