/* realloc-race.c - threads that realloc and free at full speed: an address that realloc gives up
 * is taken by another thread at once, and no record may be lost or doubled by that. */
#include <pthread.h>

#include "expect.h"

enum { THREADS = 4, ROUNDS = 30000 };

static void *worker(void *arg)
{
	(void)arg;
	for (int i = 0; i < ROUNDS; i++) {
		char *p = keep(malloc(5003));
		p = keep(realloc(p, 15013));
		p = keep(realloc(p, 45007 + 1000000 * (size_t)(i % 64 == 0)));
		free(p);
	}
	return NULL;
}

int main(void)
{
	pthread_t threads[THREADS];
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, worker, NULL) == 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	const int all = THREADS * ROUNDS, big = THREADS * ((ROUNDS + 63) / 64);
	expect("size=5003 allocs=%d frees=%d free_role=realloc", all, all);
	expect("size=15013 allocs=%d frees=%d role=realloc free_role=realloc", all, all);
	expect("size=45007 allocs=%d frees=%d role=realloc free_role=free", all - big, all - big);
	expect("size=1045007 allocs=%d frees=%d role=realloc free_role=free", big, big);
	return 0;
}
