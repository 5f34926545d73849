/* embed.h - what the trace gets besides events: facts about the session, and symbols, so that it
 * can be read on another machine. */
#ifndef ALLOCTRACE_COLLECT_EMBED_H
#define ALLOCTRACE_COLLECT_EMBED_H

#include <stdbool.h>

#include "collect/code_tables.h"
#include "trace/trace.h"

/* Host, kernel, directory, time, command (argv, ends with NULL) and tool. */
void embed_start_facts(struct trace_writer *w, char *const *argv, const char *options);

/* Symbols of every code address of the trace. Asks `stop` now and then whether to leave off.
 * Returns the number of addresses that got none because of that. */
size_t embed_symbols(struct tables *t, struct trace_writer *w, bool (*stop)(void *context),
		     void *context);

#endif
