/* shrunk-stack.c - a coroutine's stack is unmapped but for its lower part, and the next coroutine
 * starts at the new end, with no return address behind it: nothing there may be read. */
#define _GNU_SOURCE
#include <sys/mman.h>

#include "expect.h"

enum { BIG_BYTES = 1 << 20, SMALL_BYTES = 32768, ROUNDS = 10 };

__attribute__((used)) static void *own_stack;

__attribute__((naked, noinline)) static void run_on(void *top, void (*entry)(void))
{
	(void)top;
	(void)entry;
	__asm__("pushq %rbp\n\tpushq %rbx\n\tpushq %r12\n\tpushq %r13\n\tpushq %r14\n\tpushq %r15\n\t"
		"movq %rsp, own_stack(%rip)\n\tmovq %rdi, %rsp\n\txorl %ebp, %ebp\n\tjmp *%rsi");
}

__attribute__((naked, noinline, noreturn)) static void go_back(void)
{
	__asm__("movq own_stack(%rip), %rsp\n\t"
		"popq %r15\n\tpopq %r14\n\tpopq %r13\n\tpopq %r12\n\tpopq %rbx\n\tpopq %rbp\n\tret");
}

static void NOINLINE work(void)
{
	free(keep(malloc(52249)));
	KEEP_FRAME();
}

static void entry(void)
{
	work();
	go_back();
}

int main(void)
{
	char *stack = mmap(NULL, BIG_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	/* Something else must not lie right behind, or there is nothing to fall over. */
	CHECK(stack != MAP_FAILED);
	for (int i = 0; i < ROUNDS; i++)
		run_on(stack + BIG_BYTES / 2, entry);
	CHECK(munmap(stack + SMALL_BYTES, BIG_BYTES - SMALL_BYTES) == 0);
	for (int i = 0; i < ROUNDS; i++)
		run_on(stack + SMALL_BYTES, entry);
	expect("size=52249 allocs=20 frees=20 frames=work,entry");
	return 0;
}
