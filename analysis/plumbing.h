/* plumbing.h - code that passes memory on to its caller and is seldom what anybody looks for.
 *
 * Rows "by function" name the first frame that is none of it. Stacks show it all the same. */
#ifndef ALLOCTRACE_ANALYSIS_PLUMBING_H
#define ALLOCTRACE_ANALYSIS_PLUMBING_H

#include <stdbool.h>

/* The C and C++ runtime, by the file's name. */
bool plumbing_module(const char *path);
/* Demangled name of a function: allocator adapters, containers, wrappers of malloc. */
bool plumbing_function(const char *name);

#endif
