/* threads.c - 20000 short threads one after another, and 500 at once. */
#include <pthread.h>

#include "expect.h"

enum { SEQUENTIAL = 20000, AT_ONCE = 500 };

static pthread_barrier_t barrier;

static void *short_thread(void *arg)
{
	(void)arg;
	return keep(malloc(48017));
}

static void *waiting_thread(void *arg)
{
	void *p = keep(malloc(48023));
	pthread_barrier_wait(&barrier);
	free(p);
	free(arg); /* made by the main thread */
	pthread_barrier_wait(&barrier);
	free(keep(malloc(48029)));
	return NULL;
}

int main(void)
{
	pthread_attr_t attr;
	pthread_t thread, threads[AT_ONCE];
	CHECK(pthread_attr_init(&attr) == 0 && pthread_attr_setstacksize(&attr, 64 * 1024) == 0);
	for (int i = 0; i < SEQUENTIAL; i++) {
		void *p;
		CHECK(pthread_create(&thread, &attr, short_thread, NULL) == 0);
		CHECK(pthread_join(thread, &p) == 0);
		free(p);
	}
	CHECK(pthread_barrier_init(&barrier, NULL, AT_ONCE) == 0);
	for (int i = 0; i < AT_ONCE; i++)
		CHECK(pthread_create(&threads[i], &attr, waiting_thread, keep(malloc(48049))) == 0);
	for (int i = 0; i < AT_ONCE; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	expect("size=48017 allocs=%d frees=%d threads=%d free_threads=1", SEQUENTIAL, SEQUENTIAL,
	       SEQUENTIAL);
	expect("size=48023 allocs=%d frees=%d threads=%d", AT_ONCE, AT_ONCE, AT_ONCE);
	expect("size=48029 allocs=%d frees=%d threads=%d", AT_ONCE, AT_ONCE, AT_ONCE);
	expect("size=48049 allocs=%d frees=%d threads=1 free_threads=%d", AT_ONCE, AT_ONCE,
	       AT_ONCE);
	return 0;
}
