/* signal-storm.c - a timer signal every 50 us whose handler allocates, while main does the same.
 *
 * To be run with tests/bump.so preloaded, whose malloc may be interrupted anywhere: what is
 * interrupted is then, most of the time, the runtime. Handlers that come while the runtime records
 * are counted by it as nested and not recorded, so only what main does is exact; everything that
 * is recorded must be true. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <sys/time.h>

#include "expect.h"

enum { ROUNDS = 100000 };
static volatile sig_atomic_t signals;

static void NOINLINE handler(int number)
{
	int saved = errno;
	(void)number;
	void *p = keep(malloc(1019));
	if (!p)
		_exit(97);
	free(p);
	signals = signals + 1;
	errno = saved;
}

static void *NOINLINE work(int i)
{
	return keep(malloc(1031 + (size_t)(i % 2)));
}

int main(void)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART };
	const struct itimerval often = { { 0, 50 }, { 0, 50 } }, never = { { 0, 0 }, { 0, 0 } };
	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
	int i = 0;
	for (; i < ROUNDS || signals < 200; i++) {
		errno = 77;
		free(work(i));
		CHECK(errno == 77);
		if (i == ROUNDS * 50)
			CHECK(!"no signal came");
	}
	CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
	for (int j = 0; j < 10; j++)
		free(keep(malloc(1049)));
	expect("size=1049 allocs=10 frees=10 callers=main");
	expect("size=1031 frames=work,main max_depth=6");
	expect("size=1019 frames=handler,main");
	return 0;
}
