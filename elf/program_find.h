/* program_find.h - from the word on the command line to the file that will run.
 *
 * Part of program.h; does not look into ELF files. */
#ifndef ALLOCTRACE_ELF_PROGRAM_FIND_H
#define ALLOCTRACE_ELF_PROGRAM_FIND_H

#include "elf/program.h"

/* Sets path and scripts. Returns 0 or an enum program_error. */
int program_find(const char *path_or_name, struct program_info *info, struct err *err);

#endif
