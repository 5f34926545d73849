/* launch.h - starts the program as if its shell had started it.
 *
 * It gets the signal mask and dispositions, limits and file descriptors that the tool was started
 * with, and two environment variables more (LD_PRELOAD, SESSION_ENV). It waits before its exec
 * until it is told to go on, so that everything else can be ready, and named after its pid. */
#ifndef ALLOCTRACE_COLLECT_LAUNCH_H
#define ALLOCTRACE_COLLECT_LAUNCH_H

#include <signal.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "util/err.h"

/* What the tool itself was started with. */
struct launch_state {
	sigset_t mask;
	struct sigaction chld, pipe, xfsz;
	struct rlimit nofile, stack;
};

struct launch {
	pid_t pid;
	int go_fd;    /* closing it without a byte ends the child */
	int error_fd; /* tells why exec failed */
};

/* Blocks all signals that can be blocked (returned in *blocked), ignores SIGPIPE and SIGXFSZ,
 * raises the limits of file descriptors and stack, and makes sure that descriptors 0 to 2 are
 * taken, so that no file of the tool gets there. Before anything else is opened and any thread
 * started. */
void launch_prepare(struct launch_state *state, sigset_t *blocked);

/* Puts the mask back, but for signals that have come in meanwhile: they were for the run. */
void launch_restore(const struct launch_state *state);

/* Forks the process that is to be the program. argv ends with NULL. */
int launch_fork(struct launch *l, const struct launch_state *state, char *const *argv,
		char *const *environment, struct err *err);
/* Lets it exec. Returns 0, or the errno of exec; then the process has ended and was waited for. */
int launch_go(struct launch *l);
/* Ends it before its exec. */
void launch_cancel(struct launch *l);

/* The program's environment: this process's with the runtime first in LD_PRELOAD and the socket.
 * The caller frees the array and its last two entries: launch_environment_free(). */
char **launch_environment(const char *runtime, const char *socket_path);
void launch_environment_free(char **environment);

#endif
