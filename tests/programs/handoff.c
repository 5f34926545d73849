/* handoff.c - blocks made by producers and freed by consumers, through a queue without a lock. */
#include <pthread.h>
#include <sched.h>

#include "expect.h"

enum { PAIRS = 4, BLOCKS = 50000, SLOTS = 256 };

struct queue {
	void *slot[SLOTS]; /* NULL is empty; the producer fills, the consumer empties */
};

static void *producer(void *arg)
{
	struct queue *queue = arg;
	for (int i = 0; i < BLOCKS; i++) {
		void *p = keep(malloc(49019));
		while (__atomic_load_n(&queue->slot[i % SLOTS], __ATOMIC_ACQUIRE))
			sched_yield();
		__atomic_store_n(&queue->slot[i % SLOTS], p, __ATOMIC_RELEASE);
	}
	return NULL;
}

static void *consumer(void *arg)
{
	struct queue *queue = arg;
	for (int i = 0; i < BLOCKS; i++) {
		void *p;
		while (!(p = __atomic_load_n(&queue->slot[i % SLOTS], __ATOMIC_ACQUIRE)))
			sched_yield();
		__atomic_store_n(&queue->slot[i % SLOTS], NULL, __ATOMIC_RELEASE);
		free(p);
	}
	return NULL;
}

int main(void)
{
	static struct queue queues[PAIRS];
	pthread_t threads[PAIRS * 2];
	for (int i = 0; i < PAIRS * 2; i++)
		CHECK(pthread_create(&threads[i], NULL, i % 2 ? consumer : producer,
				     &queues[i / 2]) == 0);
	for (int i = 0; i < PAIRS * 2; i++)
		pthread_join(threads[i], NULL);
	expect("size=49019 allocs=%d frees=%d threads=%d free_threads=%d", PAIRS * BLOCKS,
	       PAIRS * BLOCKS, PAIRS, PAIRS);
	return 0;
}
