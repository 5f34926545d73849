/* leaks_options.h - what `alloctrace leaks` is asked for; for cmd_leaks.c and what it hands on to.
 */
#ifndef ALLOCTRACE_CLI_LEAKS_OPTIONS_H
#define ALLOCTRACE_CLI_LEAKS_OPTIONS_H

#include "cli/options.h"
#include "report/leaks_report.h"
#include "report/suppressions.h"

enum leaks_style { LEAKS_STYLE_OWN, LEAKS_STYLE_LSAN, LEAKS_STYLE_VALGRIND };

struct leaks_options {
	const char *kinds, *at;
	int by, style;
	uint64_t least_bytes, top, depth;
	uint64_t error_exitcode;
	struct option_list suppression_files, filters;
	const char *from, *to;
	bool is_live; /* the trace is being written */
	bool growth;
	bool tree, peek;
	bool generate, unused;
	bool json;
	bool long_names;
	bool no_pager;
	int color;
};

#endif
