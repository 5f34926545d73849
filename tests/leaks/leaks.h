/* leaks.h - what the programs share that leak on purpose.
 *
 *   program CASE        loses blocks, as expected.py says
 *   program CASE right  does the same rightly: nothing is lost
 *
 * Every block of interest is made in a function whose name begins with make_: by it the expectation
 * names the block, whatever library function is between. A program prints nothing: that would make
 * blocks, too. Built with -fno-builtin and without tail calls. */
#ifndef LEAKS_H
#define LEAKS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define APART __attribute__((noinline))
/* The variable is in memory, as it should be. */
#define KEEP(variable) __asm__ volatile("" : : "r"(&(variable)) : "memory")

struct leak_case {
	const char *name;
	void (*run)(bool right);
};

/* The same pointer for who knows how it is stored, and none for who looks through memory. */
__attribute__((unused)) static APART uintptr_t hidden(void *pointer)
{
	return ~(uintptr_t)pointer;
}

__attribute__((unused)) static void *unhidden(uintptr_t word)
{
	return (void *)~word;
}

/* What calls have left below the caller's stack pointer is gone, and what they have left in
 * registers: the dynamic linker, and handlers of signals, put all of those on the stack. */
__attribute__((unused)) static APART void scrub(void)
{
	__asm__ volatile(
		"xor %%eax, %%eax; xor %%ecx, %%ecx; xor %%edx, %%edx; xor %%esi, %%esi;"
		"xor %%edi, %%edi; xor %%r8d, %%r8d; xor %%r9d, %%r9d; xor %%r10d, %%r10d;"
		"xor %%r11d, %%r11d; pxor %%xmm0, %%xmm0; pxor %%xmm1, %%xmm1; pxor %%xmm2, %%xmm2;"
		"pxor %%xmm3, %%xmm3; pxor %%xmm4, %%xmm4; pxor %%xmm5, %%xmm5; pxor %%xmm6, "
		"%%xmm6;"
		"pxor %%xmm7, %%xmm7"
		:
		:
		: "rax", "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11", "xmm0", "xmm1",
		  "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
	char words[48 << 10];
	memset(words, 0, sizeof words);
	__asm__ volatile("" : : "r"(words) : "memory");
}

__attribute__((unused)) static int leaks_main(int argc, char **argv, const struct leak_case *cases)
{
	bool right = argc > 2 && strcmp(argv[2], "right") == 0;
	for (; argc > 1 && cases->name; cases++) {
		if (strcmp(cases->name, argv[1]) == 0) {
			cases->run(right);
			scrub();
			return 0;
		}
	}
	fprintf(stderr, "no such case\n");
	return 98;
}

#endif
