/* thread_registers.c - see thread_registers.h. */
#include "inject/thread_registers.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include "base/compiler.h"
#include "inject/stop_threads.h"

enum {
	ERESTARTNOHAND = 514, /* the kernel's own: to user space only through a tracer */
	/* XSAVE's standard layout, which ptrace gives. */
	XSTATE_XMM = 160,
	XSTATE_COMPONENTS = 512,
	XSTATE_YMM_HIGH = 576,
	XSTATE_HAS_YMM = 4,
	XSTATE_ROOM = 16384, /* with AMX some 11 KB */
	VECTOR_BYTES = 256,  /* 16 registers, 16 bytes each: xmm, or the high halves of ymm */
};

_Static_assert(STOPPED_VECTOR_WORDS * 8 == 2 * VECTOR_BYTES, "both halves have their place");

bool thread_registers_get(pid_t tid, struct user_regs_struct *out)
{
	struct iovec io = { out, sizeof(*out) };
	return ptrace(PTRACE_GETREGSET, tid, (void *)NT_PRSTATUS, &io) == 0 &&
	       io.iov_len == sizeof(*out); /* shorter: a 32-bit program */
}

bool thread_registers_set(pid_t tid, const struct user_regs_struct *regs)
{
	struct user_regs_struct copy = *regs;
	struct iovec io = { &copy, sizeof(copy) };
	return ptrace(PTRACE_SETREGSET, tid, (void *)NT_PRSTATUS, &io) == 0;
}

/* Those which signal(7) has fail with EINTR after a stop, and others whose code in the kernel does
 * the same; of sockets, with a timeout set, all that wait. close() never: it has done its work. */
static bool ends_by_any_stop(uint64_t number)
{
	static const uint16_t numbers[] = {
		SYS_epoll_wait,	    SYS_epoll_pwait,	 SYS_epoll_pwait2, SYS_semop,
		SYS_semtimedop,	    SYS_rt_sigtimedwait, SYS_io_getevents, SYS_io_pgetevents,
		SYS_io_uring_enter, SYS_msgrcv,		 SYS_msgsnd,	   SYS_accept,
		SYS_accept4,	    SYS_connect,	 SYS_recvfrom,	   SYS_recvmsg,
		SYS_recvmmsg,	    SYS_sendto,		 SYS_sendmsg,	   SYS_sendmmsg,
		SYS_read,	    SYS_readv,		 SYS_write,	   SYS_writev,
	};
	for (size_t i = 0; i < AT_COUNT_OF(numbers); i++)
		if (number == numbers[i])
			return true;
	return false;
}

void thread_registers_repeat_call(pid_t tid, struct user_regs_struct *regs)
{
	if ((int64_t)regs->orig_rax < 0 || (int64_t)regs->rax != -EINTR ||
	    !ends_by_any_stop(regs->orig_rax))
		return;
	/* As poll() does it: EINTR if a handler is to run now, else the call again. The kernel
	 * decides when the thread goes on, so no signal can come in between. */
	struct user_regs_struct again = *regs;
	again.rax = (uint64_t)-ERESTARTNOHAND;
	if (thread_registers_set(tid, &again))
		*regs = again;
}

static void copy_vectors(pid_t tid, struct stopped_thread *out)
{
	_Alignas(64) uint8_t state[XSTATE_ROOM];
	struct iovec io = { state, sizeof(state) };
	uint64_t components = 0;
	if (ptrace(PTRACE_GETREGSET, tid, (void *)NT_X86_XSTATE, &io) < 0 ||
	    io.iov_len < XSTATE_YMM_HIGH)
		return;
	memcpy(out->vectors, state + XSTATE_XMM, VECTOR_BYTES);
	out->vector_words = VECTOR_BYTES / 8;
	memcpy(&components, state + XSTATE_COMPONENTS, sizeof(components));
	if (!(components & XSTATE_HAS_YMM) || io.iov_len < XSTATE_YMM_HIGH + VECTOR_BYTES)
		return;
	memcpy(out->vectors + out->vector_words, state + XSTATE_YMM_HIGH, VECTOR_BYTES);
	out->vector_words += VECTOR_BYTES / 8;
}

void thread_registers_copy(pid_t tid, const struct user_regs_struct *regs,
			   struct stopped_thread *out)
{
	*out = (struct stopped_thread){
		.tid = tid,
		.pc = regs->rip,
		.sp = regs->rsp,
		.fs_base = regs->fs_base,
		.registers = { regs->rax, regs->rdx, regs->rcx, regs->rbx, regs->rsi, regs->rdi,
			       regs->rbp, regs->rsp, regs->r8, regs->r9, regs->r10, regs->r11,
			       regs->r12, regs->r13, regs->r14, regs->r15 },
	};
	copy_vectors(tid, out);
}

bool thread_registers_of_call(pid_t pid, pid_t tid, struct stopped_thread *out)
{
	char text[256];
	uint64_t a[6];
	*out = (struct stopped_thread){ .tid = tid, .is_partial = true };
	stop_thread_file(pid, tid, "syscall", text, sizeof(text));
	if (sscanf(text,
		   "%*d %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64 " %" SCNx64
		   " %" SCNx64 " %" SCNx64,
		   &a[0], &a[1], &a[2], &a[3], &a[4], &a[5], &out->sp, &out->pc) != 8)
		return false;
	/* rdi rsi rdx r10 r8 r9, rsp, in DWARF's order. */
	static const uint8_t places[] = { 5, 4, 1, 10, 8, 9 };
	for (size_t i = 0; i < AT_COUNT_OF(places); i++)
		out->registers[places[i]] = a[i];
	out->registers[7] = out->sp;
	return true;
}
