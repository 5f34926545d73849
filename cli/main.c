/* main.c - picks the command and checks, once, that stdout took everything.
 *
 * `alloctrace PROGRAM` is `alloctrace run PROGRAM`: a first word that is no command, or an option,
 * goes to the default command. A program whose name is a command's needs `run` or `--`. */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <string.h>

#include "cli/command.h"
#include "cli/output.h"

void say(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	fputs("alloctrace: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
}

/* A reader that has gone (`| head`) is no failure worth a message. */
static int finish_stdout(int code)
{
	bool used = __fpending(stdout) != 0;
	bool failed = ferror(stdout);
	errno = 0;
	bool close_failed = fclose(stdout) != 0;
	if (pager_is_used())
		return code;
	if (!failed && (!close_failed || (!used && errno == EBADF)))
		return code;
	if (errno == EPIPE)
		return code ? code : EXIT_CANNOT;
	if (errno)
		say("cannot write the output: %s", strerror(errno));
	else
		say("cannot write the output");
	return EXIT_CANNOT;
}

static int dispatch(int argc, char **argv)
{
	if (argc < 2) {
		cmd_help(0, NULL);
		return EXIT_USAGE;
	}
	const char *word = argv[1];
	if (strcmp(word, "-h") == 0 || strcmp(word, "--help") == 0)
		word = "help";
	else if (strcmp(word, "-V") == 0 || strcmp(word, "--version") == 0)
		word = "version";
	const struct command *c = command_find(word);
	/* An output that reaches a limit of size is an error to be told. The program that `run`
	 * or `symbols` starts is to inherit what there was. */
	if (c && c->function != cmd_run && c->function != cmd_symbols)
		signal(SIGXFSZ, SIG_IGN);
	if (c)
		return c->function(argc - 1, argv + 1);
	return command_default()->function(argc, argv);
}

int main(int argc, char **argv)
{
	int code = finish_stdout(dispatch(argc, argv));
	pager_finish();
	return code;
}
