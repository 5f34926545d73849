/* command.h - the commands of `alloctrace` and what they share.
 *
 * A command is one function, one line of the table in commands.c, one man page and its tests. Its
 * argv[0] is a name to ignore; options and arguments follow. The returned value is the exit code
 * of the tool. Data goes to stdout, everything else to stderr; main() checks once, at the end,
 * that stdout took all of it. */
#ifndef ALLOCTRACE_CLI_COMMAND_H
#define ALLOCTRACE_CLI_COMMAND_H

#include "base/compiler.h"

enum exit_code {
	EXIT_CANNOT = 2,	 /* could not do it */
	EXIT_FINDING = 23,	 /* a gate that was asked for found something */
	EXIT_USAGE = 64,	 /* called wrongly */
	EXIT_CANNOT_START = 125, /* could not start the program */
};

enum command_flag {
	COMMAND_DEFAULT = 1, /* taken when the first word is no command */
};

struct command {
	const char *name;
	const char *summary; /* one line, no full stop */
	int (*function)(int argc, char **argv);
	unsigned flags; /* enum command_flag */
};

/* The table; ends with a NULL name. */
extern const struct command commands[];

const struct command *command_find(const char *name); /* NULL: there is none */
const struct command *command_default(void);
/* The command that `word` may be a slip of, or NULL: for "did you mean" where a program of that
 * name was not found. */
const char *command_nearest(const char *word);

int cmd_run(int argc, char **argv);
int cmd_report(int argc, char **argv);
int cmd_errors(int argc, char **argv);
int cmd_leaks(int argc, char **argv);
int cmd_info(int argc, char **argv);
int cmd_dump(int argc, char **argv);
int cmd_symbols(int argc, char **argv);
int cmd_version(int argc, char **argv);
int cmd_help(int argc, char **argv);

/* Prints "alloctrace: ..." and a line end on stderr. */
void say(const char *fmt, ...) AT_PRINTF(1, 2);

#endif
