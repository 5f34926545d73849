/* commands.c - the command table; see command.h. */
#include <string.h>

#include "cli/command.h"
#include "cli/suggest.h"

const struct command commands[] = {
	{ "run", "run a program and trace its allocations", cmd_run, COMMAND_DEFAULT },
	{ "report", "show where a program's memory went", cmd_report, 0 },
	{ "errors", "list the wrong frees", cmd_errors, 0 },
	{ "leaks", "show what is lost or keeps growing", cmd_leaks, 0 },
	{ "info", "tell what a trace holds", cmd_info, 0 },
	{ "dump", "print the events of a trace", cmd_dump, 0 },
	{ "symbols", "list the allocators in files and directories", cmd_symbols, 0 },
	{ "version", "print the version", cmd_version, 0 },
	{ "help", "explain a command", cmd_help, 0 },
	{ NULL, NULL, NULL, 0 },
};

const struct command *command_find(const char *name)
{
	for (const struct command *c = commands; c->name; c++)
		if (strcmp(c->name, name) == 0)
			return c;
	return NULL;
}

const struct command *command_default(void)
{
	for (const struct command *c = commands; c->name; c++)
		if (c->flags & COMMAND_DEFAULT)
			return c;
	return NULL;
}

const char *command_nearest(const char *word)
{
	struct suggestion best = suggestion_for(word);
	for (const struct command *c = commands; c->name; c++)
		suggestion_offer(&best, c->name);
	return best.name;
}
