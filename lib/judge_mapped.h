/* judge_mapped.h - an address that no block is known of: whose memory is it?
 *
 * Inside the traced process; called from hooks, with the guard GUARD_BUSY. By who mapped the memory
 * (mapped.h) and what the tool knows of that module's file, which it is asked for the first time;
 * where nobody was seen to do it, by what /proc/self/maps calls it (map_lines.h). */
#ifndef ALLOCTRACE_LIB_JUDGE_MAPPED_H
#define ALLOCTRACE_LIB_JUDGE_MAPPED_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/judge.h"
#include "wire/findings.h"

/* As judge_release(), for an address that is neither known to the block table nor in a module nor
 * on the caller's stack. */
bool judge_mapped(const struct release *r, uintptr_t address, struct finding *f);

/* Copies what is at `from`, which judge_mapped() has found wrong: at most `bytes`, and not beyond
 * the memory that was mapped with it. For a realloc that cannot ask the owner. Does nothing where
 * the memory is not known. */
void judge_mapped_rescue(void *to, uintptr_t from, uint64_t bytes);

#endif
