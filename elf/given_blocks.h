/* given_blocks.h - which functions of the C library an ELF file calls whose result its caller
 * frees.
 *
 * strdup() and its like allocate with the C library's malloc; where the caller's free belongs to
 * another allocator, that is a wrong free. Functions that do so only if they are asked to
 * (getcwd(), realpath()) are not told of. */
#ifndef ALLOCTRACE_ELF_GIVEN_BLOCKS_H
#define ALLOCTRACE_ELF_GIVEN_BLOCKS_H

#include <stdbool.h>
#include <stdint.h>

#include "elf/elf_file.h"

/* A bit for each: those that the dynamic symbol table imports. *looks_up: it calls dlsym(). */
uint64_t given_blocks_read(const struct elf_file *file, bool *looks_up);
/* The name that belongs to the bit; NULL: there is none. */
const char *given_blocks_name(unsigned bit);

#endif
