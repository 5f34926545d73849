/* cmd_errors.c - `alloctrace errors`: the wrong frees of a trace. */
#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/suppressions_option.h"
#include "report/finding_list.h"

enum { DEFAULT_TOP = 20, DEFAULT_DEPTH = 16 };

struct errors_options {
	uint64_t top;
	uint64_t depth;
	struct option_list suppressions;
	bool generate, unused;
	bool json;
	bool long_names;
	bool no_pager;
	int color;
};

static void show(const struct finding_list *list, const char *path, const struct errors_options *o)
{
	const struct finding_style style = {
		.depth = o->depth,
		.width = output_width(stdout),
		.color = output_color(stdout, (enum color_when)o->color),
		.long_names = o->long_names,
	};
	if (!o->no_pager && !o->json && !o->generate)
		pager_start();
	if (o->generate)
		finding_list_suppressions(list, stdout);
	else if (o->json)
		finding_list_json(list, path, o->top, o->unused, stdout);
	else
		finding_list_text(list, o->top, &style, o->unused, stdout);
}

static int list_errors(const char *path, const struct errors_options *o,
		       struct suppressions *suppressions)
{
	struct err err;
	struct finding_list list;
	struct trace_names *names = trace_names_open(path, &err);
	if (!names) {
		say("%s", err.text);
		return EXIT_CANNOT;
	}
	names->suppressions = suppressions->count ? suppressions : NULL;
	finding_list_init(&list, names);
	show(&list, path, o);
	if (trace_reader_damage(names->reader))
		say("%s: %s", path, trace_reader_damage(names->reader));
	finding_list_release(&list);
	trace_names_close(names);
	return 0;
}

int cmd_errors(int argc, char **argv)
{
	struct errors_options o = { .top = DEFAULT_TOP, .depth = DEFAULT_DEPTH };
	const struct option options[] = {
		{ "top", 'n', OPTION_NUMBER, &o.top, "N", "errors to list; 0: all (default: 20)",
		  NULL, NULL },
		{ "depth", 'd', OPTION_NUMBER, &o.depth, "N",
		  "frames of a stack to show, the innermost; 0: all (default: 16)", NULL, NULL },
		{ "long", 'l', OPTION_FLAG, &o.long_names, NULL,
		  "names of functions and files in full", NULL, NULL },
		OPTION_SUPPRESSIONS(o.suppressions),
		{ "gen-suppressions", 0, OPTION_FLAG, &o.generate, NULL,
		  "print suppressions that match what would be listed", NULL, NULL },
		{ "unused-suppressions", 0, OPTION_FLAG, &o.unused, NULL,
		  "list the suppressions that match nothing, too", NULL, NULL },
		{ "json", 'j', OPTION_FLAG, &o.json, NULL, "print JSON", NULL, NULL },
		OPTION_COLOR(o.color),
		OPTION_NO_PAGER(o.no_pager),
		OPTION_LAST,
	};
	const struct usage usage = { "errors", "TRACE", "Lists the wrong frees of a trace", NULL,
				     options };
	const char *trace;
	struct suppressions suppressions = { NULL, 0, 0 };
	int code = options_parse_trace(&usage, argc, argv, &trace);
	if (code < 0 && suppressions_option_load(&suppressions, &o.suppressions) < 0)
		code = EXIT_CANNOT;
	if (code < 0)
		code = list_errors(trace, &o, &suppressions);
	suppressions_release(&suppressions);
	option_list_release(&o.suppressions);
	return code;
}
