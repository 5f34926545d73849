/* cmd_symbols.c - `alloctrace symbols`: the allocators in files, and who is bound to them. */
#include <stdlib.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "cli/symbols_targets.h"
#include "report/linked_report.h"
#include "report/survey_report.h"

struct symbols_options {
	struct survey_style style;
	struct link_environment environment;
	bool bindings; /* of every file that is named */
	bool json;
	bool no_pager;
	int color;
};

static void show_text(const struct symbols_targets *t, const struct symbols_options *o,
		      unsigned width)
{
	const struct linked_style style = { .color = o->style.color,
					    .details = o->style.details,
					    .layers = o->style.layers,
					    .width = width };
	/* What is linked with a program includes what is in its file. */
	const bool is_program_alone = t->program_count == 1 && t->survey.count == 1;
	if (t->survey.count && (!is_program_alone || o->style.details))
		survey_text(&t->survey, &o->style, stdout);
	for (size_t i = 0; i < t->program_count; i++) {
		if (i || (t->survey.count && (!is_program_alone || o->style.details)))
			putchar('\n');
		linked_text(t->programs[i], &style, stdout);
	}
}

static void show(const struct symbols_targets *t, struct symbols_options *o)
{
	const unsigned width = output_width(stdout);
	o->style.color = output_color(stdout, (enum color_when)o->color);
	if (!o->no_pager && !o->json)
		pager_start();
	if (o->json)
		symbols_json(&t->survey, (const struct linked *const *)t->programs,
			     t->program_count, stdout);
	else
		show_text(t, o, width);
}

/* What the shell has for its programs is not what the user asked about: it is not taken silently.
 */
static void tell_of_environment(const struct symbols_targets *t, const struct symbols_options *o)
{
	const char *path = getenv("LD_LIBRARY_PATH"), *preload = getenv("LD_PRELOAD");
	if (!t->program_count)
		return;
	if (path && *path && !o->environment.library_path)
		say("LD_LIBRARY_PATH is set and not taken into account; "
		    "--library-path=\"$LD_LIBRARY_PATH\" does that");
	if (preload && *preload && !o->environment.preload)
		say("LD_PRELOAD is set and not taken into account; --preload=\"$LD_PRELOAD\" does "
		    "that");
}

int cmd_symbols(int argc, char **argv)
{
	struct symbols_options o = { 0 };
	const struct option options[] = {
		{ "long", 'l', OPTION_FLAG, &o.style.details, NULL,
		  "each file's build-id, its allocators' functions and what they are known by; "
		  "each module's bindings",
		  NULL, NULL },
		{ "all", 'a', OPTION_FLAG, &o.style.all, NULL,
		  "list files without an allocator, too", NULL, NULL },
		{ "layers", 0, OPTION_FLAG, &o.style.layers, NULL,
		  "list what hands requests on to an allocator, too: C++ operators, Rust's default",
		  NULL, NULL },
		{ "bindings", 'b', OPTION_FLAG, &o.bindings, NULL,
		  "who is bound to whom in every file that is named, not only in a single one",
		  NULL, NULL },
		{ "preload", 0, OPTION_STRING, &o.environment.preload, "LIBRARIES",
		  "as if the program were started with these (and colons) in LD_PRELOAD", NULL, NULL },
		{ "library-path", 0, OPTION_STRING, &o.environment.library_path, "DIRECTORIES",
		  "as if it were started with these in LD_LIBRARY_PATH", NULL, NULL },
		{ "json", 'j', OPTION_FLAG, &o.json, NULL, "print JSON", NULL, NULL },
		OPTION_COLOR(o.color),
		OPTION_NO_PAGER(o.no_pager),
		OPTION_LAST,
	};
	const struct usage usage = {
		"symbols", "FILE|DIRECTORY...",
		"Lists the allocators in files and directories, and tells of a program who\n"
		"its malloc, free and the like are bound to",
		NULL, options
	};
	struct symbols_targets targets;
	int code = options_parse(&usage, OPTIONS_ANYWHERE, &argc, &argv);
	if (code >= 0)
		return code;
	if (argc == 0)
		return usage_error(&usage, "symbols needs a file or a directory");
	symbols_targets_init(&targets);
	symbols_targets_files(&targets, argv, argc, &o.environment, o.bindings);
	tell_of_environment(&targets, &o);
	show(&targets, &o);
	code = targets.failed ? EXIT_CANNOT : 0;
	symbols_targets_release(&targets);
	return code;
}
