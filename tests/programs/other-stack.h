/* other-stack.h - calls a function on a stack of its own, with call frame information that leads back: as
 * libraries do that grow the stack in pieces. For C and C++. */
#ifndef TESTS_OTHER_STACK_H
#define TESTS_OTHER_STACK_H

#include <sys/mman.h>

#include "expect.h"

#ifdef __cplusplus
extern "C" {
#endif
void call_on_stack(void (*f)(void *), void *arg, void *top);
#ifdef __cplusplus
}
#endif

__asm__(".text\n\t"
	".type call_on_stack, @function\n"
	"call_on_stack:\n\t"
	".cfi_startproc\n\t"
	"push %rbp\n\t"
	".cfi_def_cfa_offset 16\n\t"
	".cfi_offset rbp, -16\n\t"
	"mov %rsp, %rbp\n\t"
	".cfi_def_cfa_register rbp\n\t"
	"mov %rdx, %rsp\n\t"
	"mov %rdi, %rax\n\t"
	"mov %rsi, %rdi\n\t"
	"call *%rax\n\t"
	"mov %rbp, %rsp\n\t"
	"pop %rbp\n\t"
	".cfi_def_cfa rsp, 8\n\t"
	"ret\n\t"
	".cfi_endproc\n\t"
	".size call_on_stack, .-call_on_stack");

/* A stack that lies, if it can, lower than all heaps: they are then between its frames and their callers'. */
static inline void call_below_heaps(void (*f)(void *), void *arg)
{
	enum { BYTES = 262144 };
	char *stack = (char *)mmap((void *)0x10000000000, BYTES, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(stack != MAP_FAILED);
	call_on_stack(f, arg, stack + BYTES);
	munmap(stack, BYTES);
}

#endif
