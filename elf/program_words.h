/* program_words.h - what was found about a program, in sentences. Part of program.h. */
#ifndef ALLOCTRACE_ELF_PROGRAM_WORDS_H
#define ALLOCTRACE_ELF_PROGRAM_WORDS_H

#include "elf/program.h"

/* Sets obstacle and note from everything else. */
void program_explain(struct program_info *info);

#endif
