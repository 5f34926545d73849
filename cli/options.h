/* options.h - a command's options: one array gives the parser and the -h text.
 *
 * Understood: --name=value, --name value, -x value, -xvalue, grouped flags (-abc), "--" to end
 * the options. -h and --help belong to every command. Example:
 *
 *	struct { bool json; const char *output; } o = { 0 };
 *	const struct option options[] = {
 *		{ "json", 0, OPTION_FLAG, &o.json, NULL, "print JSON", NULL, NULL },
 *		{ "output", 'o', OPTION_STRING, &o.output, "FILE", "write to FILE", NULL, NULL },
 *		OPTION_LAST,
 *	};
 *	const struct usage usage = { "dump", "TRACE", "print the events", NULL, options };
 *	int code = options_parse(&usage, 0, &argc, &argv);
 *	if (code >= 0)
 *		return code; */
#ifndef ALLOCTRACE_CLI_OPTIONS_H
#define ALLOCTRACE_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "util/err.h"

enum option_kind {
	OPTION_END,
	OPTION_HEADING, /* only `help`: begins a group in the -h text */
	OPTION_FLAG,	/* bool *: set to true */
	OPTION_STRING,	/* const char **: points into argv */
	OPTION_NUMBER,	/* uint64_t *: decimal */
	OPTION_BYTES,	/* uint64_t *: K, M, G, T are powers of 1024 */
	OPTION_TIME,	/* uint64_t * in ns: ns, us, ms, s, m, h; seconds without a unit */
	OPTION_CHOICE,	/* int *: position in `choices` */
	OPTION_LIST,	/* struct option_list *: may be given again and again */
};

struct option_list {
	const char **items; /* point into argv */
	size_t count;
	size_t cap;
};

struct option {
	const char *name; /* without "--" */
	char letter;	  /* 0: none */
	enum option_kind kind;
	void *target;
	const char *argument;	    /* name of the value in the help, NULL for flags */
	const char *help;	    /* no full stop; may be long, it is wrapped */
	const char *const *choices; /* for OPTION_CHOICE; ends with NULL */
	const char *implied;	    /* != NULL: the value may be left out and then is this;
				     * given, it must follow "=" or the letter directly */
};

#define OPTION_LAST                                                                                \
	{                                                                                          \
		NULL, 0, OPTION_END, NULL, NULL, NULL, NULL, NULL                                  \
	}
#define OPTION_GROUP(title)                                                                        \
	{                                                                                          \
		NULL, 0, OPTION_HEADING, NULL, NULL, title, NULL, NULL                             \
	}

struct usage {
	const char *command;   /* "report"; "" for alloctrace itself */
	const char *arguments; /* "TRACE" */
	const char *summary;   /* what it does, a sentence without full stop */
	const char *notes;     /* shown below the options, ready formatted; may be NULL */
	const struct option *options;
};

enum options_mode {
	OPTIONS_ANYWHERE = 0,
	OPTIONS_BEFORE_ARGUMENTS = 1, /* the first argument ends the options: it is a program */
};

/* Parses argv[1..]. On return *argc and *argv are the arguments left, *argv[0] the first of them,
 * and the result is -1; else the result is the exit code: 0 after -h (printed to stdout), 64 after
 * a mistake (explained on stderr). The order of argv may change. */
int options_parse(const struct usage *usage, enum options_mode mode, int *argc, char ***argv);
/* The same for commands that take one trace: sets *trace. */
int options_parse_trace(const struct usage *usage, int argc, char **argv, const char **trace);

/* Explains a mistake in the arguments on stderr; returns 64. */
int usage_error(const struct usage *usage, const char *fmt, ...) AT_PRINTF(2, 3);

void usage_print(const struct usage *usage, FILE *to);
/* The same for programs (--help=table): a line per option with name, letter, argument ("[X]" when
 * it may be left out), choices joined by spaces, and help, separated by tabs; "-" where there is
 * none. */
void usage_print_table(const struct usage *usage, FILE *to);

/* "1.5s" as a number, for values inside other options. 0, or -1 with the reason. */
int parse_time_ns(const char *text, uint64_t *value, struct err *err);

void option_list_release(struct option_list *list);

#endif
