/* coroutines.c - makecontext coroutines that allocate on their own stacks, malloc'd and mmap'd. */
#define _GNU_SOURCE
#include <sys/mman.h>
#include <ucontext.h>

#include "expect.h"

enum { COROUTINES = 50, SWITCHES = 40, STACK_BYTES = 64 * 1024 };

static ucontext_t scheduler, contexts[COROUTINES];

static void NOINLINE allocate_deep(int depth, size_t bytes)
{
	if (depth > 0)
		allocate_deep(depth - 1, bytes);
	else
		free(keep(malloc(bytes)));
	KEEP_FRAME();
}

static void coroutine(int self)
{
	for (int i = 0; i < SWITCHES; i++) {
		allocate_deep((self + i) % 7, 40009);
		CHECK(swapcontext(&contexts[self], &scheduler) == 0);
	}
}

int main(void)
{
	void *stacks[COROUTINES];
	for (int i = 0; i < COROUTINES; i++) {
		stacks[i] = i % 2 ? malloc(STACK_BYTES) :
				    mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE,
					 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		CHECK(stacks[i] && stacks[i] != MAP_FAILED);
		CHECK(getcontext(&contexts[i]) == 0);
		contexts[i].uc_stack.ss_sp = stacks[i];
		contexts[i].uc_stack.ss_size = STACK_BYTES;
		contexts[i].uc_link = &scheduler;
		makecontext(&contexts[i], (void (*)(void))coroutine, 1, i);
	}
	for (int n = 0; n < SWITCHES + 1; n++) {
		for (int i = 0; i < COROUTINES; i++)
			CHECK(swapcontext(&scheduler, &contexts[i]) == 0);
		allocate_deep(n % 3, 40013);
	}
	for (int i = 0; i < COROUTINES; i++) {
		if (i % 2)
			free(stacks[i]);
		else
			munmap(stacks[i], STACK_BYTES);
	}
	expect("size=40009 allocs=%d frees=%d threads=1 frames=allocate_deep,coroutine max_depth=12",
	       COROUTINES * SWITCHES, COROUTINES * SWITCHES);
	expect("size=40013 allocs=%d frees=%d frames=allocate_deep,main", SWITCHES + 1,
	       SWITCHES + 1);
	return 0;
}
