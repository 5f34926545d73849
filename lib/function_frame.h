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
#define FUNCTION_ENDS(name) \
	".cfi_endproc\n\t" \
	".size " name ", . - " name "\n\t" \
	".popsection\n"
/* clang-format on */

#endif
