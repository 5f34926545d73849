/* cmd_symbols.c - `alloctrace symbols`: the allocators in files and directories. */
#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "report/survey_report.h"

struct symbols_options {
	struct survey_style style;
	bool json;
	bool no_pager;
	int color;
};

static void show(const struct survey *s, struct symbols_options *o)
{
	o->style.color = output_color(stdout, (enum color_when)o->color);
	if (!o->no_pager && !o->json)
		pager_start();
	if (o->json)
		survey_json(s, stdout);
	else
		survey_text(s, &o->style, stdout);
}

static int look(struct survey *s, struct symbols_options *o)
{
	struct progress progress;
	int code = 0;
	progress_begin(&progress, "looking at files");
	survey_run(s, progress_step, &progress);
	progress_end(&progress);
	show(s, o);
	for (size_t i = 0; i < s->count; i++)
		if (s->files[i].problem) {
			say("%s", s->files[i].problem);
			code = EXIT_CANNOT;
		}
	return code;
}

int cmd_symbols(int argc, char **argv)
{
	struct symbols_options o = { 0 };
	const struct option options[] = {
		{ "long", 'l', OPTION_FLAG, &o.style.details, NULL,
		  "each file's build-id, its allocators' functions and what they are known by",
		  NULL, NULL },
		{ "all", 'a', OPTION_FLAG, &o.style.all, NULL,
		  "list files without an allocator, too", NULL, NULL },
		{ "layers", 0, OPTION_FLAG, &o.style.layers, NULL,
		  "list what hands requests on to an allocator, too: C++ operators, Rust's default",
		  NULL, NULL },
		{ "json", 'j', OPTION_FLAG, &o.json, NULL, "print JSON", NULL, NULL },
		OPTION_COLOR(o.color),
		OPTION_NO_PAGER(o.no_pager),
		OPTION_LAST,
	};
	const struct usage usage = { "symbols", "FILE|DIRECTORY...",
				     "Lists the allocators that files (ELF, PE, Mach-O) and static "
				     "libraries carry",
				     NULL, options };
	struct survey survey = SURVEY_INIT;
	int code = options_parse(&usage, OPTIONS_ANYWHERE, &argc, &argv);
	if (code >= 0)
		return code;
	if (argc == 0)
		return usage_error(&usage, "symbols needs a file or a directory");
	for (int i = 0; i < argc; i++)
		survey_add(&survey, argv[i]);
	code = look(&survey, &o);
	survey_release(&survey);
	return code;
}
