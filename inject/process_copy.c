/* process_copy.c - see process_copy.h. */
#include "inject/process_copy.h"

#include <dirent.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inject/remote_call.h"
#include "inject/thread_registers.h"

enum {
	RETRIES = 5,
	THREADS_TO_TRY = 8,
	ERESTARTNOINTR = 513, /* the kernel's own */
	SHORT_WAIT_NS = 200000000,
};

/* If the copy ever ran, this as its stack pointer would end it at once: all its signals are
 * blocked. */
#define NO_STACK (UINT64_C(1) << 63)

/* ---- making ---- */

static int fork_in(struct process_copy *c, const struct process_memory *of, pid_t tid,
		   struct err *err)
{
	const uint64_t arguments[6] = { CLONE_FILES, NO_STACK };
	struct remote_call call;
	long result = -ERESTARTNOINTR;
	bool has_run = true;
	if (remote_call_begin(&call, of, tid, err) < 0)
		return -1;
	for (int i = 0; i < RETRIES && has_run && result == -ERESTARTNOINTR; i++)
		has_run = remote_call_run(&call, SYS_clone, arguments, &result, &c->pid);
	remote_call_end(&call);
	if (!has_run)
		return err_set(err, "process %d cannot be copied: it has ended", (int)of->pid);
	c->pid_there = (pid_t)result;
	if (result > 0 && c->pid > 0)
		return 0;
	errno = result < 0 ? (int)-result : EPERM;
	c->pid = 0;
	return err_set_errno(err, "process %d cannot be copied by fork", (int)of->pid);
}

static pid_t choose_thread(const struct stop_threads *threads)
{
	pid_t any = 0;
	for (size_t i = 0; i < threads->count; i++) {
		if (!threads->items[i].stands)
			continue;
		any = threads->items[i].tid;
		if (remote_call_is_easy(any))
			break;
	}
	return any;
}

static void kill_copy(struct process_copy *c)
{
	siginfo_t info;
	kill(c->pid, SIGKILL);
	while (waitid(P_PID, (id_t)c->pid, &info, WEXITED | __WALL) < 0 && errno == EINTR)
		;
	c->pid = 0;
}

int process_copy_make(struct process_copy *c, const struct stop_threads *threads,
		      const struct process_memory *of, struct process_memory *memory,
		      struct err *err)
{
	*c = (struct process_copy){ 0, 0 };
	pid_t tid = choose_thread(threads);
	if (!tid)
		return err_set(err, "process %d cannot be copied: none of its threads stands",
			       (int)of->pid);
	if (fork_in(c, of, tid, err) < 0)
		return -1;
	/* It must not run, also if the tool ends. */
	if (stop_thread_wait(c->pid, c->pid, stop_clock_ns() + STOP_WAIT_LIMIT_NS) &&
	    ptrace(PTRACE_SETOPTIONS, c->pid, NULL, (long)PTRACE_O_EXITKILL) == 0 &&
	    process_memory_open(memory, c->pid, err) == 0)
		return 0;
	kill_copy(c);
	return err_set(err, "process %d: its copy was ended by somebody", (int)of->pid);
}

/* ---- ending ---- */

static bool ask_for_end_in(const struct process_copy *c, const struct process_memory *of, pid_t tid)
{
	const uint64_t arguments[6] = { (uint64_t)c->pid_there, 0, __WALL | WNOHANG };
	struct remote_call call;
	struct user_regs_struct regs;
	long result;
	bool done = false;
	if (ptrace(PTRACE_SEIZE, tid, NULL, (long)PTRACE_O_TRACEEXEC) < 0)
		return false;
	ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
	if (!stop_thread_wait(of->pid, tid, stop_clock_ns() + SHORT_WAIT_NS))
		return false; /* let go when the tracer ends */
	if (thread_registers_get(tid, &regs))
		thread_registers_repeat_call(tid, &regs);
	if (remote_call_begin(&call, of, tid, NULL) == 0) {
		done = remote_call_run(&call, SYS_wait4, arguments, &result, NULL);
		remote_call_end(&call);
	}
	ptrace(PTRACE_DETACH, tid, NULL, NULL);
	return done;
}

static void ask_for_end(const struct process_copy *c, const struct process_memory *of)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/%d/task", (int)of->pid);
	DIR *tasks = opendir(path);
	struct dirent *entry;
	for (int i = 0; tasks && i < THREADS_TO_TRY && (entry = readdir(tasks)); i++) {
		pid_t tid = (pid_t)atoi(entry->d_name);
		if (tid > 0 && ask_for_end_in(c, of, tid))
			break;
	}
	if (tasks)
		closedir(tasks);
}

void process_copy_end(struct process_copy *c, pid_t of)
{
	struct process_memory memory;
	if (!c->pid)
		return;
	kill_copy(c);
	/* Another program by now, perhaps: its child it is all the same. */
	if (process_memory_open(&memory, of, NULL) < 0)
		return;
	ask_for_end(c, &memory);
	process_memory_close(&memory);
}
