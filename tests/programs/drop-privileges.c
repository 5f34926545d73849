/* drop-privileges.c - a server that starts as root, becomes nobody and forks workers. */
#define _GNU_SOURCE
#include <grp.h>
#include <sys/wait.h>

#include "expect.h"

int main(void)
{
	if (geteuid() == 0) {
		CHECK(setgroups(0, NULL) == 0);
		CHECK(setresgid(65534, 65534, 65534) == 0 && setresuid(65534, 65534, 65534) == 0);
	}
	free(keep(malloc(57037)));
	for (int i = 0; i < 3; i++) {
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0) {
			free(keep(malloc(57041)));
			_exit(0);
		}
		int status;
		CHECK(waitpid(pid, &status, 0) == pid && status == 0);
	}
	expect("size=57037 allocs=1 frees=1");
	expect("size=57041 allocs=3 frees=3 processes=3");
	return 0;
}
