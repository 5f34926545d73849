/* binding_search.h - which module of a process a symbol of another one is bound to, and why.
 *
 * Does what glibc's dynamic linker does, by what is known of the modules: no file is opened here.
 * Whether the process really did so is for the caller to see; a program may have been linked
 * meanwhile, or its loader may be another one. */
#ifndef ALLOCTRACE_ELF_BINDING_SEARCH_H
#define ALLOCTRACE_ELF_BINDING_SEARCH_H

#include "elf/bindings.h"

enum binding_module_flag {
	/* There when the program started: its own, preloaded, needed by these. */
	BINDING_STARTUP = 1,
	/* What dlopen() or dlmopen() was called with; what it brought with it follows. */
	BINDING_OPENED = 2,
	BINDING_GLOBAL = 4,	 /* with RTLD_GLOBAL, as all that it brought */
	BINDING_DEEPBIND = 8,	 /* with RTLD_DEEPBIND, likewise */
	BINDING_MODE_KNOWN = 16, /* the flags of the opening are known */
	BINDING_UNSEEN = 32,	 /* found by no search: the runtime, which is not to be told of */
	/* How what was there at the start came is known: preloaded or not. Else it is told by the
	 * order. */
	BINDING_ORIGIN_KNOWN = 64,
	BINDING_PRELOADED = 128,
	/* Loaded by musl's dynamic linker, which knows no -Bsymbolic and no protected symbols, and
	 * of versions only which one is the default. */
	BINDING_MUSL = 256,
};

struct binding_module {
	const struct bindings *file; /* NULL: not known, nothing is found in it */
	const char *path;
	uint32_t space; /* namespace; 0 is the program's */
	uint32_t flags; /* enum binding_module_flag */
};

/* In the order in which they were loaded, the program first. */
struct binding_process {
	const struct binding_module *modules;
	size_t count;
};

enum binding_reason {
	BINDING_NOT_FOUND,
	BINDING_BY_FILE,	/* hidden, or protected: the file's own always */
	BINDING_BY_SYMBOLIC,	/* DF_SYMBOLIC: the file's own comes first */
	BINDING_BY_PROGRAM,	/* the program itself, which is searched first */
	BINDING_BY_PRELOAD,	/* LD_PRELOAD: searched right after the program */
	BINDING_BY_NEEDED,	/* in the order of DT_NEEDED */
	BINDING_BY_GLOBAL_OPEN, /* opened later with RTLD_GLOBAL */
	BINDING_BY_OPEN,	/* brought by the dlopen() that brought the module itself */
	BINDING_BY_DEEPBIND,	/* the same, and before all others */
	BINDING_BY_SPACE,	/* in the namespace of the module, which is not the program's */
};

struct binding {
	enum binding_reason reason;
	size_t module; /* that defines it, if it was found */
	const struct binding_symbol *symbol;
	/* A module that comes before and defines the name in another version, or SIZE_MAX. */
	size_t passed_over;
	/* The module itself defines the name, and is not the one that it is bound to. */
	bool has_own;
};

/* Who the symbol of the module is bound to. for_call: as a function to be called; false: as an
 * address. A name that the module does not import is looked up as if it did, without a version. */
struct binding binding_search(const struct binding_process *process, size_t module,
			      const char *name, bool for_call);
/* The symbol as the module imports or defines it, imported first; NULL if it does neither. */
const struct binding_symbol *binding_symbol_of(const struct bindings *file, const char *name);

#endif
