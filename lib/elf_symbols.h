/* elf_symbols.h - looking up symbols as the dynamic linker does, without asking it.
 *
 * Inside the traced process. Walks the link map of r_debug and the modules' hash tables. Takes no
 * lock: used at the start, and later only for a function that no module defined then, for dlclose,
 * and by modules.c where glibc has no _dl_find_object. */
#ifndef ALLOCTRACE_LIB_ELF_SYMBOLS_H
#define ALLOCTRACE_LIB_ELF_SYMBOLS_H

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

/* The address of the definition of name in one module, or NULL. */
void *elf_symbol_in(const struct link_map *map, const char *name);

#endif
