/* inline-shapes.S - functions whose first bytes are hard to move, or must not be; for
 * tests/lib/inline-patch.c, which has what is expected of each. long f(long a, long b). */

.macro function name, align=4
	.p2align \align
	.globl \name
	.type \name, @function
\name:
	.cfi_startproc
.endm
.macro done name
	.cfi_endproc
	.size \name, . - \name
.endm
/* Ends a group that has no padding inside: nothing within reach may be padding. */
.macro wall
	.p2align 4
	.fill 160, 1, 0x06	/* no instruction */
.endm

	.data
	.p2align 3
shape_data:
	.quad 40
shape_flag:
	.byte 0
	.p2align 3
shape_pointer:
	.quad shape_helper
	.globl shape_callback
shape_callback:
	.quad 0

	.text
/* Calls back, for a look at the stack; returns 2a. */
function shape_helper
	push %rdi
	.cfi_adjust_cfa_offset 8
	mov shape_callback(%rip), %rax
	test %rax, %rax
	je 1f
	call *%rax
1:	pop %rdi
	.cfi_adjust_cfa_offset -8
	lea (%rdi,%rdi), %rax
	ret
done shape_helper

/* ---- plain ---- */
function shape_marked
	endbr64
	lea 1(%rdi,%rsi), %rax
	ret
done shape_marked

function shape_marked_short
	endbr64
	mov %edi, %eax
	ret
done shape_marked_short

function shape_pushes
	push %rbx
	.cfi_adjust_cfa_offset 8
	push %r12
	.cfi_adjust_cfa_offset 8
	push %rbp
	.cfi_adjust_cfa_offset 8
	push %r13
	.cfi_adjust_cfa_offset 8
	mov %rdi, %rbx
	lea (%rbx,%rsi,2), %rax
	pop %r13
	.cfi_adjust_cfa_offset -8
	pop %rbp
	.cfi_adjust_cfa_offset -8
	pop %r12
	.cfi_adjust_cfa_offset -8
	pop %rbx
	.cfi_adjust_cfa_offset -8
	ret
done shape_pushes

function shape_thread_local
	mov %fs:0, %rax
	sub %fs:0, %rax
	add %rdi, %rax
	ret
done shape_thread_local

function shape_long_immediate
	movabs $0x123456789abcdef0, %rax
	xor %rdi, %rax
	ret
done shape_long_immediate

function shape_patchable
	nop
	nop
	nop
	nop
	nop
	lea (%rdi,%rsi,4), %rax
	ret
done shape_patchable

/* ---- registers ---- */
function shape_changes_result
	lea (%rdi,%rsi), %rax
	nop
	ret
done shape_changes_result

function shape_changes_nothing
	nop
	nop
	nop
	nop
	nop
	ret
done shape_changes_nothing

/* Calls the function a with b as both arguments; returns how many registers it has changed. */
function shape_count_changed
	push %rbx
	push %r12
	push %r13
	mov %rdi, %rbx
	mov %rsi, %r12
	mov %r12, %rdi
	.irp r, rax, rcx, rdx, r8, r9, r10, r11
	lea (%r12,%r12,2), %\r
	.endr
	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	movq %r12, %xmm\n
	pshufd $0x44, %xmm\n, %xmm\n
	.endr
	call *%rbx
	xor %r13d, %r13d
	cmp %r12, %rdi
	setne %r13b
	.irp r, rsi
	cmp %r12, %\r
	setne %bl
	movzbl %bl, %ebx
	add %rbx, %r13
	.endr
	lea (%r12,%r12,2), %rsi
	.irp r, rax, rcx, rdx, r8, r9, r10, r11
	cmp %rsi, %\r
	setne %bl
	movzbl %bl, %ebx
	add %rbx, %r13
	.endr
	.irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15
	movhlps %xmm\n, %xmm\n
	movq %xmm\n, %rdi
	cmp %r12, %rdi
	setne %bl
	movzbl %bl, %ebx
	add %rbx, %r13
	.endr
	mov %r13, %rax
	pop %r13
	pop %r12
	pop %rbx
	ret
done shape_count_changed

/* ---- relative to the instruction pointer ---- */
function shape_load
	mov shape_data(%rip), %rax
	add %rdi, %rax
	ret
done shape_load

function shape_address
	lea shape_address(%rip), %rax
	lea shape_data(%rip), %rdx
	sub %rdx, %rax
	ret
done shape_address

function shape_store_immediate
	movl $0x11223344, shape_data+4(%rip)
	mov shape_data+4(%rip), %eax
	movl $0, shape_data+4(%rip)
	ret
done shape_store_immediate

function shape_compare_byte
	cmpb $0, shape_flag(%rip)
	jne 1f
	mov %rdi, %rax
	ret
1:	mov %rsi, %rax
	ret
done shape_compare_byte

function shape_vector
	movq shape_data(%rip), %xmm0
	movq %rdi, %xmm1
	paddq %xmm1, %xmm0
	movq %xmm0, %rax
	ret
done shape_vector

/* ---- jumps ---- */
function shape_jcc_short
	test %rdi, %rdi
	je 1f
	mov %rdi, %rax
	ret
1:	mov %rsi, %rax
	ret
done shape_jcc_short

function shape_jcc_first
	jmp 2f
1:	mov %rsi, %rax
	ret
2:	test %rdi, %rdi
	js 1b
	mov %rdi, %rax
	ret
done shape_jcc_first

function shape_jcc_near
	test %rdi, %rdi
	{disp32} jne 1f
	mov $7, %eax
	ret
1:	lea 3(%rdi), %rax
	ret
done shape_jcc_near

function shape_jcc_two
	test %edi, %edi
	je 1f
	js 2f
	mov $1, %eax
	ret
1:	mov $2, %eax
	ret
2:	mov $3, %eax
	ret
done shape_jcc_two

function shape_jrcxz
	mov %rdi, %rcx
	jrcxz 1f
	mov $1, %eax
	ret
1:	mov $2, %eax
	ret
done shape_jrcxz

function shape_jecxz
	mov %edi, %ecx
	jecxz 1f
	mov $1, %eax
	ret
1:	mov $2, %eax
	ret
done shape_jecxz

function shape_loop
	mov %rdi, %rcx
	loop 1f
	mov $1, %eax
	ret
1:	mov %rcx, %rax
	ret
done shape_loop

/* A loop inside of what moves. */
function shape_inner_loop
1:	dec %dil
	jnz 1b
	mov %rsi, %rax
	ret
done shape_inner_loop

function shape_inner_skip
	mov %esi, %eax
	jmp 1f
	nop
1:	add %edi, %eax
	ret
done shape_inner_skip

function shape_bnd_jump
	bnd jmp 1f
	nop
1:	lea 9(%rdi), %rax
	ret
done shape_bnd_jump

/* ---- stubs ---- */
function shape_stub
	{disp32} jmp shape_helper
done shape_stub

function shape_stub_short
	jmp 1f
done shape_stub_short
function shape_stub_short_target
1:	lea 5(%rdi,%rsi), %rax
	ret
done shape_stub_short_target

function shape_stub_memory
	jmp *shape_pointer(%rip)
done shape_stub_memory

function shape_stub_notrack
	lea shape_helper(%rip), %rax
	notrack jmp *%rax
done shape_stub_notrack

/* ---- calls ---- */
function shape_call
	sub $8, %rsp
	.cfi_adjust_cfa_offset 8
	call shape_helper
	add $8, %rsp
	.cfi_adjust_cfa_offset -8
	inc %rax
	ret
done shape_call

function shape_call_memory
	push %rbx
	.cfi_adjust_cfa_offset 8
	call *shape_pointer(%rip)
	pop %rbx
	.cfi_adjust_cfa_offset -8
	add $3, %rax
	ret
done shape_call_memory

/* The call ends what a short jump displaces; the longer one would end behind it. */
function shape_call_register
	push %rax
	.cfi_adjust_cfa_offset 8
	call *%rsi
	pop %rdx
	.cfi_adjust_cfa_offset -8
	ret
done shape_call_register

function shape_call_next
	call 1f
1:	pop %rax
	lea shape_call_next(%rip), %rdx
	sub %rdx, %rax
	ret
done shape_call_next

function shape_call_stack
	call *8(%rsp)
	ret
done shape_call_stack

function shape_call_itself
	test %rdi, %rdi
	jle 1f
	push %rdi
	.cfi_adjust_cfa_offset 8
	dec %rdi
	call shape_call_itself
	pop %rdi
	.cfi_adjust_cfa_offset -8
	add %rdi, %rax
	ret
1:	mov %rsi, %rax
	ret
done shape_call_itself

function shape_call_last
	push %rax
	.cfi_adjust_cfa_offset 8
	mov %esi, %edi
	call shape_never
	.cfi_adjust_cfa_offset -8
done shape_call_last
function shape_never
	ud2
done shape_never

/* ---- short, and loops ---- */
function shape_short
	mov %edi, %eax
	ret
done shape_short

function shape_loop_back
	xor %eax, %eax
1:	add %rdi, %rax
	dec %sil
	jnz 1b
	ret
done shape_loop_back

wall
function shape_loop_back_packed, 0
	xor %eax, %eax
1:	add %rdi, %rax
	dec %sil
	jnz 1b
	ret
done shape_loop_back_packed
function shape_short_packed, 0
	mov %edi, %eax
	ret
done shape_short_packed
function shape_call_packed, 0
	push %rax
	.cfi_adjust_cfa_offset 8
	call *%rsi
	pop %rdx
	.cfi_adjust_cfa_offset -8
	ret
done shape_call_packed
function shape_single, 0
	ret
done shape_single
function shape_single_2, 0
	ret
done shape_single_2
wall

/* Two that share the padding behind them: it serves one. */
	.p2align 4
function shape_twin_1, 0
	mov %edi, %eax
	ret
done shape_twin_1
function shape_twin_2, 0
	mov %esi, %eax
	ret
done shape_twin_2
	.fill 8, 1, 0x90
function shape_twin_end, 0
	.fill 64, 1, 0x90
	ret
done shape_twin_end
wall

function shape_loop_to_entry
	add %rdi, %rsi
	mov %rsi, %rax
	dec %dil
	jnz shape_loop_to_entry
	ret
done shape_loop_to_entry

function shape_runs_on
	mov %rdi, %rax
done shape_runs_on
	.p2align 4
function shape_runs_on_2
	add %rsi, %rax
	ret
	.fill 12, 1, 0x90
done shape_runs_on_2
wall

/* ---- what else leads into the first bytes ---- */
function shape_other_entry
	nop
	.globl shape_second_entry
	.type shape_second_entry, @function
shape_second_entry:
	mov %rdi, %rax
	add %rsi, %rax
	ret
	.size shape_second_entry, . - shape_second_entry
done shape_other_entry
wall

/* The jump of a switch leads to the second instruction. */
function shape_switch
	mov %esi, %eax
1:	add %edi, %eax
	cmp $100, %eax
	ja 2f
	lea 3f(%rip), %rdx
	mov %eax, %ecx
	and $1, %ecx
	movslq (%rdx,%rcx,4), %rcx
	add %rdx, %rcx
	jmp *%rcx
2:	ret
done shape_switch
	.section .rodata
	.p2align 2
3:	.long 2b - 3b, 1b - 3b
	.text
wall

/* What follows jumps to its second instruction, with a short jump. */
function shape_near, 0
	mov %esi, %eax
1:	add %edi, %eax
	ret
done shape_near
function shape_near_part, 0
	mov %edi, %eax
	jmp 1b
done shape_near_part
	.fill 48, 1, 0x06
	wall

/* A part of it in another section jumps to its second instruction. */
function shape_cold
	mov %esi, %eax
1:	add %edi, %eax
	js shape_cold_part
	ret
done shape_cold
	.section .text.unlikely, "ax", @progbits
	.type shape_cold_part, @function
shape_cold_part:
	xor %edi, %edi
	and $0x7fffffff, %eax
	{disp32} jmp 1b
	.size shape_cold_part, . - shape_cold_part
	.text
wall

/* ---- what cannot be moved, or is no function ---- */
function shape_transaction
	xbegin 1f
	xend
1:	mov %edi, %eax
	ret
done shape_transaction

function shape_breakpoint
	int3
	mov %rdi, %rax
	ret
done shape_breakpoint

function shape_bad
	mov %rdi, %rax
	test %rax, %rax
	je 1f
	ret
	.byte 0x06
1:	ret
done shape_bad

	.p2align 4
	.globl shape_unknown_length
	.type shape_unknown_length, @function
shape_unknown_length:
	lea (%rdi,%rsi), %rax
	ret

	.p2align 4
	.globl shape_chosen
	.type shape_chosen, @gnu_indirect_function
shape_chosen:
	lea shape_marked(%rip), %rax
	ret
	.size shape_chosen, . - shape_chosen

/* ---- places ---- */
	.p2align 4
	nop
	nop
	nop
	nop
	nop
function shape_across_words, 0
	mov $0x1234, %eax
	add %edi, %eax
	ret
done shape_across_words

	.p2align 4
	nop
	nop
	nop
	nop
	nop
	nop
	nop
function shape_across_head, 0
	mov $0x1234, %eax
	add %esi, %eax
	ret
done shape_across_head

	.section .note.GNU-stack, "", @progbits
