/* cmd_help.c - `alloctrace help [COMMAND]`. */
#include <stdio.h>

#include "cli/command.h"
#include "cli/options.h"

static void print_overview(FILE *to)
{
	fputs("Usage: alloctrace [run] [OPTION]... [--] PROGRAM [ARGUMENT]...\n"
	      "       alloctrace COMMAND [OPTION]... [ARGUMENT]...\n"
	      "Traces every allocation of an unmodified program.\n"
	      "\nCommands:\n",
	      to);
	for (const struct command *c = commands; c->name; c++)
		fprintf(to, "  %-10s %s\n", c->name, c->summary);
	fputs("\n'alloctrace help COMMAND' or 'alloctrace COMMAND -h' explains a command,\n"
	      "'man alloctrace' the whole. A first word that is no command is the program.\n",
	      to);
}

/* Called with argc 0 when alloctrace was given nothing to do: the overview goes to stderr. */
int cmd_help(int argc, char **argv)
{
	bool names = false;
	const struct option options[] = {
		{ "names", 0, OPTION_FLAG, &names, NULL, "list the commands only, one a line", NULL,
		  NULL },
		OPTION_LAST,
	};
	const struct usage usage = { "help", "[COMMAND]", "Explains a command, or lists them all",
				     NULL, options };
	if (argc == 0) {
		print_overview(stderr);
		return EXIT_USAGE;
	}
	int code = options_parse(&usage, OPTIONS_ANYWHERE, &argc, &argv);
	if (code >= 0)
		return code;
	if (argc > 1)
		return usage_error(&usage, "one command at a time");
	if (names) {
		for (const struct command *c = commands; c->name; c++)
			printf("%s\t%s\n", c->name, c->summary);
		return 0;
	}
	if (argc == 0) {
		print_overview(stdout);
		return 0;
	}
	const struct command *c = command_find(argv[0]);
	if (!c) {
		const char *near = command_nearest(argv[0]);
		if (near)
			return usage_error(&usage, "no command '%s'; did you mean '%s'?", argv[0],
					   near);
		return usage_error(&usage, "no command '%s'", argv[0]);
	}
	char help[] = "--help";
	char *asked[] = { argv[0], help, NULL };
	return c->function(2, asked);
}
