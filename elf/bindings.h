/* bindings.h - which allocation functions an ELF file imports and defines by name, as the dynamic
 * linker sees them.
 *
 * Also what decides about the search for them: the libraries that the file needs, its own name,
 * its flags. What is bound to what in a process is told by binding_search.h. Files may be hostile:
 * what is told of them may then be wrong, but it is told. */
#ifndef ALLOCTRACE_ELF_BINDINGS_H
#define ALLOCTRACE_ELF_BINDINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/elf_file.h"

enum binding_symbol_flag {
	BINDING_DEFINED = 1, /* by the file; else it is imported */
	BINDING_WEAK = 2,
	BINDING_PROTECTED = 4,
	BINDING_LOCAL = 8, /* hidden or local, and all the same in the dynamic table */
	BINDING_IFUNC = 16,
	BINDING_OTHER_VERSION = 32, /* not the version that a reference without one gets */
	/* Imported, and the program's own address of it serves all modules (a program that is not
	 * position-independent takes the address of a function). */
	BINDING_HAS_ADDRESS = 64,
	BINDING_CALLED = 128,	 /* imported to be called alone (R_*_JUMP_SLOT) */
	BINDING_ADDRESSED = 256, /* its address is wanted (R_*_GLOB_DAT and others) */
	BINDING_COPIED = 512,	 /* a variable that the program has a copy of (R_*_COPY) */
};

struct binding_symbol {
	char *name;
	char *version;		/* NULL: none */
	uint64_t address;	/* virtual, in the file */
	uint16_t version_index; /* as the file counts them */
	uint16_t flags;		/* enum binding_symbol_flag */
};

enum bindings_flag {
	BINDINGS_SYMBOLIC = 1, /* DF_SYMBOLIC: looks in itself first */
	BINDINGS_TEXTREL = 2,
	BINDINGS_STATIC_TLS = 4,
	BINDINGS_NOW = 8,	    /* bound at once, not at the first call */
	BINDINGS_PROGRAM = 16,	    /* a program, not a library */
	BINDINGS_VERSIONED = 32,    /* its symbols have versions */
	BINDINGS_RPATH = 64,	    /* `runpath` is a DT_RPATH */
	BINDINGS_NO_DEFAULTS = 128, /* not in the default directories (DF_1_NODEFLIB) */
	/* Its relocations were read: a symbol with neither use is not bound at all. */
	BINDINGS_USES_KNOWN = 256,
};

struct bindings {
	char *soname;  /* NULL: none */
	char *runpath; /* NULL: none */
	char **needed;
	size_t needed_count, needed_cap;
	uint32_t flags; /* enum bindings_flag */
	struct binding_symbol *symbols;
	size_t symbol_count, symbol_cap;
};

#define BINDINGS_INIT                                                                              \
	{                                                                                          \
		NULL, NULL, NULL, 0, 0, 0, NULL, 0, 0                                              \
	}

/* What the dynamic sections of the file say. The strings of *out are its own. */
void bindings_read(struct bindings *out, const struct elf_file *file);
void bindings_release(struct bindings *b);

/* Whether the name is one that is told of: malloc, operator delete, a function of an allocator's
 * own API. */
bool bindings_is_allocation(const char *name);
/* operator new or delete, of 32-bit machines, too. */
bool bindings_is_operator(const char *name);

#endif
