/* stopped.h - a process all of whose threads stand still while it is looked at.
 *
 * By ptrace: every thread is seized and interrupted, also those that start meanwhile. The process
 * notices nothing but the time: signals that come in between are delivered afterwards, job control
 * is left as it was, and a system call that the stop would end with EINTR is repeated. Its timeout
 * begins anew then: who stops a process every second keeps such a call of two seconds for ever. If
 * the tool is killed meanwhile the process goes on.
 *
 * The threads are traced by a thread that is made for it and ends with stopped_end(). So calls may
 * come from any thread, one at a time. The kernel tells a parent of the stops of its child: other
 * waits of the tool, if its child is stopped here, must pass over a status with bits above 16. */
#ifndef ALLOCTRACE_INJECT_STOPPED_H
#define ALLOCTRACE_INJECT_STOPPED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "inject/process_memory.h"
#include "util/err.h"

enum {
	STOPPED_REGISTERS = 16,	   /* rax to r15, in DWARF's order: those that may hold pointers */
	STOPPED_VECTOR_WORDS = 64, /* of xmm or ymm registers, where they can be had */
};

struct stopped_thread {
	pid_t tid;
	uint64_t pc, sp;
	uint64_t fs_base; /* the thread pointer; 0: none yet */
	uint64_t registers[STOPPED_REGISTERS];
	uint64_t vectors[STOPPED_VECTOR_WORDS];
	unsigned vector_words;
	bool is_partial; /* did not stop: it waits in the kernel, as the parent of a vfork. No more
			    is known than its pc and sp and some registers, or nothing: sp 0 */
};

struct stopped {
	pid_t pid;
	struct process_memory memory;	/* of the process; of the copy after stopped_snapshot() */
	struct stopped_thread *threads; /* that of `pid` first, if it has not ended alone */
	size_t count, cap;
	size_t unstopped;    /* of them, those that are partial */
	uint64_t stopped_ns; /* how long it stood: set by stopped_end(), or stopped_snapshot() */
	struct stopped_state *state; /* stopped.c's own */
};

enum stopped_outcome {
	STOPPED_OK = 0,
	STOPPED_REFUSED = -1, /* ptrace is not allowed, or another tool traces it: err says which */
	STOPPED_GONE = -2,    /* it has ended */
	STOPPED_FAILED = -3,
};

/* pid: a process, as the tool sees it. Anything but OK leaves nothing to end. */
enum stopped_outcome stopped_begin(struct stopped *s, pid_t pid, struct err *err) AT_MUST_CHECK;

/* Makes a copy of the stopped process (a fork that it does not know of, without a signal to any
 * parent) and lets the process go on. From then on `memory` is that of the copy, which stands
 * still; the threads' registers are as they were. What forks do not have is not in it: memory with
 * MADV_DONTFORK (WIPEONFORK: empty); shared mappings are the process's own, and go on changing.
 * FAILED (limits, memory, a filter of system calls): the process is still stopped, as before. Not
 * safe from a SIGKILL to the tool while a thread of the process makes the copy, some
 * milliseconds. */
enum stopped_outcome stopped_snapshot(struct stopped *s, struct err *err) AT_MUST_CHECK;

/* Lets it go on, if it has not, and ends the copy without a trace of it: one of the threads is
 * stopped once more for that, for some microseconds. */
void stopped_end(struct stopped *s);

#endif
