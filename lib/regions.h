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

/* Finds the region of address, and makes it the first of the STACK_REGIONS cached ones. NULL when
 * address is not mapped readable. Without /proc it is a guess for a stack pointer.
 *
 * What is looked up is kept a second time in memory that the child of a fork inherits: the cache is
 * wiped there, and asking /proc again would be a fifth of the cost of a fork. */
const struct stack_region *regions_find(struct stack_region *cache, uintptr_t address);

/* Without asking: are both on the stack that the thread began with, as far as can be told? */
bool regions_may_join(uintptr_t lower, uintptr_t upper);

/* Forgets what overlaps these bytes; true if the cache had any of it. */
bool regions_forget(struct stack_region *cache, uintptr_t low, size_t bytes);

/* The cache gets another owner. */
void regions_reset(struct stack_region *cache);

#endif
