/* fde_ranges.h - the functions that an ELF file has unwind tables for: the ranges of .eh_frame.
 *
 * Also there in stripped files. Only the ranges are read, not the rules. Files may be hostile. */
#ifndef ALLOCTRACE_ELF_FDE_RANGES_H
#define ALLOCTRACE_ELF_FDE_RANGES_H

#include "elf/code_ranges.h"
#include "elf/elf_file.h"

/* Adds them as CODE_FDE. A table that cannot be read adds nothing, or what came before. */
void fde_ranges_add(struct code_ranges *ranges, const struct elf_file *file);

#endif
