/* symbol_table.h - names of functions, or of variables, from ELF symbol tables.
 *
 * Collects the function symbols of one or more tables (.symtab, or .dynsym with what
 * .gnu_debugdata adds) and answers which one an address lies in. Of several names of one function
 * the one that a programmer would use wins: global before local, fewer leading underscores. A
 * symbol without a size reaches to the next symbol of its section. Names belong to the Elf handles,
 * which must stay open. */
#ifndef ALLOCTRACE_SYMBOL_SYMBOL_TABLE_H
#define ALLOCTRACE_SYMBOL_SYMBOL_TABLE_H

#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbol/names.h"
#include "symbol/range_map.h"

struct table_symbol {
	uint64_t value;
	uint64_t size;	      /* 0: not known */
	uint64_t section_end; /* where its section ends; `value` if it has none */
	const char *name;     /* in the file */
	const char *function; /* as answered; NULL: not asked for yet */
	uint32_t section;
	uint8_t bind; /* STB_... */
	uint8_t type; /* STT_... */
};

struct symbol_table {
	bool of_variables; /* set before the first add: not functions, but variables with a size */
	struct table_symbol *items;
	size_t count, cap;
	struct range_map map;
};

void symbol_table_release(struct symbol_table *symbols);
/* Adds the function symbols of the first section of this type (SHT_SYMTAB or SHT_DYNSYM). Returns
 * false if the file has no such table. */
bool symbol_table_add(struct symbol_table *symbols, Elf *elf, uint32_t section_type);
void symbol_table_build(struct symbol_table *symbols); /* once, after the last add */

/* The demangled name of the function at the address, or NULL. What is not part of the source's name
 * is left out: a version as in "malloc@@GLIBC_2.2.5", and what compilers append to parts and clones
 * of a function, as in "main.cold" or "work.isra.0". */
const char *symbol_table_function(struct symbol_table *symbols, struct names *names,
				  uint64_t address);

/* The same with the symbol's first address in *start. */
const char *symbol_table_find(struct symbol_table *symbols, struct names *names, uint64_t address,
			      uint64_t *start);

#endif
