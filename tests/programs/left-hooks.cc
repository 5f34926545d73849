// left-hooks.cc - hooks that are left by longjmp: out of a new_handler, and out of the handler of
// a stack overflow, which as often as not happens inside malloc or the runtime. What is allocated
// afterwards, further down than the hook was, has to be recorded as before.
#include <csetjmp>
#include <csignal>
#include <cstdlib>
#include <new>
#include <sys/resource.h>

#include "expect.h"
#include "own-stack.h"

static sigjmp_buf back;
static volatile size_t impossible = (size_t)1 << 60;
static volatile int overflows;

static void leave()
{
	siglongjmp(back, 1);
}

static void on_overflow(int)
{
	overflows = overflows + 1;
	siglongjmp(back, 1);
}

static NOINLINE int deep(int depth, size_t size)
{
	volatile char frame[256];
	frame[0] = (char)depth;
	if (depth > 0)
		return deep(depth - 1, size) + frame[0];
	free(keep(malloc(size)));
	return frame[0];
}

static NOINLINE int overflow(int depth)
{
	volatile char frame[64];
	frame[0] = (char)depth;
	free(keep(malloc(24)));
	return overflows < 0 ? 0 : overflow(depth + 1) + frame[0];
}

static void leave_new_handler()
{
	std::set_new_handler(leave);
	for (volatile int i = 0; i < 20; i = i + 1) {
		if (sigsetjmp(back, 1) == 0)
			keep(::operator new(impossible));
		for (int k = 0; k < 100; k++)
			deep(5, 52223);
	}
	std::set_new_handler(nullptr);
}

static void leave_stack_overflow()
{
	handle_on_own_stack(SIGSEGV, on_overflow);
	for (volatile int i = 0; i < 40; i = i + 1) {
		if (sigsetjmp(back, 1) == 0)
			overflow(0);
		for (int k = 0; k < 100; k++)
			deep(5 + i, 52237);
	}
	CHECK(overflows == 40);
}

int main(int, char **argv)
{
	// The stack's limit counts from the start of a program.
	struct rlimit limit;
	CHECK(getrlimit(RLIMIT_STACK, &limit) == 0);
	if (limit.rlim_cur != 256 * 1024) {
		limit.rlim_cur = 256 * 1024;
		CHECK(setrlimit(RLIMIT_STACK, &limit) == 0);
		execv("/proc/self/exe", argv);
		_exit(98);
	}
	leave_new_handler();
	leave_stack_overflow();
	expect("size=52223 allocs=2000 frees=2000");
	expect("size=52237 allocs=4000 frees=4000");
	return 0;
}
