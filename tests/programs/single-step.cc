// single-step.cc - takes a stack at every single instruction of what it runs.
//
// The trap flag makes the processor raise SIGTRAP after each instruction, and the handler asks
// tests/unwind-compare.so (when it is preloaded) to compare its two unwinders. So prologues,
// epilogues, PLT stubs, the lazy binder, exceptions on their way and libc's assembly are all
// unwound from the middle. Linked with lazy binding; without the preload it just ends with 0.
#include <csignal>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "expect.h"

extern "C" void unwind_compare_here(void) __attribute__((weak));

static volatile long steps;

static void handler(int)
{
	steps = steps + 1;
	if (unwind_compare_here)
		unwind_compare_here();
}

static inline __attribute__((always_inline)) void trap_flag(bool on)
{
	if (on)
		__asm__ volatile("lea -128(%%rsp), %%rsp\n\tpushfq\n\torl $0x100, (%%rsp)\n\tpopfq\n\t"
				 "lea 128(%%rsp), %%rsp" ::: "memory", "cc");
	else
		__asm__ volatile("lea -128(%%rsp), %%rsp\n\tpushfq\n\tandl $~0x100, (%%rsp)\n\tpopfq\n\t"
				 "lea 128(%%rsp), %%rsp" ::: "memory", "cc");
}

static NOINLINE int compare(const void *a, const void *b)
{
	return *static_cast<const int *>(a) - *static_cast<const int *>(b);
}

static NOINLINE void with_alloca(size_t n)
{
	char aligned[64] __attribute__((aligned(64)));
	char *room = static_cast<char *>(__builtin_alloca(n));
	memset(room, 1, n);
	__asm__ volatile("" ::"r"(room), "r"(aligned) : "memory");
}

static NOINLINE void library_calls()
{
	char text[200];
	snprintf(text, sizeof(text), "%d %s %.3f", 42, "forty-two", 42.0);
	int numbers[] = { 5, 3, 8, 1, 9, 2 };
	qsort(numbers, 6, sizeof(numbers[0]), compare);
	with_alloca(strlen(text) + 100);
	free(keep(calloc(3, 1000)));
	CHECK(strtol("123", nullptr, 10) == 123 && getenv("NO_SUCH_VARIABLE") == nullptr);
}

static NOINLINE void thrower(int depth)
{
	std::string held(50, 'x');
	if (depth == 0)
		throw std::runtime_error(held);
	thrower(depth - 1);
}

static NOINLINE void exceptions()
{
	try {
		thrower(2);
	} catch (const std::exception &e) {
		std::vector<int> caught(strlen(e.what()));
		CHECK(caught.size() == 50);
	}
}

static NOINLINE void stepped(void (*body)())
{
	trap_flag(true);
	body();
	trap_flag(false);
}

int main()
{
	struct sigaction action = {};
	action.sa_handler = handler;
	action.sa_flags = SA_NODEFER;
	CHECK(sigaction(SIGTRAP, &action, nullptr) == 0);
	stepped(library_calls);
	stepped(exceptions);
	CHECK(steps > 5000);
	return 0;
}
