/* leak-server.c - a heap to look for leaks in: some threads keep a number of live blocks and
 * exchange one for another all the time; some blocks are lost.
 *
 *   leak-server BLOCKS THREADS serve         prints "ready", goes on until it reads from its input,
 *                                            then prints what it did
 *   leak-server BLOCKS THREADS finish COUNT  makes them, exchanges COUNT blocks, ends
 *   leak-server BLOCKS THREADS lsan          built with LeakSanitizer: times its looks at the heap
 *
 * Blocks hang in chains on a table that each thread has: half of them are only pointed to by
 * others. */
#define _GNU_SOURCE
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { LOST = 1000, THREADS_MAX = 64, LOOKS = 5 };

/* Of LeakSanitizer. */
int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

struct item {
	struct item *next;
	char load[];
};

struct worker {
	pthread_t thread;
	uint64_t random;
	size_t slots;
	struct item **table;
	uint64_t exchanged, wanted;
	uint64_t longest_ns;
};

static struct worker workers[THREADS_MAX];
static atomic_uint filled;
static atomic_bool done;

static uint64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint32_t draw(struct worker *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return (uint32_t)(w->random >> 16);
}

/* 24 to 279 bytes, all of them written. */
__attribute__((noinline)) static struct item *make_item(struct worker *w)
{
	size_t bytes = sizeof(struct item) + 16 + (draw(w) & 255);
	struct item *made = malloc(bytes);
	memset(made, 0x5a, bytes);
	made->next = NULL;
	return made;
}

__attribute__((noinline)) static void lose_item(struct worker *w)
{
	struct item *volatile lost = make_item(w);
	lost = NULL;
	(void)lost;
}

static void exchange(struct worker *w)
{
	struct item **slot = &w->table[draw(w) % w->slots];
	struct item *old = *slot;
	struct item *fresh = make_item(w);
	fresh->next = old->next;
	*slot = fresh;
	free(old);
	w->exchanged++;
}

static void *work(void *argument)
{
	struct worker *w = argument;
	w->table = calloc(w->slots, sizeof(struct item *));
	for (size_t i = 0; i < w->slots; i++) {
		w->table[i] = make_item(w);
		w->table[i]->next = make_item(w);
	}
	for (int i = 0; i < LOST && w == workers; i++)
		lose_item(w);
	atomic_fetch_add(&filled, 1);
	uint64_t before = now_ns();
	while (w->wanted ? w->exchanged < w->wanted : !atomic_load(&done)) {
		exchange(w);
		uint64_t now = now_ns();
		if (now - before > w->longest_ns)
			w->longest_ns = now - before;
		before = now;
	}
	return NULL;
}

static void lsan_looks(void)
{
	for (int i = 0; __lsan_do_recoverable_leak_check && i < LOOKS; i++) {
		uint64_t begin = now_ns();
		__lsan_do_recoverable_leak_check();
		printf("lsan_ms %.1f\n", (double)(now_ns() - begin) / 1e6);
		fflush(stdout);
	}
}

static int usage(void)
{
	fprintf(stderr, "usage: leak-server BLOCKS THREADS serve|lsan|finish [COUNT]\n");
	return 64;
}

int main(int argc, char **argv)
{
	size_t blocks = argc > 3 ? strtoul(argv[1], NULL, 10) : 0;
	unsigned threads = argc > 3 ? (unsigned)atoi(argv[2]) : 0;
	bool finish = argc > 4 && strcmp(argv[3], "finish") == 0;
	if (threads < 1 || threads > THREADS_MAX || blocks / threads < 2)
		return usage();
	for (unsigned i = 0; i < threads; i++) {
		workers[i].random = 88172645463325252u + i;
		workers[i].slots = blocks / threads / 2;
		workers[i].wanted = finish ? strtoul(argv[4], NULL, 10) / threads : 0;
		if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
			return 2;
	}
	while (atomic_load(&filled) < threads)
		usleep(1000);
	if (!finish) {
		puts("ready");
		fflush(stdout);
	}
	if (strcmp(argv[3], "lsan") == 0)
		lsan_looks();
	else if (!finish)
		(void)getchar();
	atomic_store(&done, true);
	uint64_t exchanged = 0, longest_ns = 0;
	for (unsigned i = 0; i < threads; i++) {
		pthread_join(workers[i].thread, NULL);
		exchanged += workers[i].exchanged;
		longest_ns =
			workers[i].longest_ns > longest_ns ? workers[i].longest_ns : longest_ns;
	}
	printf("exchanged %llu, longest pause %.1f ms\n", (unsigned long long)exchanged,
	       (double)longest_ns / 1e6);
	return 0;
}
