/* run_leaks.h - when `run` looks for leaks, and how. */
#ifndef ALLOCTRACE_CLI_RUN_LEAKS_H
#define ALLOCTRACE_CLI_RUN_LEAKS_H

#include <stdbool.h>
#include <stdint.h>

#include "cli/options.h"
#include "collect/collect.h"

struct run_leaks {
	struct option_list points; /* lists with commas */
	const char *signal;
	uint64_t interval_ns, peek_bytes;
	bool snapshot;
};

#define OPTIONS_LEAKS(o)                                                                           \
	{ "leak-point",                                                                            \
	  0,                                                                                       \
	  OPTION_LIST,                                                                             \
	  &(o).points,                                                                             \
	  "POINTS",                                                                                \
	  "when the processes are looked through for leaks: exit (after exit handlers), "          \
	  "before-exit, exec, mark:NAME (at alloctrace_mark()), none; several with commas "        \
	  "(default exit,exec)",                                                                   \
	  NULL,                                                                                    \
	  NULL },                                                                                  \
		{ "leak-signal",                                                                   \
		  0,                                                                               \
		  OPTION_STRING,                                                                   \
		  &(o).signal,                                                                     \
		  "SIGNAL",                                                                        \
		  "this signal (USR1, USR2), sent to alloctrace, has all processes looked through", \
		  NULL,                                                                            \
		  NULL },                                                                          \
		{ "leak-interval",                                                                 \
		  0,                                                                               \
		  OPTION_TIME,                                                                     \
		  &(o).interval_ns,                                                                \
		  "TIME",                                                                          \
		  "look all processes through again and again, so much time apart (0: never)",     \
		  NULL,                                                                            \
		  NULL },                                                                          \
		{ "leak-snapshot",                                                                 \
		  0,                                                                               \
		  OPTION_FLAG,                                                                     \
		  &(o).snapshot,                                                                   \
		  NULL,                                                                            \
		  "look through copies: the processes stand still for a moment only",              \
		  NULL,                                                                            \
		  NULL },                                                                          \
	{                                                                                          \
		"peek", 0, OPTION_BYTES, &(o).peek_bytes, "BYTES",                                 \
			"keep the first bytes of an example of each leak, at most 64 (--peek "     \
			"alone: 16): the "                                                         \
			"trace then holds contents of the program's memory",                       \
			NULL, "16"                                                                 \
	}

/* Puts them into what the run is told; `no_record`: nothing is recorded that could have leaked. -1
 * to go on, or the exit code after telling the mistake. */
int run_leaks_read(const struct run_leaks *o, bool no_record, const struct usage *usage,
		   struct collect_options *out);
void run_leaks_release(struct run_leaks *o);

#endif
