/* doubt.h - what in this process may make a right release look wrong?
 *
 * Inside the traced process; called from hooks, with the guard GUARD_BUSY, for the rare release that
 * seems wrong. Two things may: a module whose calls go past the hooks to the allocator - the block table
 * then says of an address what was true of an earlier block -, and operators new and delete that the
 * program brings itself and that call malloc and free, where the hooks see malloc and the caller
 * wrote new.
 *
 * Takes the loader's lock the first times: the lists of modules stand still meanwhile. */
#ifndef ALLOCTRACE_LIB_DOUBT_H
#define ALLOCTRACE_LIB_DOUBT_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/findings.h"

/* caller: the return address of the hook that was called. */
bool doubt_finding(const struct finding *f, uintptr_t caller);

/* The program looks up a symbol in what dlopen() gave it, or in one of the places that dlsym() knows. May
 * be called at any time, also before the start. */
void doubt_symbol(const void *handle, const char *name);

#endif
