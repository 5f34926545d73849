/* process_copy.h - a copy of a stopped process: a fork that one of its threads makes for us.
 *
 * The copy never runs. It has no signal for its parent: wait() of the program does not see it, only
 * waits with __WALL or __WCLONE would. It shares the table of file descriptors, so that what the
 * program closes is closed. Memory that forks do not have (MADV_DONTFORK) is not in it, or is empty
 * (MADV_WIPEONFORK); shared mappings are still shared. In the tracer alone. */
#ifndef ALLOCTRACE_INJECT_PROCESS_COPY_H
#define ALLOCTRACE_INJECT_PROCESS_COPY_H

#include "inject/process_memory.h"
#include "inject/stop_threads.h"

struct process_copy {
	pid_t pid;	 /* 0: none */
	pid_t pid_there; /* as its parent sees it: of another namespace perhaps */
};

/* Of a process whose threads stand; *memory is set to that of the copy, which the caller closes. On
 * failure they stand as before. */
int process_copy_make(struct process_copy *c, const struct stop_threads *threads,
		      const struct process_memory *of, struct process_memory *memory,
		      struct err *err) AT_MUST_CHECK;
/* Ends it, and has a thread of the process, which runs by now, ask for its end, so that nothing is
 * left of it. */
void process_copy_end(struct process_copy *c, pid_t of);

#endif
