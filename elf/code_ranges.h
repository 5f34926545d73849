/* code_ranges.h - where functions begin and end in an ELF file: what symbols and unwind tables say.
 *
 * Nothing is decided here: ranges may overlap, contradict each other and lie outside of the file.
 * Filled first, then sealed, then asked. */
#ifndef ALLOCTRACE_ELF_CODE_RANGES_H
#define ALLOCTRACE_ELF_CODE_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/elf_file.h"

enum code_range_kind {
	CODE_FUNCTION, /* a symbol's; end == start where the symbol has no size */
	CODE_IFUNC,
	CODE_LABEL, /* a symbol of no type in an executable section; no end */
	CODE_FDE,
};

struct code_range {
	uint64_t start, end;
	uint64_t reach; /* the largest end of this one and all before it; after sealing */
	uint8_t kind;	/* enum code_range_kind */
};

struct code_ranges {
	struct code_range *items;
	size_t count, cap;
};

#define CODE_RANGES_INIT                                                                           \
	{                                                                                          \
		NULL, 0, 0                                                                         \
	}

void code_ranges_add(struct code_ranges *ranges, uint64_t start, uint64_t end,
		     enum code_range_kind kind);
/* Adds the functions and labels of all symbol tables. */
void code_ranges_add_symbols(struct code_ranges *ranges, Elf *elf);
/* Sorts; nothing is added any more. */
void code_ranges_seal(struct code_ranges *ranges);
void code_ranges_release(struct code_ranges *ranges);

/* The first one that starts at the address or behind it; count when there is none. */
size_t code_ranges_from(const struct code_ranges *ranges, uint64_t address);
/* Where the function that starts there ends, by whichever says the most; 0 when nothing says. */
uint64_t code_ranges_end(const struct code_ranges *ranges, uint64_t start);
bool code_ranges_has(const struct code_ranges *ranges, uint64_t start, enum code_range_kind kind);
/* Whether the address is inside of one that starts before it. */
bool code_ranges_inside(const struct code_ranges *ranges, uint64_t address);
/* Whether one starts in [from, to). */
bool code_ranges_starts_in(const struct code_ranges *ranges, uint64_t from, uint64_t to);

#endif
