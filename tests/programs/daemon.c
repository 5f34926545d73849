/* daemon.c - a program that closes every descriptor and detaches from its parent. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "expect.h"

static void become_daemon(void)
{
	if (fork() != 0)
		_exit(0);
	setsid();
	if (fork() != 0)
		_exit(0);
	CHECK(chdir("/") == 0);
	umask(0);
	closefrom(0);
	/* The descriptors that an unsuspecting program gets next are the usual ones. */
	CHECK(open("/dev/null", O_RDWR) == 0);
	CHECK(open("/dev/null", O_RDWR) == 1);
	CHECK(open("/dev/null", O_RDWR) == 2);
	CHECK(open("/dev/null", O_RDWR) == 3);
}

int main(void)
{
	expect("size=45007 allocs=5000 frees=5000 processes=1");
	expect("size=45011 allocs=1 frees=1 processes=1");
	expect("size=45013 allocs=1 frees=2 free_processes=2");
	void *inherited = keep(malloc(45013));
	/* The grandchild comes to this process when its parent ends, so it can be waited for. */
	CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1) == 0);
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		become_daemon();
		for (int i = 0; i < 5000; i++)
			free(keep(malloc(45007)));
		free(inherited);
		_exit(23);
	}
	int daemons = 0, status;
	while (wait(&status) > 0)
		daemons += WIFEXITED(status) && WEXITSTATUS(status) == 23;
	CHECK(daemons == 1);
	/* Here too: every descriptor is closed, and what follows is still recorded. */
	closefrom(3);
	free(keep(malloc(45011)));
	free(inherited);
	return 0;
}
