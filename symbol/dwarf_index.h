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
	Dwarf *dwarf; /* not owned */
	struct dwarf_unit *units;
	size_t unit_count, unit_cap;
	struct range_map map; /* to an index of units */
	size_t range_budget;  /* how many more ranges will be read from the file */
};

void dwarf_index_build(struct dwarf_index *index, Dwarf *dwarf);
void dwarf_index_release(struct dwarf_index *index);
/* As dwarf_unit_frames(). */
size_t dwarf_index_frames(struct dwarf_index *index, struct names *names, uint64_t address,
			  struct trace_symbol *out, size_t max);

#endif
