/* progress.c - allocates without pause and keeps account of it where a killer can read it.
 *
 *   progress FILE THREADS EVENTS
 *
 * FILE is mapped shared: one line of 64 bytes a thread, whose first word is the number of events
 * (allocations and frees) that the thread has finished. With EVENTS 0 it goes on until killed;
 * else each thread stops after that many, and the program prints a sum and ends with 17. Blocks
 * of 61001 bytes are freed at once, one of 61007 of every eight stays for a while. */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/mman.h>

#include "expect.h"

enum { MAX_THREADS = 8, KEPT = 64 };

struct account {
	uint64_t events;
	uint64_t pad[7];
};

static struct account *accounts;
static uint64_t limit;

static inline void done(struct account *a, uint64_t *count)
{
	__atomic_store_n(&a->events, ++*count, __ATOMIC_RELEASE);
}

static void *work(void *arg)
{
	struct account *a = arg;
	void *kept[KEPT] = { NULL };
	uint64_t count = 0;
	for (uint64_t i = 0; !limit || count < limit; i++) {
		void *p = keep(malloc(i % 8 ? 61001 : 61007));
		done(a, &count);
		if (i % 8 == 0) {
			void **slot = &kept[i / 8 % KEPT];
			void *old = *slot;
			*slot = p;
			p = old;
		}
		if (p) {
			free(p);
			done(a, &count);
		}
	}
	for (int i = 0; i < KEPT; i++)
		free(kept[i]);
	return NULL;
}

int main(int argc, char **argv)
{
	CHECK(argc == 4);
	const int threads = atoi(argv[2]);
	limit = strtoull(argv[3], NULL, 10);
	CHECK(threads > 0 && threads <= MAX_THREADS);
	int fd = open(argv[1], O_RDWR | O_CREAT, 0666);
	CHECK(fd >= 0 && ftruncate(fd, MAX_THREADS * sizeof(struct account)) == 0);
	accounts = mmap(NULL, MAX_THREADS * sizeof(struct account), PROT_READ | PROT_WRITE,
			MAP_SHARED, fd, 0);
	CHECK(accounts != MAP_FAILED && close(fd) == 0);
	pthread_t thread[MAX_THREADS];
	for (int i = 1; i < threads; i++)
		CHECK(pthread_create(&thread[i], NULL, work, &accounts[i]) == 0);
	work(&accounts[0]);
	for (int i = 1; i < threads; i++)
		pthread_join(thread[i], NULL);
	printf("%d threads have finished\n", threads);
	return 17;
}
