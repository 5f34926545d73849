/* output.h - where a command's output goes: colour, width, pager, progress. */
#ifndef ALLOCTRACE_CLI_OUTPUT_H
#define ALLOCTRACE_CLI_OUTPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

extern const char *const color_choices[];

/* Lines of an option array; `when` is an int, `flag` a bool. */
#define OPTION_COLOR(when)                                                                         \
	{                                                                                          \
		"color", 0, OPTION_CHOICE, &(when), "WHEN",                                        \
			"colours: auto (on a terminal, unless NO_COLOR is set), always, never",    \
			color_choices, "always"                                                    \
	}
#define OPTION_NO_PAGER(flag)                                                                      \
	{                                                                                          \
		"no-pager", 0, OPTION_FLAG, &(flag), NULL,                                         \
			"never show the output through a pager", NULL, NULL                        \
	}

/* auto: a terminal that takes colour, and no NO_COLOR in the environment. */
bool output_color(FILE *to, enum color_when when);
/* Columns of the terminal (COLUMNS, or what it says), between 60 and 200; 100 when it is none. */
unsigned output_width(FILE *to);
/* The same without an upper end; 0 when it is none: nothing is to be cut then. */
unsigned output_limit(FILE *to);
/* Whether the user's locale has characters to draw lines with. */
bool output_is_utf8(void);

/* When stdout is a terminal, sends it through $ALLOCTRACE_PAGER, $PAGER or less; "" or "cat" mean
 * none, and one that is not installed is none. Ask for colour and width before. */
void pager_start(void);
/* A pager gets stdout, and may leave before it has had everything. */
bool pager_is_used(void);
/* Waits until the user has read; called once by main(), after stdout has been closed. */
void pager_finish(void);

/* A bar on stderr for long work; shown only on a terminal and after half a second. */
struct progress {
	const char *label;
	uint64_t start_ns;
	uint64_t shown_ns;
	bool shown;
};

void progress_begin(struct progress *p, const char *label);
/* ctx is the struct progress: fits struct progress_sink of report/trace_data.h. */
void progress_step(void *ctx, uint64_t done, uint64_t all);
void progress_end(struct progress *p); /* wipes it */

#endif
