/* shrunk-stack.c - a coroutine's stack is unmapped but for its lower part, and the next coroutine
 * starts at the new end. Its return address is no code, and rbp points to what was unmapped: a
 * walk by frame pointer must not go there. */
#define _GNU_SOURCE
#include <stdint.h>
#include <sys/mman.h>

#include "expect.h"

enum { BIG_BYTES = 1 << 20, SMALL_BYTES = 32768, ROUNDS = 10 };

__attribute__((used)) static void *own_stack;

__attribute__((naked, noinline)) static void run_on(void *top, void (*entry)(void), void *rbp)
{
	(void)top;
	(void)entry;
	(void)rbp;
	__asm__("pushq %rbp\n\tpushq %rbx\n\tpushq %r12\n\tpushq %r13\n\tpushq %r14\n\tpushq %r15\n\t"
		"movq %rsp, own_stack(%rip)\n\tmovq %rdi, %rsp\n\tmovq %rdx, %rbp\n\tjmp *%rsi");
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

static void run_at(char *end)
{
	uintptr_t *top = (uintptr_t *)end - 1;
	*top = 16;
	run_on(top, entry, end + 64);
}

int main(void)
{
	char *stack = mmap(NULL, BIG_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			   0);
	CHECK(stack != MAP_FAILED);
	for (int i = 0; i < ROUNDS; i++)
		run_at(stack + BIG_BYTES / 2);
	CHECK(munmap(stack + SMALL_BYTES, BIG_BYTES - SMALL_BYTES) == 0);
	for (int i = 0; i < ROUNDS; i++)
		run_at(stack + SMALL_BYTES);
	expect("size=52249 allocs=20 frees=20 frames=work,entry");
	return 0;
}
