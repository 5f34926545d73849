/* demangle.h - C++ and Rust names as people write them.
 *
 * Names come from files that may be hostile: a mangled name of a few bytes can stand for gigabytes
 * of text, or make a demangler recurse without end. Both are bounded here. */
#ifndef ALLOCTRACE_SYMBOL_DEMANGLE_H
#define ALLOCTRACE_SYMBOL_DEMANGLE_H

#include <stdbool.h>

#include "util/strbuf.h"

/* Adds the demangled name to out (function parameters included, a Rust hash left out), or returns
 * false and adds nothing when the name is not mangled, or not within the bounds. */
bool demangle(const char *mangled, struct strbuf *out);

#endif
