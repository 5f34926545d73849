/* debug_image.h - the DWARF of a file whose debug sections are compressed, as Debian's are:
 * unpacked into memory before libdw sees it.
 *
 * libdw would do it with zlib and for all sections, location lists included, which is most of the
 * time that a module takes to open (libc: 38 ms, this way 24 ms). */
#ifndef ALLOCTRACE_SYMBOL_DEBUG_IMAGE_H
#define ALLOCTRACE_SYMBOL_DEBUG_IMAGE_H

#include <stdbool.h>

#include "elf/elf_file.h"

/* True: *image is an ELF file with nothing but the debug sections that are needed here. False: the
 * file itself serves better, or is damaged; *image is then closed. */
bool debug_image_open(struct elf_file *image, Elf *elf);

#endif
