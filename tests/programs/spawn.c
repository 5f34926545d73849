/* spawn.c - vfork with exec, posix_spawn, system, popen; exec'd children are traced too. */
#define _GNU_SOURCE
#include <spawn.h>
#include <sys/wait.h>

#include "expect.h"

extern char **environ;

static void wait_for(pid_t pid, int code)
{
	int status;
	CHECK(waitpid(pid, &status, 0) == pid && WIFEXITED(status) && WEXITSTATUS(status) == code);
}

static void by_vfork(const char *self)
{
	pid_t pid = vfork();
	if (pid == 0) {
		execl(self, self, "child", (char *)NULL);
		_exit(1);
	}
	wait_for(pid, 5);
	pid = vfork();
	if (pid == 0) {
		execl("/nonexistent", "nonexistent", (char *)NULL);
		_exit(6); /* the parent goes on in the same memory */
	}
	wait_for(pid, 6);
	free(keep(malloc(43003)));
}

static void by_posix_spawn(char *self)
{
	char word[] = "child";
	char *argv[] = { self, word, NULL };
	pid_t pid;
	CHECK(posix_spawn(&pid, self, NULL, NULL, argv, environ) == 0);
	wait_for(pid, 5);
	/* An empty environment: the child cannot know of the tracer and must simply run. */
	char *empty[] = { NULL };
	CHECK(posix_spawn(&pid, self, NULL, NULL, argv, empty) == 0);
	wait_for(pid, 5);
}

int main(int argc, char **argv)
{
	if (argc > 1) {
		free(keep(malloc(43013)));
		return 5;
	}
	char command[4200];
	snprintf(command, sizeof(command), "'%s' child", argv[0]);
	by_vfork(argv[0]);
	by_posix_spawn(argv[0]);
	CHECK(WEXITSTATUS(system(command)) == 5);
	FILE *pipe = popen(command, "r");
	CHECK(pipe && WEXITSTATUS(pclose(pipe)) == 5);
	expect("size=43003 allocs=1 frees=1 processes=1");
	expect("size=43013 allocs=4 frees=4 processes=4");
	return 0;
}
