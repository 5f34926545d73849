/* program_allocator.h - whether a program brings an allocator of its own. Part of program.h. */
#ifndef ALLOCTRACE_ELF_PROGRAM_ALLOCATOR_H
#define ALLOCTRACE_ELF_PROGRAM_ALLOCATOR_H

#include "elf/program.h"

/* Sets allocator and allocator_name; path is set. */
void program_find_allocator(const struct elf_file *file, struct program_info *info);

#endif
