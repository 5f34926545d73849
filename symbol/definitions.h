/* definitions.h - where names are defined: every function and variable in the symbol tables of ELF
 * files and static archives, with .gnu_debugdata and the separate debug file (no debuginfod) where
 * the file's own table was stripped.
 *
 * For any name, not only those of allocation functions: "which file has je_arena_palloc?" Files may
 * be hostile: what is told of them may then be wrong, but it is told. */
#ifndef ALLOCTRACE_SYMBOL_DEFINITIONS_H
#define ALLOCTRACE_SYMBOL_DEFINITIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "util/err.h"

enum definition_table {
	DEFINITION_DYNAMIC, /* .dynsym: the dynamic linker finds it */
	DEFINITION_SYMTAB,
	DEFINITION_MINI_DEBUG, /* .gnu_debugdata */
	DEFINITION_DEBUG_FILE,
};

struct definition {
	char *name;	  /* without a version */
	const char *path; /* of the file, the caller's */
	size_t object;	  /* of an archive: which of its members */
	uint64_t address; /* virtual; in an object that of its section's place in it */
	uint64_t bytes;	  /* 0: not known */
	enum definition_table table;
	bool is_exported; /* others can be bound to it; of an object: it is global */
	bool is_data;
};

struct definitions {
	struct definition *items; /* by name, then in the order of the files */
	size_t count, cap;
};

#define DEFINITIONS_INIT                                                                           \
	{                                                                                          \
		NULL, 0, 0                                                                         \
	}

typedef bool definition_wanted(const void *context, const char *name);

/* Adds those of the file that are wanted; path is kept. A file of another kind adds nothing. */
void definitions_add_file(struct definitions *out, const char *path, definition_wanted *wanted,
			  const void *context);
/* When all files are there; also takes out what is there twice. */
void definitions_sort(struct definitions *d);
void definitions_release(struct definitions *d);

#endif
