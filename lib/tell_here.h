/* tell_here.h - findings of a process that has no collector, or has it no more: told on its
 * standard error, counted, and counted up at its end.
 *
 * Inside the traced process; called from hooks, with the guard GUARD_BUSY. */
#ifndef ALLOCTRACE_LIB_TELL_HERE_H
#define ALLOCTRACE_LIB_TELL_HERE_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/findings.h"

/* So many kinds are told; 0: all. */
void tell_limit(uint32_t kinds);

/* One more wrong release; is_new: of a kind that this process has not had. */
void tell_count(bool is_new);

/* The first of its kind. Takes the loader's lock for a time. */
void tell_here(const struct finding *f);

/* The process ends in order: how many there were, if any. */
void tell_end(void);

/* In the child of a fork, whose own count begins. */
void tell_forked(void);

#endif
