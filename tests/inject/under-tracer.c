/* under-tracer.c - runs a program and all that comes of it under ptrace, as strace -f does: nobody
 * else can trace them then. Ends as the program does.
 *
 * usage: under-tracer PROGRAM [ARGUMENT...] */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

enum { EVENT_SHIFT = 16, NO_TRACER = 99 };

/* What a stop is to be gone on from with: the signal that it was about to deliver. */
static long signal_of(int status)
{
	return status >> EVENT_SHIFT ? 0 : WSTOPSIG(status);
}

static int run_until_end(pid_t program)
{
	int status, end = NO_TRACER;
	pid_t pid;
	while ((pid = waitpid(-1, &status, __WALL)) > 0 || errno == EINTR) {
		if (pid > 0 && WIFSTOPPED(status))
			ptrace(PTRACE_CONT, pid, NULL, signal_of(status));
		else if (pid == program)
			end = status;
	}
	return end;
}

int main(int argc, char **argv)
{
	int gate[2];
	char byte;
	if (argc < 2 || pipe(gate))
		return NO_TRACER;
	pid_t program = fork();
	if (program == 0) {
		close(gate[1]);
		if (read(gate[0], &byte, 1) == 1)
			execvp(argv[1], argv + 1);
		_exit(NO_TRACER);
	}
	if (ptrace(PTRACE_SEIZE, program, NULL,
		   PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
			   PTRACE_O_TRACEEXEC) < 0 ||
	    write(gate[1], "", 1) != 1) {
		perror("under-tracer");
		kill(program, SIGKILL);
		return NO_TRACER;
	}
	close(gate[1]);
	close(gate[0]);
	int status = run_until_end(program);
	if (WIFSIGNALED(status)) {
		signal(WTERMSIG(status), SIG_DFL);
		raise(WTERMSIG(status));
	}
	return WEXITSTATUS(status);
}
