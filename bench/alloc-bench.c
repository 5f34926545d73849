/* alloc-bench.c - the synthetic workloads of bench/run, each a loop around malloc and free.
 *
 *   alloc-bench WORKLOAD [SCALE]     SCALE multiplies the number of events, default 1
 *
 * Prints one line: "ns=... events=... live=... rss_kb=..." where ns is the time of the loop alone,
 * events are allocations plus frees in it, live the most blocks at once, and rss_kb the peak
 * resident memory of this process. Random numbers come from a fixed seed. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NOINLINE __attribute__((noinline, noclone))

struct outcome {
	uint64_t ns, events, live;
};

struct workload {
	const char *name;
	void (*run)(double scale, struct outcome *out);
};

static uint64_t now_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* xorshift64*; good enough, and the same everywhere. */
static inline uint64_t random_next(uint64_t *state)
{
	uint64_t x = *state;
	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * UINT64_C(0x2545f4914f6cdd1d);
}

static inline void *keep(void *p)
{
	__asm__ volatile("" : "+r"(p)::"memory");
	return p;
}

/* ---- one thread, one block at a time ---- */

static NOINLINE void pairs(uint64_t count)
{
	for (uint64_t i = 0; i < count; i++)
		free(keep(malloc(16 + (i & 255))));
}

static NOINLINE void at_depth(int frames, uint64_t count)
{
	if (frames > 0)
		at_depth(frames - 1, count);
	else
		pairs(count);
	__asm__ volatile("" ::: "memory"); /* no tail call: the frame stays */
}

static void run_pairs(int frames, double scale, struct outcome *out)
{
	uint64_t count = (uint64_t)(1500000 * scale), begin = now_ns();
	at_depth(frames, count);
	*out = (struct outcome){ now_ns() - begin, count * 2, 1 };
}

static void shallow(double scale, struct outcome *out)
{
	run_pairs(2, scale, out);
}

static void deep(double scale, struct outcome *out)
{
	run_pairs(62, scale, out);
}

static void depth_16(double scale, struct outcome *out)
{
	run_pairs(14, scale, out);
}

/* ---- random sizes and lifetimes, call sites at changing depths ---- */

enum { RANDOM_SLOTS = 4096, RANDOM_MAX_DEPTH = 15 };

struct random_thread {
	pthread_t thread;
	uint64_t seed, rounds;
};

static NOINLINE void *allocate_at(unsigned depth, size_t bytes)
{
	void *p = depth > 0 ? allocate_at(depth - 1, bytes) : malloc(bytes);
	return keep(p);
}

static size_t random_size(uint64_t r)
{
	/* Mostly small, some to 64 KiB: a power of two by its leading zeros, and a part of it. */
	unsigned class = (unsigned)__builtin_clzll((r & 0xfff) | 1) - 52;
	return 8 + ((r >> 12) & ((UINT64_C(16) << class) - 1));
}

static void *random_worker(void *arg)
{
	struct random_thread *t = arg;
	static __thread void *slots[RANDOM_SLOTS];
	for (uint64_t i = 0; i < t->rounds; i++) {
		uint64_t r = random_next(&t->seed);
		void **slot = &slots[r >> 32 & (RANDOM_SLOTS - 1)];
		free(*slot);
		*slot = allocate_at(r >> 44 & RANDOM_MAX_DEPTH, random_size(r));
	}
	for (unsigned i = 0; i < RANDOM_SLOTS; i++) {
		free(slots[i]);
		slots[i] = NULL;
	}
	return NULL;
}

static void run_random(unsigned threads, double scale, struct outcome *out)
{
	struct random_thread t[8];
	uint64_t rounds = (uint64_t)(1500000 * scale) / threads, begin = now_ns();
	for (unsigned i = 0; i < threads; i++) {
		t[i] = (struct random_thread){ .seed = 0x9e3779b9 + i, .rounds = rounds };
		if (pthread_create(&t[i].thread, NULL, random_worker, &t[i]) != 0)
			abort();
	}
	for (unsigned i = 0; i < threads; i++)
		pthread_join(t[i].thread, NULL);
	*out = (struct outcome){ now_ns() - begin, rounds * threads * 2, RANDOM_SLOTS * threads };
}

static void random_1(double scale, struct outcome *out)
{
	run_random(1, scale, out);
}

static void random_2(double scale, struct outcome *out)
{
	run_random(2, scale, out);
}

static void random_8(double scale, struct outcome *out)
{
	run_random(8, scale, out);
}

/* ---- blocks made by one thread and freed by another ---- */

enum { QUEUE_SLOTS = 1024 };

struct queue {
	void *slot[QUEUE_SLOTS]; /* NULL is empty; the producer fills, the consumer empties */
	uint64_t count;
};

static void *producer(void *arg)
{
	struct queue *q = arg;
	for (uint64_t i = 0; i < q->count; i++) {
		void *p = keep(malloc(32 + (i & 127)));
		while (__atomic_load_n(&q->slot[i % QUEUE_SLOTS], __ATOMIC_ACQUIRE))
			sched_yield();
		__atomic_store_n(&q->slot[i % QUEUE_SLOTS], p, __ATOMIC_RELEASE);
	}
	return NULL;
}

static void *consumer(void *arg)
{
	struct queue *q = arg;
	for (uint64_t i = 0; i < q->count; i++) {
		void *p;
		while (!(p = __atomic_load_n(&q->slot[i % QUEUE_SLOTS], __ATOMIC_ACQUIRE)))
			sched_yield();
		__atomic_store_n(&q->slot[i % QUEUE_SLOTS], NULL, __ATOMIC_RELEASE);
		free(p);
	}
	return NULL;
}

static void producer_consumer(double scale, struct outcome *out)
{
	static struct queue q;
	pthread_t threads[2];
	q.count = (uint64_t)(1500000 * scale);
	uint64_t begin = now_ns();
	if (pthread_create(&threads[0], NULL, producer, &q) != 0 ||
	    pthread_create(&threads[1], NULL, consumer, &q) != 0)
		abort();
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	*out = (struct outcome){ now_ns() - begin, q.count * 2, QUEUE_SLOTS };
}

/* ---- a million blocks alive at once ---- */

static void million_live(double scale, struct outcome *out)
{
	/* As many in a quick run: memory per live block is what this one is for. */
	enum { BLOCKS = 1000000 };
	static void *blocks[BLOCKS];
	uint64_t seed = 1, begin = now_ns();
	(void)scale;
	for (unsigned i = 0; i < BLOCKS; i++)
		blocks[i] = keep(malloc(16 + (random_next(&seed) & 63)));
	for (unsigned i = 0; i < BLOCKS; i++)
		free(blocks[i]);
	*out = (struct outcome){ now_ns() - begin, BLOCKS * 2, BLOCKS };
}

static const struct workload workloads[] = {
	{ "shallow", shallow },		  { "depth-16", depth_16 },
	{ "deep", deep },
	{ "random-1", random_1 },	  { "random-2", random_2 },
	{ "random-8", random_8 },	  { "producer-consumer", producer_consumer },
	{ "million-live", million_live },
};

static long peak_rss_kb(void)
{
	char line[256];
	long kb = 0;
	FILE *f = fopen("/proc/self/status", "r");
	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "VmHWM: %ld", &kb) == 1)
			break;
	if (f)
		fclose(f);
	return kb;
}

int main(int argc, char **argv)
{
	struct outcome out;
	double scale = argc > 2 ? atof(argv[2]) : 1;
	for (size_t i = 0; argc > 1 && i < sizeof(workloads) / sizeof(workloads[0]); i++) {
		if (strcmp(argv[1], workloads[i].name) != 0)
			continue;
		workloads[i].run(scale, &out);
		printf("ns=%lu events=%lu live=%lu rss_kb=%ld\n", out.ns, out.events, out.live,
		       peak_rss_kb());
		return 0;
	}
	fprintf(stderr, "usage: alloc-bench WORKLOAD [SCALE]\n");
	return 64;
}
