/* launch.c - see launch.h. */
#include "collect/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "util/mem.h"
#include "wire/session.h"

#define PRELOAD "LD_PRELOAD"

enum { EXIT_NOT_STARTED = 127, STACK_BYTES = 8 << 20 };

static void keep_standard_fds_taken(void)
{
	int fd;
	do
		fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd >= 0)
		close(fd);
}

static void raise_limit(int resource, rlim_t enough, struct rlimit *before)
{
	*before = (struct rlimit){ RLIM_INFINITY, RLIM_INFINITY };
	if (getrlimit(resource, before) < 0 || before->rlim_cur >= enough)
		return;
	const struct rlimit raised = { before->rlim_max < enough ? before->rlim_max : enough,
				       before->rlim_max };
	setrlimit(resource, &raised);
}

void launch_prepare(struct launch_state *state, sigset_t *blocked)
{
	static const int not_blocked[] = {
		SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP, SIGSYS
	};
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	struct sigaction standard = { .sa_handler = SIG_DFL };
	keep_standard_fds_taken();
	/* A file descriptor for each process that is watched, and a dozen; libdw's frames are
	 * large. */
	raise_limit(RLIMIT_NOFILE, RLIM_INFINITY, &state->nofile);
	raise_limit(RLIMIT_STACK, STACK_BYTES, &state->stack);
	sigfillset(blocked);
	for (size_t i = 0; i < AT_COUNT_OF(not_blocked); i++)
		sigdelset(blocked, not_blocked[i]);
	sigprocmask(SIG_BLOCK, blocked, &state->mask);
	/* Ignored SIGCHLD, as inherited from a careless parent, would hide the child's end. */
	sigaction(SIGCHLD, &standard, &state->chld);
	sigaction(SIGPIPE, &ignore, &state->pipe);
	sigaction(SIGXFSZ, &ignore, &state->xfsz);
}

void launch_restore(const struct launch_state *state)
{
	const struct timespec no_time = { 0 };
	sigset_t pending;
	while (sigpending(&pending) == 0 && sigtimedwait(&pending, NULL, &no_time) > 0)
		;
	sigprocmask(SIG_SETMASK, &state->mask, NULL);
}

static _Noreturn void become_program(const struct launch_state *state, int go_fd, int error_fd,
				     char *const *argv, char *const *environment)
{
	char go;
	if (read(go_fd, &go, 1) != 1)
		_exit(EXIT_NOT_STARTED);
	sigaction(SIGCHLD, &state->chld, NULL);
	sigaction(SIGPIPE, &state->pipe, NULL);
	sigaction(SIGXFSZ, &state->xfsz, NULL);
	setrlimit(RLIMIT_NOFILE, &state->nofile);
	setrlimit(RLIMIT_STACK, &state->stack);
	sigprocmask(SIG_SETMASK, &state->mask, NULL);
	execvpe(argv[0], argv, environment);
	int code = errno;
	ssize_t written AT_UNUSED = write(error_fd, &code, sizeof(code));
	_exit(EXIT_NOT_STARTED);
}

/* What came from the terminal before the fork, the child does not have, and nobody passes it on
 * later (child_has_it() in watch.c). What came since it has, and blocked: a second one is the same
 * one. */
static void pass_on_pending(pid_t child)
{
	static const int from_terminal[] = { SIGINT, SIGQUIT, SIGTSTP, SIGHUP };
	sigset_t pending;
	sigpending(&pending);
	for (size_t i = 0; i < AT_COUNT_OF(from_terminal); i++)
		if (sigismember(&pending, from_terminal[i]))
			kill(child, from_terminal[i]);
}

int launch_fork(struct launch *l, const struct launch_state *state, char *const *argv,
		char *const *environment, struct err *err)
{
	int go[2] = { -1, -1 }, error[2] = { -1, -1 };
	if (pipe2(go, O_CLOEXEC) < 0 || pipe2(error, O_CLOEXEC) < 0 || (l->pid = fork()) < 0) {
		err_set_errno(err, "cannot start a process for %s", argv[0]);
		close(go[0]);
		close(go[1]);
		close(error[0]);
		close(error[1]);
		return -1;
	}
	if (l->pid == 0) {
		close(go[1]);
		become_program(state, go[0], error[1], argv, environment);
	}
	pass_on_pending(l->pid);
	close(go[0]);
	close(error[1]);
	l->go_fd = go[1];
	l->error_fd = error[0];
	return 0;
}

int launch_go(struct launch *l)
{
	int code = 0;
	ssize_t written AT_UNUSED = write(l->go_fd, "", 1);
	close(l->go_fd);
	if (read(l->error_fd, &code, sizeof(code)) != sizeof(code))
		code = 0; /* closed by exec */
	close(l->error_fd);
	if (code)
		waitpid(l->pid, NULL, 0);
	return code;
}

void launch_cancel(struct launch *l)
{
	close(l->go_fd);
	close(l->error_fd);
	waitpid(l->pid, NULL, 0);
}

static bool is_variable(const char *entry, const char *name)
{
	size_t len = strlen(name);
	return strncmp(entry, name, len) == 0 && entry[len] == '=';
}

char **launch_environment(const char *runtime, const char *socket_path)
{
	size_t count = 0, kept = 0;
	while (environ && environ[count])
		count++;
	char **result = mem_zalloc(count + 3, sizeof(*result));
	for (size_t i = 0; i < count; i++)
		if (!is_variable(environ[i], PRELOAD) && !is_variable(environ[i], SESSION_ENV))
			result[kept++] = environ[i];
	const char *others = getenv(PRELOAD);
	bool any = others && *others;
	result[kept++] = mem_printf(PRELOAD "=%s%s%s", runtime, any ? ":" : "", any ? others : "");
	result[kept] = mem_printf(SESSION_ENV "=%s", socket_path);
	return result;
}

void launch_environment_free(char **environment)
{
	size_t count = 0;
	while (environment[count])
		count++;
	free(environment[count - 1]);
	free(environment[count - 2]);
	free(environment);
}
