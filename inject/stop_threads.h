/* stop_threads.h - all threads of a process, seized and brought to a stand by ptrace.
 *
 * Calls come from one thread, the tracer: the kernel ties the threads to it, and lets go whatever
 * is left when it ends, however it ends. Where a thread stands is asked of the thread and not
 * waited for: other threads of the tool may wait for the same process. The exits of other threads
 * are taken here, the first one's never: it is the process's, and belongs to its parent. */
#ifndef ALLOCTRACE_INJECT_STOP_THREADS_H
#define ALLOCTRACE_INJECT_STOP_THREADS_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/err.h"

enum { STOP_WAIT_LIMIT_NS = 1000000000 }; /* for all threads together */

struct stop_thread {
	pid_t tid;
	bool stands;   /* in a stop of its own, in which nothing is being delivered */
	bool is_other; /* another process, which the kernel attached because of how it was made */
};

struct stop_threads {
	pid_t pid;
	struct stop_thread *items;
	size_t count, cap;
	uint64_t begin_ns; /* when the first one was stopped */
	bool has_execed;
};

enum stop_threads_outcome {
	STOP_THREADS_OK = 0,
	STOP_THREADS_REFUSED = -1, /* with the errno of the first that could not be seized */
	STOP_THREADS_GONE = -2,
};

/* CLOCK_MONOTONIC. */
uint64_t stop_clock_ns(void);

/* Seizes and stops them all, those too that start meanwhile; threads that do not come to a stand
 * within the limit (they wait in the kernel) are in the list without `stands`. */
enum stop_threads_outcome stop_threads_begin(struct stop_threads *t, pid_t pid, int *refused_errno);
/* Lets all go on that stand. What did not stop in time does so when the tracer ends. */
void stop_threads_end(struct stop_threads *t);
/* Any thread of the tracer's process may call this meanwhile: of threads of pid that have ended, and
 * that it traces, the kernel hears that nobody waits for them any more. Not of the first one. */
void stop_threads_take_exits(pid_t pid);

/* For one thread that is seized: waits until it stands. False: it has ended, or time is over. */
bool stop_thread_wait(pid_t pid, pid_t tid, uint64_t until_ns);
/* The same for any stop that it comes to next; info tells which. */
bool stop_thread_next(pid_t pid, pid_t tid, uint64_t until_ns, siginfo_t *info);
/* A letter of proc(5), as Z; 0: it is gone. */
char stop_thread_state(pid_t pid, pid_t tid);
/* The thread that traces it; 0: none. */
pid_t stop_thread_tracer(pid_t pid, pid_t tid);
/* The beginning of a file of /proc/PID/task/TID as a string; what read() returned. */
ssize_t stop_thread_file(pid_t pid, pid_t tid, const char *name, char *out, size_t room);

#endif
