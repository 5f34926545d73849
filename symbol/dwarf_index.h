/* dwarf_index.h - from an address to the compilation unit that knows it, and to its frames.
 *
 * The units' own address ranges are used, not .debug_aranges: clang writes none, and a file linked
 * from several compilers' output has them for some units only. */
#ifndef ALLOCTRACE_SYMBOL_DWARF_INDEX_H
#define ALLOCTRACE_SYMBOL_DWARF_INDEX_H

#include <elfutils/libdw.h>
#include <stddef.h>
#include <stdint.h>

#include "symbol/dwarf_unit.h"
#include "symbol/names.h"
#include "symbol/range_map.h"
#include "trace/trace.h"

struct dwarf_index {
	Dwarf *dwarf;		  /* not owned; NULL: nothing is known */
	Dwarf *alt_dwarf;	  /* dwz's common file, or NULL; not owned */
	struct dwarf_index *alt;  /* of that file; NULL until a name needs it */
	struct dwarf_unit *units; /* by rising offset; also those without code, which others name */
	size_t unit_count, unit_cap;
	struct range_map map; /* to an index of units */
	size_t range_budget;  /* how many more ranges will be read from the file */
};

void dwarf_index_build(struct dwarf_index *index, Dwarf *dwarf, Dwarf *alt_dwarf);
void dwarf_index_release(struct dwarf_index *index);

/* Writes the frames at the address, innermost first, at most max of them, and returns how many; 0
 * when there is nothing about it. A function is NULL when it is not known. *incomplete is set when
 * a symbol table may know the outermost function's name better. */
size_t dwarf_index_frames(struct dwarf_index *index, struct names *names, uint64_t address,
			  struct trace_symbol *out, size_t max, bool *incomplete);

/* The unit (built) that a DIE of this file or of dwz's is in, or NULL. */
struct dwarf_unit *dwarf_index_unit_of(struct dwarf_index *index, Dwarf_Die *die);

#endif
