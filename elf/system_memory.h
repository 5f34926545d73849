/* system_memory.h - whether the code of an ELF file can ask the system for memory by itself.
 *
 * An allocator does; a file that does not has none, and what its constants say need not be read.
 * False only of a file that is linked dynamically (it needs libraries) and imports nothing that
 * leads to the system's memory. Code that makes system calls itself and is linked dynamically all
 * the same would not be noticed: allocators leave that to the C library. */
#ifndef ALLOCTRACE_ELF_SYSTEM_MEMORY_H
#define ALLOCTRACE_ELF_SYSTEM_MEMORY_H

#include <libelf.h>
#include <stdbool.h>

bool elf_gets_system_memory(Elf *elf);

#endif
