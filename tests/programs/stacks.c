/* stacks.c - known call chains through code without frame pointers: every frame must be there. */
#include <alloca.h>

#include "expect.h"

static void *NOINLINE innermost(size_t bytes)
{
	void *p = keep(malloc(bytes));
	KEEP_FRAME();
	return p;
}

/* A frame of unknown size: rbp is needed to find the caller. */
static void *NOINLINE with_alloca(size_t bytes)
{
	volatile char *room = alloca(bytes % 1000 + 16);
	room[0] = 1;
	void *p = innermost(bytes);
	room[1] = 2;
	return p;
}

/* Aligned more than the ABI gives: the stack pointer is masked. */
static void *NOINLINE with_alignment(size_t bytes)
{
	char aligned[256] __attribute__((aligned(128)));
	__asm__ volatile("" ::"r"(aligned) : "memory");
	void *p = with_alloca(bytes);
	__asm__ volatile("" ::"r"(aligned) : "memory");
	return p;
}

/* Many values alive over the call: every callee-saved register is pushed. */
static void *NOINLINE with_registers(size_t bytes, long a, long b, long c, long d)
{
	long e = a * b, f = b * c, g = c * d, h = a * d;
	void *p = with_alignment(bytes);
	__asm__ volatile("" ::"r"(a), "r"(b), "r"(c), "r"(d), "r"(e + f), "r"(g + h));
	return p;
}

static int NOINLINE compare(const void *a, const void *b)
{
	free(innermost(56009));
	return *(const int *)a - *(const int *)b;
}

static void *volatile made;

int main(void)
{
	for (int i = 0; i < 100; i++) {
		made = with_registers(56003, i, 2, 3, 4);
		free(made);
	}
	int sorted[2] = { 2, 1 };
	qsort(sorted, 2, sizeof(sorted[0]), compare);
	expect("size=56003 allocs=100 frees=100 "
	       "callers=innermost,with_alloca,with_alignment,with_registers,main");
	expect("size=56009 allocs=1 frees=1 frames=innermost,compare,main");
	return 0;
}
