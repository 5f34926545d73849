/* dwarf_names.h - what a function of the debug information is called.
 *
 * The linkage name, demangled, where there is one. gcc writes none for what cannot be seen from
 * another unit (inlined lambdas, what templates make of them): those are qualified with the
 * namespaces, classes and functions around them: "std::__invoke_impl<...>". The class of a lambda
 * has no name at all and is told by its line: "main::{lambda:17}::operator()".
 */
#ifndef ALLOCTRACE_SYMBOL_DWARF_NAMES_H
#define ALLOCTRACE_SYMBOL_DWARF_NAMES_H

#include "symbol/dwarf_index.h"
#include "symbol/dwarf_unit.h"
#include "symbol/names.h"

/* Sets the scope's function, named and has_linkage_name, once. */
void dwarf_name_scope(struct dwarf_index *index, struct dwarf_unit *unit, struct dwarf_scope *scope,
		      struct names *names);

#endif
