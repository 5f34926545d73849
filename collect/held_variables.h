/* held_variables.h - the variables that leak scans have found to hold blocks, whose names go into
 * the trace at the end, with those of the code (embed.c). */
#ifndef ALLOCTRACE_COLLECT_HELD_VARIABLES_H
#define ALLOCTRACE_COLLECT_HELD_VARIABLES_H

#include <stddef.h>
#include <stdint.h>

enum { HELD_VARIABLES_MAX = 1 << 14 }; /* those beyond have no names */

struct held_variable {
	uint32_t module;  /* index in the trace */
	uint64_t address; /* in its file */
};

/* Zero-initialised is empty. */
struct held_variables {
	struct held_variable *items;
	size_t count, cap;
};

void held_variables_add(struct held_variables *h, uint32_t module, uint64_t address);
void held_variables_release(struct held_variables *h);

#endif
