/* program_allocator.h - whether a program brings an allocator of its own, by its symbols. Part of
 * program.h. */
#ifndef ALLOCTRACE_ELF_PROGRAM_ALLOCATOR_H
#define ALLOCTRACE_ELF_PROGRAM_ALLOCATOR_H

#include "elf/program.h"

/* Sets allocator and allocator_name. */
void program_find_allocator(Elf *elf, struct program_info *info);

#endif
