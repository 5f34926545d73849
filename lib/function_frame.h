/* function_frame.h - functions in assembly that make a frame, as compilers do: the head and the foot.
 *
 * x86-64. Between the head and FRAME_ENDS what is pushed has to be popped; the stack is aligned to 16
 * bytes after the head. Visible as libc's functions are, unless `.hidden` stands before. */
#ifndef ALLOCTRACE_LIB_FUNCTION_FRAME_H
#define ALLOCTRACE_LIB_FUNCTION_FRAME_H

/* clang-format off */
#define FUNCTION_WITH_FRAME(name) \
	".pushsection .text\n" \
	".p2align 4\n" \
	".globl " name "\n" \
	".type " name ", @function\n" \
	name ":\n\t" \
	".cfi_startproc\n\t" \
	"endbr64\n\t" \
	"push %rbp\n\t" \
	".cfi_def_cfa_offset 16\n\t" \
	".cfi_offset %rbp, -16\n\t" \
	"mov %rsp, %rbp\n\t" \
	".cfi_def_cfa_register %rbp\n\t" \
	"and $-16, %rsp\n\t" /* the caller may have misaligned it */
#define FRAME_ENDS \
	"leave\n\t" \
	".cfi_def_cfa %rsp, 8\n\t"
/* What a call hands to a function (%rax: to a variadic one), and the point that a hook is for. */
#define PUSH_ARGUMENTS \
	"push %rdi\n\t" \
	"push %rsi\n\t" \
	"push %rdx\n\t" \
	"push %rcx\n\t" \
	"push %r8\n\t" \
	"push %r9\n\t" \
	"push %rax\n\t" \
	"push %r11\n\t"
#define POP_ARGUMENTS \
	"pop %r11\n\t" \
	"pop %rax\n\t" \
	"pop %r9\n\t" \
	"pop %r8\n\t" \
	"pop %rcx\n\t" \
	"pop %rdx\n\t" \
	"pop %rsi\n\t" \
	"pop %rdi\n\t"
#define GO_ON_TO_POINT \
	"notrack jmp *(%r11)\n\t" /* struct point begins with the function */
#define FUNCTION_ENDS(name) \
	".cfi_endproc\n\t" \
	".size " name ", . - " name "\n\t" \
	".popsection\n"
/* clang-format on */

#endif
