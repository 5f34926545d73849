/* signal-glibc.c - handlers that allocate while main computes: allowed with any allocator.
 *
 * Main hands the signals a window without any call; the handler's stack must run through the
 * signal frame into main, also on an alternate stack (first on a malloc'd, then an mmap'd one). */
#define _GNU_SOURCE
#include <signal.h>
#include <sys/mman.h>
#include <sys/time.h>

#include "expect.h"

enum { SIGNALS = 300, STACK_BYTES = 256 * 1024 };
static volatile sig_atomic_t signals;
static volatile unsigned long sum;

static void NOINLINE handler(int number)
{
	(void)number;
	if (signals < SIGNALS) {
		free(keep(malloc(39019)));
		signals = signals + 1;
	}
}

static void NOINLINE compute(void)
{
	while (signals < SIGNALS)
		for (int i = 0; i < 1000; i++)
			sum += (unsigned long)i * sum + 1;
}

static void round_of_signals(int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = SA_RESTART | flags };
	const struct itimerval often = { { 0, 100 }, { 0, 100 } }, never = { { 0, 0 }, { 0, 0 } };
	signals = 0;
	CHECK(sigaction(SIGALRM, &action, NULL) == 0);
	CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
	compute();
	CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
}

static void use_stack(void *p)
{
	stack_t stack = { .ss_sp = p, .ss_size = STACK_BYTES };
	CHECK(sigaltstack(&stack, NULL) == 0);
}

int main(void)
{
	round_of_signals(0);
	void *mapped = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
	CHECK(mapped != MAP_FAILED);
	use_stack(mapped);
	round_of_signals(SA_ONSTACK);
	void *allocated = keep(malloc(STACK_BYTES));
	use_stack(allocated);
	round_of_signals(SA_ONSTACK);
	raise(SIGALRM);
	const stack_t none = { .ss_flags = SS_DISABLE };
	CHECK(sigaltstack(&none, NULL) == 0);
	free(allocated);
	munmap(mapped, STACK_BYTES);
	expect("size=39019 allocs=%d frees=%d threads=1 frames=handler,compute,round_of_signals,main",
	       3 * SIGNALS, 3 * SIGNALS);
	return 0;
}
