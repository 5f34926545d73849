/* regions.h - which memory around a stack pointer may be read.
 *
 * Inside the traced process; signal-safe: /proc/self/maps by raw system calls. Stacks of threads,
 * signal stacks and coroutines are told apart by this alone. */
#ifndef ALLOCTRACE_LIB_REGIONS_H
#define ALLOCTRACE_LIB_REGIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/stack.h"

/* Finds the region of address, and makes it the first of the STACK_REGIONS cached ones; one that is
 * new there replaces the oldest in `inherited` too, unless that is NULL. NULL when address is not
 * mapped readable. Without /proc it is the address's page. */
const struct stack_region *regions_find(struct stack_region *cache, struct stack_region *inherited,
					uintptr_t address);

/* Takes what overlaps these bytes out of STACK_REGIONS regions; true if there was any. */
bool regions_forget(struct stack_region *regions, uintptr_t low, size_t bytes);

#endif
