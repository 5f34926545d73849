/* left-runtime.c - threads that leave the runtime in the middle of its work and never come back, by
 * longjmp out of a signal handler or by asynchronous cancellation, while others go on.
 *
 * To be run with tests/bump.so preloaded, which may be left anywhere: what is left is then, most of
 * the time, the runtime. It may not keep a lock for ever, which would end in the test's time limit,
 * and what is allocated afterwards has to be recorded as ever. */
#define _GNU_SOURCE
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>

#include "expect.h"

enum { THREADS = 3, JUMPS = 6000, CANCELS = 400, AFTER = 1000, STARTS = 300, AFTER_START = 5 };

static __thread sigjmp_buf back;
static __thread volatile sig_atomic_t may_jump;
static volatile int stop;
static int jumps; /* of all threads */

static void on_signal(int number)
{
	(void)number;
	if (!may_jump)
		return;
	may_jump = 0;
	__atomic_fetch_add(&jumps, 1, __ATOMIC_RELAXED);
	siglongjmp(back, 1);
}

static void NOINLINE churn(int depth)
{
	if (depth > 0) {
		churn(depth - 1);
		KEEP_FRAME();
		return;
	}
	void *p = keep(malloc(24));
	void *q = keep(realloc(keep(malloc(100)), 3000));
	free(p);
	free(q);
	KEEP_FRAME();
}

static void NOINLINE after(void)
{
	for (int i = 0; i < AFTER; i++)
		free(keep(malloc(50021)));
	KEEP_FRAME();
}

static NOINLINE void jump_once(void)
{
	if (sigsetjmp(back, 1) == 0) {
		may_jump = 1;
		for (volatile int i = 0; i < 100; i = i + 1)
			churn(i % 5);
	}
	may_jump = 0;
}

static void *jumping_thread(void *arg)
{
	(void)arg;
	while (!stop)
		jump_once();
	after();
	return NULL;
}

static void jump(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	pthread_t threads[THREADS];
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, jumping_thread, NULL) == 0);
	for (unsigned i = 0; __atomic_load_n(&jumps, __ATOMIC_RELAXED) < JUMPS; i++)
		CHECK(pthread_kill(threads[i % THREADS], SIGUSR1) == 0);
	stop = 1;
	for (int i = 0; i < THREADS; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	after();
	expect("size=50021 allocs=%d frees=%d threads=%d frames=after role=malloc",
	       (THREADS + 1) * AFTER, (THREADS + 1) * AFTER, THREADS + 1);
}

static void *steady_thread(void *arg)
{
	(void)arg;
	while (!stop)
		churn(2);
	after();
	return NULL;
}

static void *cancelled_thread(void *arg)
{
	int *started = arg;
	pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
	for (;;) {
		churn(1);
		__atomic_store_n(started, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

static void cancel(void)
{
	pthread_t steady, t;
	CHECK(pthread_create(&steady, NULL, steady_thread, NULL) == 0);
	for (int i = 0; i < CANCELS; i++) {
		int started = 0;
		CHECK(pthread_create(&t, NULL, cancelled_thread, &started) == 0);
		while (!__atomic_load_n(&started, __ATOMIC_ACQUIRE))
			sched_yield();
		CHECK(pthread_cancel(t) == 0);
		CHECK(pthread_join(t, NULL) == 0);
	}
	stop = 1;
	CHECK(pthread_join(steady, NULL) == 0);
	after();
	expect("size=50021 allocs=%d frees=%d threads=2 frames=after", 2 * AFTER, 2 * AFTER);
}

/* Left in its first event, while its stack is being looked up. */
static void *starting_thread(void *arg)
{
	int *started = arg;
	if (sigsetjmp(back, 1) == 0) {
		may_jump = 1;
		__atomic_store_n(started, 1, __ATOMIC_RELEASE);
		for (;;)
			churn(2);
	}
	for (int i = 0; i < AFTER_START; i++)
		free(keep(malloc(50023)));
	return NULL;
}

static void start(void)
{
	struct sigaction action = { .sa_handler = on_signal };
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
	for (int i = 0; i < STARTS; i++) {
		pthread_t t;
		int started = 0;
		CHECK(pthread_create(&t, NULL, starting_thread, &started) == 0);
		while (!__atomic_load_n(&started, __ATOMIC_ACQUIRE))
			sched_yield();
		for (int n = 0; n < i % 20 * 200; n++)
			keep(NULL);
		CHECK(pthread_kill(t, SIGUSR1) == 0);
		CHECK(pthread_join(t, NULL) == 0);
	}
	expect("size=50023 allocs=%d frees=%d threads=%d", STARTS * AFTER_START,
	       STARTS * AFTER_START, STARTS);
}

int main(int argc, char **argv)
{
	CHECK(argc == 2);
	if (strcmp(argv[1], "jump") == 0)
		jump();
	else if (strcmp(argv[1], "start") == 0)
		start();
	else
		cancel();
	return 0;
}
