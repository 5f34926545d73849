/* dwarf_unit.h - the functions and inlined calls of one compilation unit, by address.
 *
 * A unit's tree of DIEs is walked once, when the first address in the unit is asked for. What is
 * kept: the scopes that have code (functions, and calls that were inlined into them) with a map
 * from address to the innermost one, and the contexts (namespaces, classes, functions) that names
 * are qualified with, because libdw does not know a DIE's parent. Names are for dwarf_names.h. */
#ifndef ALLOCTRACE_SYMBOL_DWARF_UNIT_H
#define ALLOCTRACE_SYMBOL_DWARF_UNIT_H

#include <elfutils/libdw.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "symbol/range_map.h"

struct dwarf_scope {
	Dwarf_Die die;
	const char *function; /* valid when named is set; may be NULL */
	uint32_t caller;      /* the scope this one was inlined into, or RANGE_NONE; always smaller
				 than its own index */
	uint32_t call_file;   /* index in the unit's file table */
	uint32_t call_line;
	bool named;
	bool has_linkage_name; /* function is complete, with namespaces and parameters */
};

/* The DIEs with offsets in [first, last] are inside the context at `first`. */
struct dwarf_context {
	Dwarf_Off first, last;
	uint32_t parent; /* index of the context around it, or RANGE_NONE */
};

struct dwarf_unit {
	Dwarf_Die die;	/* in the file that has the addresses */
	Dwarf_Die full; /* the one with the functions: another when they are in a .dwo file */
	bool built;
	bool has_contexts; /* its language has namespaces or classes */
	struct dwarf_scope *scopes;
	size_t scope_count, scope_cap;
	struct dwarf_context *contexts; /* by rising `first` */
	size_t context_count, context_cap;
	struct range_map map; /* to an index of scopes */
	Dwarf_Files *files;
	size_t file_count;
};

/* Everything but `die` is set by the first build; later ones do nothing. */
void dwarf_unit_build(struct dwarf_unit *unit, size_t *range_budget);
void dwarf_unit_release(struct dwarf_unit *unit);

/* Calls add(context, low, high) for each address range of the DIE, at most *budget of them, which
 * it counts down: a hostile file can let many DIEs share one long list. Returns how many. */
size_t dwarf_unit_each_range(Dwarf_Die *die, size_t *budget,
			     void (*add)(void *context, uint64_t low, uint64_t high),
			     void *context);

/* The innermost context that a DIE of the (built) unit is in, itself not counted; NULL: none. */
const struct dwarf_context *dwarf_unit_context(const struct dwarf_unit *unit, Dwarf_Off die);

#endif
