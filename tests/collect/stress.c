/* stress.c - the collector in one thread, producers in others and in processes that are killed.
 *
 * usage: stress [SEED]. Also built with the thread sanitizer, which then sees every access to the
 * shared memory from both sides. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/atomics.h"
#include "tests/collect/rig.h"

enum {
	THREADS = 4,
	ROUNDS = 60000,
	MAILBOXES = 256,
	SHORT_THREADS = 6000,
	SHORT_EVENTS = 5,
	KILLS = 60,
};

static uint64_t seed = 1;

/* ---- the collector's thread ---- */

struct runner {
	struct rig *rig;
	uint32_t stop;
	pthread_t thread;
};

static void *collect(void *context)
{
	struct runner *runner = context;
	struct collector *c = &runner->rig->collector;
	while (!at_load_acquire(&runner->stop)) {
		uint32_t seen = at_load_acquire(&c->session->header->wake);
		collector_pass(c);
		collector_sleep(c, seen);
	}
	return NULL;
}

static void start(struct runner *runner, struct rig *rig)
{
	*runner = (struct runner){ .rig = rig };
	CHECK(pthread_create(&runner->thread, NULL, collect, runner) == 0, "thread");
}

static void stop(struct runner *runner)
{
	at_store_release(&runner->stop, 1u);
	session_wake(&runner->rig->session);
	pthread_join(runner->thread, NULL);
	collector_drain_all(&runner->rig->collector);
}

/* ---- blocks that travel between threads ---- */

/* A mailbox holds a block as slot << 48 | counter, + 1; 0 is empty. */
static uint64_t mailboxes[MAILBOXES];

struct worker {
	struct rig *rig;
	uint32_t process;
	uint64_t seed;
	uint64_t allocs, frees;
	pthread_t thread;
};

static uint64_t pack(struct block_name name)
{
	return ((uint64_t)name.slot << 48 | name.counter) + 1;
}

static struct block_name unpack(uint64_t packed)
{
	packed--;
	return (struct block_name){ (uint32_t)(packed >> 48), packed & ((UINT64_C(1) << 48) - 1) };
}

static void *exchange_blocks(void *context)
{
	struct worker *worker = context;
	struct rng rng = { worker->seed };
	struct producer p = rig_producer(worker->rig, worker->process);
	uint32_t node = NODE_ROOT;
	for (unsigned i = 0; i < ROUNDS; i++) {
		if (i % 100 == 0)
			node = producer_node(&worker->rig->session, node, 0, i);
		struct block_name mine = producer_alloc(&p, i, node);
		worker->allocs++;
		uint64_t other = at_exchange_acq_rel(&mailboxes[rng_below(&rng, MAILBOXES)],
						     pack(mine));
		if (!other)
			continue;
		producer_free(&p, unpack(other), node);
		worker->frees++;
	}
	return NULL;
}

static void blocks_travel_between_threads(void)
{
	struct rig r;
	struct runner runner;
	struct worker workers[THREADS];
	uint64_t allocs = 0, frees = 0;
	rig_open(&r);
	uint32_t process = rig_process(&r);
	producer_module(&r.session, "/bin/a");
	start(&runner, &r);
	for (unsigned i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){ .rig = &r, .process = process, .seed = seed + i };
		CHECK(pthread_create(&workers[i].thread, NULL, exchange_blocks, &workers[i]) == 0,
		      "thread");
	}
	for (unsigned i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		allocs += workers[i].allocs;
		frees += workers[i].frees;
	}
	stop(&runner);
	CHECK(r.writer->allocs == allocs, "%llu of %llu", (unsigned long long)r.writer->allocs,
	      (unsigned long long)allocs);
	CHECK(r.writer->frees == frees, "frees");
	CHECK(r.writer->unknown_nodes == 0, "nodes");
	rig_close(&r);
}

/* ---- many short threads ---- */

static void *live_shortly(void *context)
{
	struct worker *worker = context;
	struct producer p = rig_producer(worker->rig, worker->process);
	for (unsigned i = 0; i < SHORT_EVENTS; i++)
		producer_alloc(&p, i, NODE_ROOT);
	return NULL;
}

static void short_threads_do_not_use_up_the_slots(void)
{
	struct rig r;
	struct runner runner;
	rig_open(&r);
	struct worker worker = { .rig = &r, .process = rig_process(&r) };
	start(&runner, &r);
	for (unsigned i = 0; i < SHORT_THREADS; i++) {
		CHECK(pthread_create(&worker.thread, NULL, live_shortly, &worker) == 0, "thread");
		pthread_join(worker.thread, NULL);
	}
	stop(&runner);
	CHECK(r.writer->allocs == SHORT_THREADS * SHORT_EVENTS, "%llu events",
	      (unsigned long long)r.writer->allocs);
	CHECK(r.writer->thread_count == SHORT_THREADS, "threads");
	CHECK(r.collector.slots.count < SESSION_MAX_RINGS / 2, "%u slots were used",
	      r.collector.slots.count);
	rig_close(&r);
}

/* ---- processes that are killed ---- */

/* Allocates until it is killed; counts what it has published. */
static _Noreturn void work_until_killed(struct rig *r, uint64_t *published)
{
	uint32_t process = producer_process(&r->session, (uint32_t)getpid(), PROCESS_FROM_EXEC,
					    UINT32_MAX);
	struct producer p = rig_producer(r, process);
	for (;;) {
		struct block_name block = producer_alloc(&p, 1, NODE_ROOT);
		at_store_release(published, *published + 1);
		if (*published % 2)
			producer_free(&p, block, NODE_ROOT);
	}
}

static void killed_processes_lose_nothing(void)
{
	struct rig r;
	struct runner runner;
	struct rng rng = { seed };
	uint64_t sum = 0;
	rig_open(&r);
	uint64_t *published = mmap(NULL, KILLS * sizeof(*published), PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (unsigned i = 0; i < KILLS; i++) {
		pid_t pid = fork();
		CHECK(pid >= 0, "fork");
		if (pid == 0)
			work_until_killed(&r, &published[i]);
		start(&runner, &r);
		while (at_load_acquire(&published[i]) < 1 + rng_below(&rng, 20000))
			;
		kill(pid, SIGKILL);
		CHECK(waitpid(pid, NULL, 0) == pid, "wait");
		stop(&runner);
		processes_note_end_of_pid(&r.collector.processes, (uint32_t)pid, SIGKILL);
		collector_pass(&r.collector);
		sum += published[i];
		CHECK(r.writer->allocs >= sum && r.writer->allocs <= sum + i + 1,
		      "%llu recorded, %llu published", (unsigned long long)r.writer->allocs,
		      (unsigned long long)sum);
		sum = r.writer->allocs; /* it may have died between publishing and counting */
	}
	CHECK(r.collector.slots.count == 1, "the slot was used again");
	CHECK(r.writer->process_ends == KILLS && r.writer->losses[TRACE_LOSS_DAMAGED] == 0, "ends");
	munmap(published, KILLS * sizeof(*published));
	rig_close(&r);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		seed = strtoull(argv[1], NULL, 10);
	blocks_travel_between_threads();
	short_threads_do_not_use_up_the_slots();
	killed_processes_lose_nothing();
	return 0;
}
