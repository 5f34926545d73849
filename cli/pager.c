/* pager.c - stdout through a pager; see output.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/output.h"

extern char **environ;

static pid_t pager_pid;

static const char *pager_command(void)
{
	const char *command = getenv("ALLOCTRACE_PAGER");
	if (!command)
		command = getenv("PAGER");
	if (!command)
		command = "less";
	return *command && strcmp(command, "cat") != 0 ? command : NULL;
}

static pid_t spawn_pager(const char *command, int input)
{
	posix_spawn_file_actions_t actions;
	char shell[] = "sh", option[] = "-c";
	char *line = strdup(command);
	char *argv[] = { shell, option, line, NULL };
	pid_t pid = 0;
	/* Quit if it fits on one screen, colours, and leave the text there. */
	setenv("LESS", "FRX", 0);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
	if (!line || posix_spawn(&pid, "/bin/sh", &actions, NULL, argv, environ) != 0)
		pid = 0;
	posix_spawn_file_actions_destroy(&actions);
	free(line);
	return pid;
}

void pager_start(void)
{
	int ends[2];
	const char *command = pager_command();
	if (!command || pager_pid || !isatty(STDOUT_FILENO))
		return;
	fflush(stdout);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return;
	pager_pid = spawn_pager(command, ends[0]);
	close(ends[0]);
	if (pager_pid) {
		dup2(ends[1], STDOUT_FILENO);
		/* Ctrl-C belongs to the pager; it would be left alone on the terminal otherwise. */
		signal(SIGINT, SIG_IGN);
		signal(SIGQUIT, SIG_IGN);
	}
	close(ends[1]);
}

void pager_finish(void)
{
	while (pager_pid && waitpid(pager_pid, NULL, 0) < 0 && errno == EINTR)
		;
	pager_pid = 0;
}
