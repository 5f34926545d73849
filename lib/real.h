/* real.h - the backend: the functions that the program would call without the runtime.
 *
 * Inside the traced process. A role's function is the first definition behind the runtime in
 * the order in which the dynamic linker searches; found by elf_symbols.c, never by dlsym, which
 * takes locks and may allocate. */
#ifndef ALLOCTRACE_LIB_REAL_H
#define ALLOCTRACE_LIB_REAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/atomics.h"
#include "base/compiler.h"
#include "wire/roles.h"

/* By role; NULL when nobody defines it (yet). Written at start, by real_find() when a library that was
 * loaded later defines it, and by real_pass_hook(). */
extern AT_HIDDEN void *real_functions[ROLE_COUNT];
/* Where the symbols lie. */
extern void *real_addresses[ROLE_COUNT];

/* Finds all roles. Once. */
void real_resolve(void);

/* For a role that was not there at the start. NULL: still nobody defines it. */
void *real_find(enum role role);

static inline void *real_function(enum role role)
{
	void *function = at_load_relaxed(&real_functions[role]);
	return AT_LIKELY(function != NULL) ? function : real_find(role);
}

/* The function there is hooked now; the runtime itself is to call `original` and not the hook. */
void real_pass_hook(uintptr_t function, void *original);

/* Is one of the functions in this memory? */
bool real_serves(uintptr_t start, uintptr_t end);

int real_dlclose(void *handle);

/* Memory for calls that come before the backend is known. Never given back. */
void *real_bootstrap(size_t size, size_t align);
enum { REAL_BOOTSTRAP_BYTES = 64 * 1024 };
extern AT_HIDDEN char real_bootstrap_memory[REAL_BOOTSTRAP_BYTES];

static inline bool real_is_bootstrap(const void *p)
{
	return (uintptr_t)p - (uintptr_t)real_bootstrap_memory < REAL_BOOTSTRAP_BYTES;
}

#endif
