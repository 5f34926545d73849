/* environment.h - ALLOCTRACE_OPTIONS: what is wanted of the runtime when it works without the tool.
 *
 * Inside the traced process, at its start. alloctrace(1) has the list. */
#ifndef ALLOCTRACE_LIB_ENVIRONMENT_H
#define ALLOCTRACE_LIB_ENVIRONMENT_H

#include <stdint.h>

#define ENVIRONMENT_OPTIONS "ALLOCTRACE_OPTIONS"

struct environment {
	uint32_t on_error; /* as in struct session_header */
	uint32_t options;  /* enum session_option */
	uint32_t max_depth;
	uint32_t max_errors; /* kinds that are told; 0: all */
};

/* The defaults, changed by the words of the variable. Says which words it does not understand. */
void environment_read(struct environment *e);

#endif
