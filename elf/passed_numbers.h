/* passed_numbers.h - the numbers that code hands to a printf-like function after a given text.
 *
 * How a version is read that is nowhere in the file as text: mimalloc prints its own with
 * "v%i.%i.%i" and three constants, and the instructions that load them survive `strip`. x86-64 and
 * aarch64; of other machines' code nothing is known. Files may be hostile. */
#ifndef ALLOCTRACE_ELF_PASSED_NUMBERS_H
#define ALLOCTRACE_ELF_PASSED_NUMBERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/elf_file.h"

enum { PASSED_NUMBERS_MAX = 3 };

/* A part of the file as it is mapped. */
struct image_part {
	uint64_t offset, bytes, address;
	bool is_code;
};

enum passed_convention {
	PASSED_BY_SYSTEM_V,
	PASSED_BY_WINDOWS,
	PASSED_BY_AARCH64,
};

/* Looks in the data of the parts for `text` and in their code for what loads its address as
 * an argument; true if the `count` arguments behind it are constants, which are then in
 * numbers. */
bool passed_numbers_find(const struct elf_file *file, const struct image_part *parts,
			 size_t part_count, enum passed_convention convention, const char *text,
			 uint32_t *numbers, size_t count);
/* The same of an ELF file, by its segments. */
bool passed_numbers_in_elf(const struct elf_file *file, const char *text, uint32_t *numbers,
			   size_t count);

#endif
