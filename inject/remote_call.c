/* remote_call.c - see remote_call.h. */
#include "inject/remote_call.h"

#include <elf.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/compiler.h"
#include "inject/stop_threads.h"
#include "inject/thread_registers.h"

enum {
	PAGE_BYTES = 4096,
	VDSO_PAGES_MAX = 4,
	USER_CODE_64 = 0x33, /* cs */
	SYSCALL_STOP = SIGTRAP | 0x80,
	EVENT_SHIFT = 8,
	REMOTE_OPTIONS = PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_TRACESYSGOOD,
};

/* Copying a very large process takes seconds. */
#define CALL_LIMIT_NS UINT64_C(60000000000)

static const uint8_t syscall_instruction[] = { 0x0f, 0x05 };

/* ---- beginning ---- */

static bool is_syscall_at(const struct process_memory *m, uint64_t at)
{
	uint8_t bytes[sizeof(syscall_instruction)];
	return process_memory_read(m, at, bytes, sizeof(bytes)) &&
	       memcmp(bytes, syscall_instruction, sizeof(bytes)) == 0;
}

/* The one that the thread stands behind, else one of the kernel's own in the vdso. 0: none. */
static uint64_t find_instruction(const struct process_memory *m, const struct user_regs_struct *r)
{
	uint8_t page[PAGE_BYTES];
	uint64_t behind = r->rip - sizeof(syscall_instruction);
	if ((int64_t)r->orig_rax >= 0 && is_syscall_at(m, behind))
		return behind;
	uint64_t vdso = process_memory_auxv(m, AT_SYSINFO_EHDR);
	for (int i = 0; vdso && i < VDSO_PAGES_MAX; i++, vdso += sizeof(page)) {
		if (!process_memory_read(m, vdso, page, sizeof(page)))
			break;
		const uint8_t *found = memmem(page, sizeof(page), syscall_instruction,
					      sizeof(syscall_instruction));
		if (found)
			return vdso + (uint64_t)(found - page);
	}
	return 0;
}

/* A thread that was interrupted in a restartable sequence has to begin it again; the kernel would
 * see to it when the thread goes on from there, and does not know where there is if it makes a call
 * of ours first. */
static void leave_sequence(const struct process_memory *m, pid_t tid, struct user_regs_struct *r)
{
	struct __ptrace_rseq_configuration rseq;
	struct {
		uint32_t version, flags;
		uint64_t start, bytes, abort;
	} sequence;
	uint64_t at;
	if (ptrace(PTRACE_GET_RSEQ_CONFIGURATION, tid, sizeof(rseq), &rseq) != sizeof(rseq) ||
	    !rseq.rseq_abi_pointer ||
	    !process_memory_read(m, rseq.rseq_abi_pointer + 8, &at, sizeof(at)) || !at ||
	    !process_memory_read(m, at, &sequence, sizeof(sequence)))
		return;
	if (r->rip - sequence.start < sequence.bytes)
		r->rip = sequence.abort;
}

/* A filter may end the program for a call that it does not expect. */
static bool has_filter(pid_t pid, pid_t tid)
{
	char text[4096];
	stop_thread_file(pid, tid, "status", text, sizeof(text));
	const char *line = strstr(text, "\nSeccomp:");
	return !line || line[strlen("\nSeccomp:") + 1] != '0';
}

bool remote_call_is_easy(pid_t tid)
{
	struct user_regs_struct regs;
	return thread_registers_get(tid, &regs) && (int64_t)regs.orig_rax >= 0;
}

int remote_call_begin(struct remote_call *c, const struct process_memory *memory, pid_t tid,
		      struct err *err)
{
	uint64_t all = ~UINT64_C(0);
	*c = (struct remote_call){ .pid = memory->pid, .tid = tid };
	if (has_filter(c->pid, tid))
		return err_set(err, "process %d filters its system calls (seccomp)", (int)c->pid);
	if (!thread_registers_get(tid, &c->before) || c->before.cs != USER_CODE_64)
		return err_set(err, "process %d does not run 64-bit code", (int)c->pid);
	c->instruction = find_instruction(memory, &c->before);
	if (!c->instruction)
		return err_set(err, "process %d: no system call instruction was found in it",
			       (int)c->pid);
	if (ptrace(PTRACE_SETOPTIONS, tid, NULL, (long)REMOTE_OPTIONS) < 0 ||
	    ptrace(PTRACE_GETSIGMASK, tid, sizeof(c->mask), &c->mask) < 0 ||
	    ptrace(PTRACE_SETSIGMASK, tid, sizeof(all), &all) < 0)
		return err_set_errno(err, "process %d cannot be made to make a system call",
				     (int)c->pid);
	leave_sequence(memory, tid, &c->before);
	return 0;
}

/* ---- running ---- */

/* Goes on until the thread has entered (op ENTRY) or left (EXIT) a system call. */
static bool go_on_to(struct remote_call *c, unsigned op, pid_t *made)
{
	uint64_t until_ns = stop_clock_ns() + CALL_LIMIT_NS;
	long signal = 0;
	for (;;) {
		siginfo_t info;
		struct __ptrace_syscall_info call = { 0 };
		if (ptrace(PTRACE_SYSCALL, c->tid, NULL, signal) < 0)
			return false;
		if (!stop_thread_next(c->pid, c->tid, until_ns, &info))
			return false;
		int event = info.si_code > 0 ? info.si_code >> EVENT_SHIFT : 0;
		unsigned long child;
		if (info.si_code == SYSCALL_STOP &&
		    ptrace(PTRACE_GET_SYSCALL_INFO, c->tid, sizeof(call), &call) > 0 &&
		    call.op == op)
			return true;
		if (event == PTRACE_EVENT_CLONE && made &&
		    ptrace(PTRACE_GETEVENTMSG, c->tid, NULL, &child) == 0)
			*made = (pid_t)child;
		/* All other signals are blocked, or end it. */
		c->was_paused |= !event && info.si_signo == SIGSTOP;
		signal = !event && info.si_signo == SIGKILL ? SIGKILL : 0;
	}
}

bool remote_call_run(struct remote_call *c, long number, const uint64_t arguments[6], long *result,
		     pid_t *made)
{
	struct user_regs_struct regs = c->before;
	pid_t ignored = 0;
	made = made ? made : &ignored;
	*made = 0;
	regs.rip = c->instruction;
	regs.rax = (uint64_t)number;
	regs.orig_rax = UINT64_MAX; /* no call is to be repeated now */
	regs.rdi = arguments[0];
	regs.rsi = arguments[1];
	regs.rdx = arguments[2];
	regs.r10 = arguments[3];
	regs.r8 = arguments[4];
	regs.r9 = arguments[5];
	if (!thread_registers_set(c->tid, &regs) || !go_on_to(c, PTRACE_SYSCALL_INFO_ENTRY, made) ||
	    !go_on_to(c, PTRACE_SYSCALL_INFO_EXIT, made) || !thread_registers_get(c->tid, &regs))
		return false;
	*result = (long)regs.rax;
	return true;
}

void remote_call_end(struct remote_call *c)
{
	siginfo_t info;
	/* Before it is in user space again, so that an interrupted call is gone on with from where
	 * the kernel does that. */
	if (ptrace(PTRACE_GETSIGINFO, c->tid, NULL, &info) == 0 && info.si_code == SYSCALL_STOP) {
		ptrace(PTRACE_INTERRUPT, c->tid, NULL, NULL);
		ptrace(PTRACE_CONT, c->tid, NULL, 0L);
		stop_thread_wait(c->pid, c->tid, stop_clock_ns() + CALL_LIMIT_NS);
	}
	thread_registers_set(c->tid, &c->before);
	ptrace(PTRACE_SETSIGMASK, c->tid, sizeof(c->mask), &c->mask);
	if (c->was_paused)
		syscall(SYS_tgkill, c->pid, c->tid, SIGSTOP);
}
