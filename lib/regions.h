/* regions.h - which memory around a stack pointer may be read.
 *
 * Inside the traced process; signal-safe: /proc/self/maps by raw system calls. Stacks of threads,
 * signal stacks and coroutines are told apart by this alone. */
#ifndef ALLOCTRACE_LIB_REGIONS_H
#define ALLOCTRACE_LIB_REGIONS_H

#include <stdint.h>

#include "lib/stack.h"

/* Finds the region of address, and makes it the first of the STACK_REGIONS cached ones. NULL when
 * address is not mapped readable. Without /proc it is the rest of the address's page. */
const struct stack_region *regions_find(struct stack_region *cache, uintptr_t address);

#endif
