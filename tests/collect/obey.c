/* obey.c - says "ready", then names every signal that it gets, one a line, until SIGTERM: then it
 * ends with 5. SIGTSTP and SIGSTOP stop it as usual. With an argument it first forks a child that
 * does all that, prints the child's pid and ends with 6. Without a signal for a minute it gives
 * up. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	static const int known[] = { SIGHUP, SIGINT, SIGQUIT, SIGUSR1, SIGUSR2, SIGTERM,
				     SIGALRM, SIGCONT, SIGWINCH };
	sigset_t set;
	(void)argv;
	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		sigaddset(&set, known[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
	void *volatile block = malloc(11);
	if (argc > 1) {
		pid_t child = fork();
		if (child) {
			printf("child %d\n", (int)child);
			return 6;
		}
		setsid();
		block = malloc(12);
	}
	free(block);
	setvbuf(stdout, NULL, _IONBF, 0);
	printf("ready\n");
	for (;;) {
		const struct timespec limit = { .tv_sec = 60 };
		int got = sigtimedwait(&set, NULL, &limit);
		if (got < 0 && errno == EAGAIN)
			return 1;
		if (got < 0)
			continue;
		free(malloc(13));
		printf("%s\n", sigabbrev_np(got));
		if (got == SIGTERM)
			return 5;
	}
}
