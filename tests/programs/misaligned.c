/* misaligned.c - a program that breaks the ABI: it calls the allocator with a stack that is not
 * aligned to 16 bytes, as hand-written assembly and some compilers' output does. glibc's allocator
 * does not mind. */
#define _GNU_SOURCE
#include <malloc.h>
#include <pthread.h>

#include "expect.h"

enum { ROUNDS = 1000 };

/* Calls f(a, b, c) so. */
void *call_misaligned(const void *f, size_t a, size_t b, size_t c);
__asm__(".globl call_misaligned\n\t"
	".type call_misaligned, @function\n"
	"call_misaligned:\n\t"
	".cfi_startproc\n\t"
	"subq $16, %rsp\n\t"
	".cfi_def_cfa_offset 24\n\t"
	"movq %rdi, %rax\n\t"
	"movq %rsi, %rdi\n\t"
	"movq %rdx, %rsi\n\t"
	"movq %rcx, %rdx\n\t"
	"call *%rax\n\t"
	"addq $16, %rsp\n\t"
	".cfi_def_cfa_offset 8\n\t"
	"ret\n\t"
	".cfi_endproc\n\t"
	".size call_misaligned, .-call_misaligned");

static void NOINLINE release(void *p)
{
	CHECK(malloc_usable_size(p) >= 50093);
	call_misaligned((const void *)free, (size_t)p, 0, 0);
	KEEP_FRAME();
}

static void NOINLINE allocate(int depth)
{
	const size_t size = 50093;
	void *p = NULL;
	if (depth > 0) {
		allocate(depth - 1);
		KEEP_FRAME();
		return;
	}
	p = call_misaligned((const void *)malloc, size, 0, 0);
	p = call_misaligned((const void *)realloc, (size_t)p, size, 0);
	release(call_misaligned((const void *)reallocarray, (size_t)p, 1, size));
	release(call_misaligned((const void *)calloc, 1, size, 0));
	release(call_misaligned((const void *)aligned_alloc, 64, size, 0));
	release(call_misaligned((const void *)memalign, 64, size, 0));
	release(call_misaligned((const void *)valloc, size, 0, 0));
	call_misaligned((const void *)posix_memalign, (size_t)&p, 64, size);
	release(p);
	KEEP_FRAME();
}

static void *thread(void *arg)
{
	if (arg)
		free(keep(malloc(1))); /* glibc does mind when it makes a thread's arena */
	for (int i = 0; i < ROUNDS; i++)
		allocate(i % 7);
	return arg;
}

int main(void)
{
	pthread_t t;
	thread(NULL);
	CHECK(pthread_create(&t, NULL, thread, (void *)1) == 0);
	CHECK(pthread_join(t, NULL) == 0);
	expect("size=50093 allocs=%d frees=%d threads=2 frames=call_misaligned,allocate,thread",
	       16 * ROUNDS, 16 * ROUNDS);
	return 0;
}
