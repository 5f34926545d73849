/* remote_call.h - system calls that a stopped thread makes for us, without a change to its memory.
 *
 * The thread runs a system call instruction that is there already, with all signals blocked, and
 * stands afterwards as it stood before: registers, signal mask, and a system call that its stop has
 * interrupted. Only between begin and end would it come to harm if the tool were killed. In the
 * tracer alone; x86-64. */
#ifndef ALLOCTRACE_INJECT_REMOTE_CALL_H
#define ALLOCTRACE_INJECT_REMOTE_CALL_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/user.h>

#include "inject/process_memory.h"
#include "util/err.h"

struct remote_call {
	pid_t pid, tid;
	uint64_t instruction; /* where the system call instruction is */
	struct user_regs_struct before;
	uint64_t mask;	 /* of signals, before */
	bool was_paused; /* SIGSTOP came in between, and is owed */
};

/* The thread stands (stop_thread_wait()). memory: its process's. On failure nothing has changed. */
int remote_call_begin(struct remote_call *c, const struct process_memory *memory, pid_t tid,
		      struct err *err) AT_MUST_CHECK;
/* False: the thread has ended. *made: the process that the call has made, as the tool sees it,
 * attached and standing at its start; 0: none. made may be NULL. */
bool remote_call_run(struct remote_call *c, long number, const uint64_t arguments[6], long *result,
		     pid_t *made) AT_MUST_CHECK;
void remote_call_end(struct remote_call *c);

/* Whether the thread stands in a system call: the better choice, because what it was about to do
 * cannot be a sequence that must not be interrupted (rseq). */
bool remote_call_is_easy(pid_t tid);

#endif
