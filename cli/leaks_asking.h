/* leaks_asking.h - `alloctrace leaks --pid`: the trace that a look for leaks, made now, is in. */
#ifndef ALLOCTRACE_CLI_LEAKS_ASKING_H
#define ALLOCTRACE_CLI_LEAKS_ASKING_H

#include <stdint.h>

#include "cli/options.h"
#include "collect/ask_scan.h"

struct leaks_asking {
	uint64_t pid;	/* 0: a trace is given */
	char scan[16];	/* its number */
	const char *at; /* given by the user; NULL: not */
	struct ask_answer answer;
};

/* The arguments that are left name a trace, or --pid a process. -1 to go on with *trace, which may
 * lie in *asking; else the exit code. */
int leaks_find_trace(const struct usage *usage, int argc, char **argv, struct leaks_asking *asking,
		     const char **trace);

#endif
