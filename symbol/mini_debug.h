/* mini_debug.h - the symbol table in .gnu_debugdata ("MiniDebugInfo"): an ELF file, packed by xz,
 * inside a stripped one. */
#ifndef ALLOCTRACE_SYMBOL_MINI_DEBUG_H
#define ALLOCTRACE_SYMBOL_MINI_DEBUG_H

#include <stdbool.h>

#include "elf/elf_file.h"

/* False when there is none or it is damaged. */
bool mini_debug_open(struct elf_file *file, Elf *stripped);

#endif
