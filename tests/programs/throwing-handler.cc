// throwing-handler.cc - a signal handler on a stack of its own that comes in while the allocator is
// at work (tests/bump.so raises the signal in malloc(50033)), and whose operator new throws. What
// the allocator calls afterwards for itself (calloc(1, 50047)) is still no block of the program's.
#include <csignal>
#include <cstdlib>
#include <new>

#include "expect.h"
#include "own-stack.h"

enum { ROUNDS = 50 };
static const volatile size_t impossible = (size_t)1 << 60;
static volatile int caught;

static void on_signal(int)
{
	try {
		keep(::operator new(impossible));
	} catch (std::bad_alloc &) {
		caught = caught + 1;
	}
}

static NOINLINE void once()
{
	free(keep(malloc(50033)));
	KEEP_FRAME();
}

int main()
{
	handle_on_own_stack(SIGUSR1, on_signal);
	for (int i = 0; i < ROUNDS; i++)
		once();
	CHECK(caught == ROUNDS);
	expect("size=50033 allocs=%d frees=%d frames=once,main", ROUNDS, ROUNDS);
	expect("size=50047 allocs=0");
	return 0;
}
