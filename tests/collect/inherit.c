/* inherit.c - prints all that a program inherits from who started it, for run.tap to compare plain
 * and traced. With arguments: prints them, one a line, before that. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

static void print_fds(void)
{
	for (int fd = 0; fd < 1024; fd++) {
		struct stat st;
		if (fstat(fd, &st) == 0)
			printf("fd %d: mode %o flags %x %x\n", fd, (unsigned)st.st_mode,
			       (unsigned)fcntl(fd, F_GETFL), (unsigned)fcntl(fd, F_GETFD));
	}
}

static void print_signals(void)
{
	sigset_t mask, pending;
	sigprocmask(SIG_BLOCK, NULL, &mask);
	sigpending(&pending);
	for (int i = 1; i < NSIG; i++) {
		struct sigaction action;
		if (sigaction(i, NULL, &action) < 0)
			continue;
		printf("signal %d: %s%s%s\n", i, sigismember(&mask, i) > 0 ? "blocked " : "",
		       sigismember(&pending, i) > 0 ? "pending " : "",
		       action.sa_handler == SIG_DFL ? "default" :
		       action.sa_handler == SIG_IGN ? "ignored" : "handled");
	}
}

static void print_limits(void)
{
	for (int i = 0; i < (int)RLIMIT_NLIMITS; i++) {
		struct rlimit limit;
		if (getrlimit((__rlimit_resource_t)i, &limit) == 0)
			printf("limit %d: %lu %lu\n", i, (unsigned long)limit.rlim_cur,
			       (unsigned long)limit.rlim_max);
	}
}

static void print_environment(void)
{
	for (char **e = environ; *e; e++)
		if (strncmp(*e, "LD_PRELOAD=", 11) != 0 &&
		    strncmp(*e, "ALLOCTRACE_SESSION=", 19) != 0)
			printf("%s\n", *e);
}

int main(int argc, char **argv)
{
	for (int i = 0; i < argc; i++)
		printf("argv[%d] = %s\n", i, argv[i]);
	char cwd[4096];
	mode_t mask = umask(0);
	umask(mask);
	printf("cwd %s umask %o nice %d dumpable %d\n", getcwd(cwd, sizeof(cwd)) ? cwd : "?",
	       (unsigned)mask, getpriority(PRIO_PROCESS, 0), prctl(PR_GET_DUMPABLE));
	printf("group is %s, session is %s\n", getpgrp() == getpid() ? "own" : "given",
	       getsid(0) == getpid() ? "own" : "given");
	print_fds();
	print_signals();
	print_limits();
	print_environment();
	return 0;
}
