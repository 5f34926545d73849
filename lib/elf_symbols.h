/* elf_symbols.h - looking up symbols as the dynamic linker does, without asking it.
 *
 * Inside the traced process. Walks the link map of r_debug and the modules' hash tables. Takes no
 * lock: used at the start, and later only for a function that no module defined then, for dlclose,
 * and by modules.c where glibc has no _dl_find_object. */
#ifndef ALLOCTRACE_LIB_ELF_SYMBOLS_H
#define ALLOCTRACE_LIB_ELF_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

struct link_map;
struct r_debug;

/* What the dynamic linker tells debuggers; NULL when it cannot be found. From the main program's
 * DT_DEBUG entry, which glibc and musl both fill in. */
const struct r_debug *elf_debug(void);
/* The first module of its list; NULL when it cannot be found. */
const struct link_map *elf_first_module(void);

/* The address of the first definition of name in the modules behind the runtime in link-map
 * order; IFUNCs are resolved. NULL if there is none. */
void *elf_symbol_next(const char *name);

/* glibc's own definition, whoever stands before it; elsewhere elf_symbol_next(). A sanitizer's
 * stand-ins do not work before it has started. */
void *elf_symbol_in_libc(const char *name);

/* The runtime's own. */
const struct link_map *elf_own_module(void);

/* The address of the definition of name in one module, or NULL. */
void *elf_symbol_in(const struct link_map *map, const char *name);
/* The name of the function that the module exports and that has address inside it, and where it begins;
 * NULL if there is none. Looks at all its symbols. */
const char *elf_symbol_around(const struct link_map *map, uintptr_t address, uintptr_t *start);

/* A symbol that a module's code goes through a table for. */
struct elf_import {
	const char *name;
	uintptr_t value; /* what it is bound to now */
	bool is_own;	 /* the module has a definition of it, too */
};

/* Tells all of them; some more than once. */
void elf_each_import(const struct link_map *map,
		     void (*tell)(const struct elf_import *import, void *context), void *context);

#endif
