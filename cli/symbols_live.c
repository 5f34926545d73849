/* symbols_live.c - see symbols_live.h. */
#include "cli/symbols_live.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/command.h"
#include "link/link_process.h"
#include "link/link_run.h"
#include "link/linked_news.h"
#include "util/mem.h"

enum { FILE_MODE = 0666 };

void symbols_live_split(struct symbols_live *live, int *argc, char **argv)
{
	live->output_fd = -1;
	for (int i = 1; i < *argc; i++)
		if (strcmp(argv[i], "--") == 0) {
			live->program = argv + i + 1;
			argv[i] = NULL;
			*argc = i;
			return;
		}
}

bool symbols_live_is_asked(const struct symbols_live *live)
{
	return live->pids.count || live->program;
}

static pid_t pid_of(const char *text)
{
	char *end;
	errno = 0;
	long pid = strtol(text, &end, 10);
	return errno || end == text || *end || pid <= 0 || pid > INT_MAX ? 0 : (pid_t)pid;
}

static int place_of(const char *text)
{
	static const char *const places[] = {
		[LINK_RUN_MAIN] = "main", [LINK_RUN_DLOPEN] = "dlopen", [LINK_RUN_EXIT] = "exit"
	};
	for (int i = 0; i < (int)AT_COUNT_OF(places); i++)
		if (!text || strcmp(text, places[i]) == 0)
			return i;
	return -1;
}

int symbols_live_check(const struct symbols_live *live, const struct usage *usage)
{
	for (size_t i = 0; i < live->pids.count; i++)
		if (!pid_of(live->pids.items[i]))
			return usage_error(usage, "--pid: '%s' is no number of a process",
					   live->pids.items[i]);
	if (place_of(live->at) < 0)
		return usage_error(usage, "--at: '%s' is none of main, exit, dlopen", live->at);
	if (live->program && !live->program[0])
		return usage_error(usage, "which program? There is none behind --");
	if (live->at && !live->program)
		return usage_error(usage, "--at: where to look at a program that is started: -- "
					  "PROGRAM is needed");
	return -1;
}

static bool look_at_pid(struct symbols_targets *t, pid_t pid)
{
	struct err err;
	struct linked *l = symbols_targets_add(t);
	if (linked_from_process(l, pid, t->finder, &err) == 0)
		return true;
	symbols_targets_take_back(t);
	say("%s", err.text);
	return false;
}

struct run {
	struct symbols_targets *targets;
	size_t first; /* program of the targets */
};

static int look_at_run(void *context, pid_t pid, const char *when, struct err *err)
{
	struct run *run = context;
	struct symbols_targets *t = run->targets;
	struct linked *l = symbols_targets_add(t);
	if (linked_from_process(l, pid, t->finder, err) < 0) {
		symbols_targets_take_back(t);
		return -1;
	}
	l->when = mem_strdup(when);
	if (t->program_count > run->first + 1)
		linked_mark_known(l, t->programs[t->program_count - 2]);
	return 0;
}

static int run_program(const struct symbols_live *live, struct symbols_targets *t)
{
	struct err err;
	struct run run = { t, t->program_count };
	int exec_errno = 0;
	fflush(stdout);
	if (link_run(live->program, (enum link_run_at)place_of(live->at), look_at_run, &run,
		     &exec_errno, &err) == 0)
		return 0;
	say("%s", err.text);
	return exec_errno ? EXIT_CANNOT_START : EXIT_CANNOT;
}

static bool open_output(struct symbols_live *live)
{
	if (!live->output)
		return true;
	live->output_fd =
		open(live->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, FILE_MODE);
	if (live->output_fd >= 0)
		return true;
	say("cannot write %s: %s", live->output, strerror(errno));
	return false;
}

int symbols_live_look(struct symbols_live *live, struct symbols_targets *t)
{
	int code = 0;
	if (!open_output(live))
		return EXIT_CANNOT;
	for (size_t i = 0; i < live->pids.count; i++)
		if (!look_at_pid(t, pid_of(live->pids.items[i])))
			code = EXIT_CANNOT;
	if (live->program)
		code = run_program(live, t) ?: code;
	t->failed = t->failed || code;
	if (live->output_fd >= 0)
		dup2(live->output_fd, STDOUT_FILENO);
	return code;
}

void symbols_live_release(struct symbols_live *live)
{
	option_list_release(&live->pids);
	if (live->output_fd >= 0)
		close(live->output_fd);
}
