/* symbols_trace.h - traces as targets of `alloctrace symbols`. */
#ifndef ALLOCTRACE_CLI_SYMBOLS_TRACE_H
#define ALLOCTRACE_CLI_SYMBOLS_TRACE_H

#include "cli/symbols_targets.h"

/* Takes the traces out of the paths, whose number is changed, and adds their programs to the
 * targets. Others keep their order. */
void symbols_trace_look(struct symbols_targets *t, char **paths, int *count);

#endif
