/* pager.c - stdout through a pager; see output.h. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/output.h"
#include "util/mem.h"

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

static bool is_program(const char *path)
{
	struct stat st;
	return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

/* A shell would only say that it is not there, and the text would be lost. Commands with more than
 * plain words are left to the shell. */
static bool is_missing(const char *command)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "+-./_";
	size_t len = strspn(command, plain);
	const char *folders = getenv("PATH");
	if (len == 0 || (command[len] && command[len] != ' ') || !folders)
		return false;
	char *name = mem_strndup(command, len);
	bool found = strchr(name, '/') && is_program(name);
	for (const char *at = folders; !found && !strchr(name, '/'); at++) {
		size_t folder = strcspn(at, ":");
		char *path = mem_printf("%.*s/%s", (int)folder, at, name);
		found = is_program(path);
		free(path);
		at += folder;
		if (!*at)
			break;
	}
	free(name);
	return !found;
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
	if (!command || pager_pid || !isatty(STDOUT_FILENO) || is_missing(command))
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
		/* Whoever leaves the pager has read enough. */
		signal(SIGPIPE, SIG_IGN);
	}
	close(ends[1]);
}

bool pager_is_used(void)
{
	return pager_pid != 0;
}

void pager_finish(void)
{
	while (pager_pid && waitpid(pager_pid, NULL, 0) < 0 && errno == EINTR)
		;
	pager_pid = 0;
}
