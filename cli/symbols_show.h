/* symbols_show.h - the output of `alloctrace symbols`, in the form that the user wants. */
#ifndef ALLOCTRACE_CLI_SYMBOLS_SHOW_H
#define ALLOCTRACE_CLI_SYMBOLS_SHOW_H

#include "cli/options.h"
#include "cli/symbols_gate.h"
#include "cli/symbols_targets.h"
#include "report/survey_report.h"

enum symbols_format { SYMBOLS_TEXT, SYMBOLS_JSON, SYMBOLS_DOT };

struct symbols_show {
	struct survey_style style;
	int format; /* enum symbols_format */
	bool json;  /* --json is --format=json */
	bool tree;
	bool no_pager;
	int color;
	struct option_list symbols, modules; /* patterns */
};

extern const char *const symbols_formats[];

/* Whether each file that is named is wanted with what it is linked with. */
bool symbols_show_wants_bindings(const struct symbols_show *show);
void symbols_show(struct symbols_show *show, const struct symbols_targets *targets,
		  const struct symbols_gate *gate);
void symbols_show_release(struct symbols_show *show);

#endif
