/* embed.h - what the trace gets besides events: facts about the session, and symbols, so that it
 * can be read on another machine. */
#ifndef ALLOCTRACE_COLLECT_EMBED_H
#define ALLOCTRACE_COLLECT_EMBED_H

#include <stdbool.h>

#include "collect/allocator_names.h"
#include "collect/code_tables.h"
#include "collect/held_variables.h"
#include "collect/loaded.h"
#include "collect/module_hooks.h"
#include "trace/trace.h"

/* Host, kernel, directory, time, command (argv, ends with NULL) and tool. */
void embed_start_facts(struct trace_writer *w, char *const *argv, const char *options);

/* The allocators in the modules of all processes, as far as their files can be read now; and the
 * names once more of those that were told without a version. */
void embed_instances(struct tables *t, struct loaded *loaded, const struct module_hooks *hooks,
		     const struct allocator_names *names, struct trace_writer *w);

/* Symbols of every code address of the trace, and of the variables. Tells `step` now and then how
 * far it is, and leaves off when that returns false. Returns the number of addresses that got none
 * because of that. */
size_t embed_symbols(struct tables *t, struct held_variables *held, struct trace_writer *w,
		     bool (*step)(void *context, uint64_t done, uint64_t all), void *context);

#endif
