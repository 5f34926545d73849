/* fork-threads.c - threads that fork while others are inside malloc. */
#include <pthread.h>
#include <sys/wait.h>

#include "expect.h"

enum { THREADS = 6, FORKS = 15, ROUNDS = 20000 };

static void *busy(void *arg)
{
	(void)arg;
	for (int i = 0; i < ROUNDS; i++)
		free(keep(malloc(42013)));
	return NULL;
}

static void *forker(void *arg)
{
	(void)arg;
	for (int i = 0; i < FORKS; i++) {
		void *inherited = keep(malloc(42017));
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0) {
			for (int n = 0; n < 10; n++)
				free(keep(malloc(42019)));
			free(inherited);
			_exit(0);
		}
		int status;
		CHECK(waitpid(pid, &status, 0) == pid && status == 0);
		free(inherited);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS * 2];
	for (int i = 0; i < THREADS * 2; i++)
		CHECK(pthread_create(&threads[i], NULL, i % 2 ? busy : forker, NULL) == 0);
	for (int i = 0; i < THREADS * 2; i++)
		pthread_join(threads[i], NULL);
	const int forks = THREADS * FORKS;
	expect("size=42013 allocs=%d frees=%d threads=%d", THREADS * ROUNDS, THREADS * ROUNDS,
	       THREADS);
	expect("size=42017 allocs=%d frees=%d processes=1", forks, forks * 2);
	expect("size=42019 allocs=%d frees=%d processes=%d", forks * 10, forks * 10, forks);
	return 0;
}
