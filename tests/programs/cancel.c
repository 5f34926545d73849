/* cancel.c - threads cancelled while they wait; cleanup handlers free what they hold. */
#include <pthread.h>
#include <semaphore.h>

#include "expect.h"

enum { THREADS = 200 };

static sem_t ready;

static void NOINLINE cleanup(void *p)
{
	free(p);
	free(keep(malloc(51031)));
}

static void *thread(void *arg)
{
	(void)arg;
	void *p = keep(malloc(51043));
	pthread_cleanup_push(cleanup, p);
	sem_post(&ready);
	for (;;)
		pause();
	pthread_cleanup_pop(1);
	return NULL;
}

/* Cancelled at any instruction that is a cancellation point, with allocations between. */
static void *busy_thread(void *arg)
{
	(void)arg;
	sem_post(&ready);
	for (;;) {
		free(keep(malloc(51047)));
		pthread_testcancel();
	}
	return NULL;
}

static void run(void *(*body)(void *))
{
	pthread_t t;
	void *result;
	CHECK(pthread_create(&t, NULL, body, NULL) == 0);
	CHECK(sem_wait(&ready) == 0);
	CHECK(pthread_cancel(t) == 0);
	CHECK(pthread_join(t, &result) == 0 && result == PTHREAD_CANCELED);
}

int main(void)
{
	CHECK(sem_init(&ready, 0, 0) == 0);
	for (int i = 0; i < THREADS; i++)
		run(i % 2 ? thread : busy_thread);
	expect("size=51043 allocs=%d frees=%d threads=%d", THREADS / 2, THREADS / 2, THREADS / 2);
	expect("size=51031 allocs=%d frees=%d frames=cleanup", THREADS / 2, THREADS / 2);
	expect("size=51047 live=0");
	return 0;
}
