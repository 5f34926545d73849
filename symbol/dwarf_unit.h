/* dwarf_unit.h - the functions and inlined calls of one compilation unit, by address.
 *
 * A unit's tree of DIEs is walked once, when the first address in the unit is asked for. What is
 * kept is a list of scopes (functions, and calls that were inlined into them) and a map from
 * address to the innermost scope. Names and files are looked up when an answer needs them. */
#ifndef ALLOCTRACE_SYMBOL_DWARF_UNIT_H
#define ALLOCTRACE_SYMBOL_DWARF_UNIT_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbol/names.h"
#include "symbol/range_map.h"
#include "trace/trace.h"

struct dwarf_scope {
	Dwarf_Die die;
	const char *function; /* valid when named is set; may be NULL */
	uint32_t caller;      /* the scope this one was inlined into, or RANGE_NONE */
	uint32_t call_file;   /* index in the unit's file table */
	uint32_t call_line;
	bool named;
};

struct dwarf_unit {
	Dwarf_Die die;	/* in the file that has the addresses */
	Dwarf_Die full; /* the one with the functions: another when they are in a .dwo file */
	bool built;
	struct dwarf_scope *scopes;
	size_t scope_count, scope_cap;
	struct range_map map; /* to an index of scopes */
	Dwarf_Files *files;
	size_t file_count;
};

void dwarf_unit_release(struct dwarf_unit *unit);

/* Calls add(context, low, high) for each address range of the DIE, at most *budget of them, which
 * it counts down: a hostile file can let many DIEs share one long list. Returns how many. */
size_t dwarf_unit_each_range(Dwarf_Die *die, size_t *budget,
			     void (*add)(void *context, uint64_t low, uint64_t high),
			     void *context);

/* Writes the frames at the address, innermost first, at most max of them, and returns how many;
 * 0 when the unit knows nothing about it. The outermost frame's function is NULL when only the
 * line is known. */
size_t dwarf_unit_frames(struct dwarf_unit *unit, struct names *names, size_t *range_budget,
			 uint64_t address, struct trace_symbol *out, size_t max);

#endif
