/* cmd_leaks.c - `alloctrace leaks`: what was lost, and what keeps growing. */
#include "cli/command.h"
#include "cli/filter_option.h"
#include "cli/leaks_growth.h"
#include "cli/options.h"
#include "cli/output.h"

enum { DEFAULT_TOP = 10, DEFAULT_DEPTH = 12 };

int cmd_leaks(int argc, char **argv)
{
	bool growth = false;
	struct option_list filters = { 0 };
	struct filter filter = { 0 };
	struct leaks_growth_options o = { .filter = &filter,
					  .top = DEFAULT_TOP,
					  .depth = DEFAULT_DEPTH };
	const struct option options[] = {
		{ "growth", 'g', OPTION_FLAG, &growth, NULL,
		  "which sites keep growing, by the live bytes of each over time", NULL, NULL },
		{ "from", 0, OPTION_STRING, &o.from, "MARK|TIME",
		  "what was allocated after this moment, and not freed", NULL, NULL },
		{ "to", 0, OPTION_STRING, &o.to, "MARK|TIME", "... by this moment", NULL, NULL },
		{ "top", 'n', OPTION_NUMBER, &o.top, "N", "rows to show; 0: all (default: 10)",
		  NULL, NULL },
		{ "depth", 'd', OPTION_NUMBER, &o.depth, "N",
		  "frames of a stack; 0: all (default: 12)", NULL, NULL },
		{ "filter", 'f', OPTION_LIST, &filters, "TERM",
		  "count only allocations that pass: " FILTER_TERMS, NULL, NULL },
		{ "long", 'l', OPTION_FLAG, &o.long_names, NULL,
		  "names of functions and files in full", NULL, NULL },
		{ "json", 'j', OPTION_FLAG, &o.json, NULL, "print JSON", NULL, NULL },
		OPTION_COLOR(o.color),
		OPTION_NO_PAGER(o.no_pager),
		OPTION_LAST,
	};
	const struct usage usage = { "leaks", "TRACE", "Shows what keeps growing, from a trace",
				     NULL, options };
	const char *trace;
	struct err err;
	int code = options_parse_trace(&usage, argc, argv, &trace);
	if (code < 0 && !growth && !o.from && !o.to)
		code = usage_error(&usage, "--growth, --from or --to is wanted");
	if (code < 0 && growth && (o.from || o.to))
		code = usage_error(&usage, "--growth and --from or --to exclude each other");
	if (code < 0 && filter_parse(&filter, &filters, &err) < 0)
		code = usage_error(&usage, "%s", err.text);
	if (code < 0)
		code = (growth ? leaks_growth : leaks_between)(trace, &o);
	filter_release(&filter);
	option_list_release(&filters);
	return code;
}
