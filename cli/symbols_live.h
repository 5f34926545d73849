/* symbols_live.h - processes as targets of `alloctrace symbols`: living ones, and a program that is
 * started to be looked at. */
#ifndef ALLOCTRACE_CLI_SYMBOLS_LIVE_H
#define ALLOCTRACE_CLI_SYMBOLS_LIVE_H

#include "cli/options.h"
#include "cli/symbols_targets.h"

struct symbols_live {
	struct option_list pids;
	const char *at;	    /* NULL: at main() */
	const char *output; /* file for what is told: the standard output is also the program's */
	char **program;	    /* ends with NULL; NULL: none */
	int output_fd;
};

/* Lines of the option array. */
#define SYMBOLS_LIVE_OPTIONS(live)                                                                 \
	OPTION_GROUP("Processes"),                                                                 \
		{ "pid",                                                                           \
		  'p',                                                                             \
		  OPTION_LIST,                                                                     \
		  &(live).pids,                                                                    \
		  "PID",                                                                           \
		  "what this process is linked with, read from its memory; may be given again",    \
		  NULL,                                                                            \
		  NULL },                                                                          \
		{ "at",                                                                            \
		  0,                                                                               \
		  OPTION_STRING,                                                                   \
		  &(live).at,                                                                      \
		  "PLACE",                                                                         \
		  "look at the program behind -- at its main (and end it there: default), at its " \
		  "exit, or after each dlopen",                                                    \
		  NULL,                                                                            \
		  NULL },                                                                          \
	{                                                                                          \
		"output", 'o', OPTION_STRING, &(live).output, "FILE",                              \
			"write to FILE: the standard output is the program's, too", NULL, NULL     \
	}

/* Begins: takes "-- PROGRAM [ARGUMENT...]" from the end of the arguments, before options are
 * parsed. */
void symbols_live_split(struct symbols_live *live, int *argc, char **argv);
/* -1 to go on, or the exit code after a mistake. */
int symbols_live_check(const struct symbols_live *live, const struct usage *usage);
/* Whether there is a process to be looked at. */
bool symbols_live_is_asked(const struct symbols_live *live);
/* Looks; adds what is found to the targets. Returns the exit code, 0 if all went well. */
int symbols_live_look(struct symbols_live *live, struct symbols_targets *t);
void symbols_live_release(struct symbols_live *live);

#endif
