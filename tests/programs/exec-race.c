/* exec-race.c - eight threads exec at once, while the first one allocates. One of them wins. */
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS = 8 };

static pthread_barrier_t all;

static void *become_echo(void *unused)
{
	(void)unused;
	pthread_barrier_wait(&all);
	execl("/bin/echo", "echo", "one", (char *)NULL);
	_exit(7);
}

int main(void)
{
	pthread_t threads[THREADS];
	pthread_barrier_init(&all, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&threads[i], NULL, become_echo, NULL) != 0)
			return 8;
	for (;;)
		free(malloc(10));
}
