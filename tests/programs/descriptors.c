/* descriptors.c - a traced program sees no descriptor, signal mask or handler of the tracer. */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>

#include "expect.h"

int main(void)
{
	free(keep(malloc(46021)));
	expect("size=46021 allocs=1 frees=1");
	char line[64];
	for (int fd = 3; fd < 1024; fd++) {
		if (fcntl(fd, F_GETFD) >= 0) {
			int len = snprintf(line, sizeof(line), "open: %d\n", fd);
			CHECK(write(1, line, (size_t)len) == len);
		}
	}
	CHECK(open("/dev/null", O_RDONLY) == 3);
	sigset_t blocked;
	CHECK(sigprocmask(SIG_BLOCK, NULL, &blocked) == 0);
	for (int number = 1; number < SIGRTMAX; number++) {
		struct sigaction action;
		if (sigismember(&blocked, number) > 0)
			CHECK(!"a signal is blocked");
		if (sigaction(number, NULL, &action) == 0)
			CHECK(action.sa_handler == SIG_DFL || action.sa_handler == SIG_IGN);
	}
	return 0;
}
