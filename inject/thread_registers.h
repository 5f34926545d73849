/* thread_registers.h - the registers of a thread that ptrace has stopped. */
#ifndef ALLOCTRACE_INJECT_THREAD_REGISTERS_H
#define ALLOCTRACE_INJECT_THREAD_REGISTERS_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/user.h>

#include "inject/stopped.h"

bool thread_registers_get(pid_t tid, struct user_regs_struct *out);
bool thread_registers_set(pid_t tid, const struct user_regs_struct *regs);

/* If our stop has ended a system call with EINTR, which the program has no handler for: makes the
 * kernel repeat the call when the thread goes on, unless there is a signal for it by then. */
void thread_registers_repeat_call(pid_t tid, struct user_regs_struct *regs);

/* What there may be pointers in. */
void thread_registers_copy(pid_t tid, const struct user_regs_struct *regs,
			   struct stopped_thread *out);
/* Of one that waits in the kernel and does not stop: what /proc knows of its call. */
bool thread_registers_of_call(pid_t pid, pid_t tid, struct stopped_thread *out);

#endif
