/* run_to.c - see run_to.h.
 *
 * Everything that shares the program's memory is traced: its threads, and children of vfork until
 * they exec. Children with a memory of their own are cleaned of breakpoints and let go at once. */
#include "inject/run_to.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kcmp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "inject/breakpoints.h"
#include "inject/process_maps.h"
#include "util/mem.h"

enum {
	EXIT_NOT_STARTED = 127,
	STEPS_MAX = 2000, /* from the entry to the call of __libc_start_main: 10 to 50 */
	INSTRUCTION_MAX = 15,
	EVENT_SHIFT = 16,
	SIGNAL_MASK = 0x7f,
	TRACE_OPTIONS = PTRACE_O_EXITKILL | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT |
			PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE,
};

struct task {
	pid_t tid;
	bool is_thread; /* of the program; else a child that has its memory for a while */
};

/* A child's first stop and its parent's word of it come in any order. */
struct child {
	pid_t tid;
	bool has_stopped; /* else it was told of, and is still to come */
};

struct run_to {
	pid_t pid; /* 0: it has ended */
	struct task *tasks;
	size_t task_count, task_cap;
	struct child *children; /* of which one of the two is missing */
	size_t child_count, child_cap;
	struct breakpoints breaks;
	uint64_t entry;
	pid_t held; /* the thread whose event was told last; 0: none is to be let go on */
	bool held_at_break;
	bool has_ended;
	struct sigaction interrupt, quit;
};

pid_t run_to_pid(const struct run_to *r)
{
	return r->pid;
}

/* ---- tasks ---- */

static struct task *find_task(const struct run_to *r, pid_t tid)
{
	for (size_t i = 0; i < r->task_count; i++)
		if (r->tasks[i].tid == tid)
			return &r->tasks[i];
	return NULL;
}

static void add_task(struct run_to *r, pid_t tid, bool is_thread)
{
	r->tasks = mem_grow(r->tasks, &r->task_cap, r->task_count + 1, sizeof(*r->tasks));
	r->tasks[r->task_count++] = (struct task){ tid, is_thread };
}

static void remove_task(struct run_to *r, pid_t tid)
{
	struct task *task = find_task(r, tid);
	if (task)
		*task = r->tasks[--r->task_count];
}

static void note_child(struct run_to *r, pid_t tid, bool has_stopped)
{
	for (size_t i = 0; i < r->child_count; i++)
		if (r->children[i].tid == tid) {
			if (r->children[i].has_stopped != has_stopped)
				r->children[i] = r->children[--r->child_count];
			return;
		}
	r->children =
		mem_grow(r->children, &r->child_cap, r->child_count + 1, sizeof(*r->children));
	r->children[r->child_count++] = (struct child){ tid, has_stopped };
}

static size_t thread_count(const struct run_to *r)
{
	size_t count = 0;
	for (size_t i = 0; i < r->task_count; i++)
		count += r->tasks[i].is_thread;
	return count;
}

static bool is_thread_of(pid_t pid, pid_t tid)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/task/%d", (int)pid, (int)tid);
	return access(path, F_OK) == 0;
}

static bool shares_memory(pid_t pid, pid_t tid)
{
	return syscall(SYS_kcmp, pid, tid, KCMP_VM, 0, 0) == 0;
}

/* ---- running on ---- */

static void go_on(pid_t tid, int signal)
{
	ptrace(PTRACE_CONT, tid, 0, signal);
}

enum stepped {
	STEP_DONE,
	STEP_NEWS, /* the thread has other news, or is no more: *status */
	STEP_LOST, /* it was killed: waitpid() will tell */
};

/* Runs one instruction. A signal that comes meanwhile is for later: in *signal, 0 if none. */
static enum stepped step(pid_t tid, int *signal, siginfo_t *info, int *status)
{
	for (;;) {
		pid_t got;
		if (ptrace(PTRACE_SINGLESTEP, tid, 0, 0) < 0)
			return STEP_LOST;
		do
			got = waitpid(tid, status, __WALL);
		while (got < 0 && errno == EINTR);
		if (got < 0)
			return STEP_LOST;
		if (!WIFSTOPPED(*status) || *status >> EVENT_SHIFT)
			return STEP_NEWS;
		if (WSTOPSIG(*status) == SIGTRAP)
			return STEP_DONE;
		*signal = WSTOPSIG(*status);
		ptrace(PTRACE_GETSIGINFO, tid, 0, info);
	}
}

static bool handle(struct run_to *r, pid_t tid, int status, enum run_event *event,
		   uint64_t *address);

/* Lets the thread that is at a breakpoint go past it. */
static bool pass_break(struct run_to *r, pid_t tid, uint64_t at, enum run_event *event,
		       uint64_t *address)
{
	int signal = 0, status = 0;
	siginfo_t info;
	struct breakpoint *b = breakpoints_find(&r->breaks, at);
	if (!b) {
		go_on(tid, 0);
		return false;
	}
	breakpoint_lift(b, tid);
	enum stepped stepped = step(tid, &signal, &info, &status);
	if (stepped == STEP_DONE || (stepped == STEP_NEWS && WIFSTOPPED(status)))
		breakpoint_put(b, tid);
	if (stepped != STEP_DONE)
		return stepped == STEP_NEWS && handle(r, tid, status, event, address);
	if (signal)
		ptrace(PTRACE_SETSIGINFO, tid, 0, &info);
	go_on(tid, signal);
	return false;
}

static uint64_t program_counter(pid_t tid)
{
	return (uint64_t)ptrace(PTRACE_PEEKUSER, tid, offsetof(struct user_regs_struct, rip), 0);
}

/* ---- what has happened ---- */

/* Of the program that it is now. */
static void break_at_entry(struct run_to *r)
{
	struct process_memory memory;
	r->task_count = 0; /* an exec ends all other threads */
	add_task(r, r->pid, true);
	breakpoints_release(&r->breaks);
	r->entry = 0;
	if (process_memory_open(&memory, r->pid, NULL) == 0) {
		r->entry = process_memory_auxv(&memory, AT_ENTRY);
		process_memory_close(&memory);
	}
	if (r->entry && !breakpoints_set(&r->breaks, r->pid, r->entry))
		r->entry = 0;
}

static void take_exec(struct run_to *r, pid_t tid)
{
	if (tid != r->pid) { /* a child of vfork: it is on its own now */
		remove_task(r, tid);
		ptrace(PTRACE_DETACH, tid, 0, 0);
		return;
	}
	break_at_entry(r);
	go_on(tid, 0);
}

static bool is_last(const struct run_to *r, pid_t tid)
{
	unsigned long code = 0;
	struct user_regs_struct registers;
	if (ptrace(PTRACE_GETEVENTMSG, tid, 0, &code) == 0 && code & SIGNAL_MASK)
		return true; /* by a signal, which ends all */
	if (ptrace(PTRACE_GETREGS, tid, 0, &registers) == 0 && registers.orig_rax == SYS_exit_group)
		return true;
	return thread_count(r) == 1;
}

/* A new thread or child. */
static void take_new(struct run_to *r, pid_t tid)
{
	bool is_thread = is_thread_of(r->pid, tid);
	if (is_thread || shares_memory(r->pid, tid)) {
		add_task(r, tid, is_thread);
		go_on(tid, 0);
		return;
	}
	breakpoints_clean_copy(&r->breaks, tid);
	ptrace(PTRACE_DETACH, tid, 0, 0);
}

static void take_news_of_child(struct run_to *r, pid_t tid)
{
	unsigned long child = 0;
	if (ptrace(PTRACE_GETEVENTMSG, tid, 0, &child) == 0 && child)
		note_child(r, (pid_t)child, false);
}

/* The program is no more: what it has started and what is still traced goes on without it, or it
 * would be ended with the tool. */
static void release_children(struct run_to *r)
{
	for (size_t i = 0; i < r->task_count; i++) {
		pid_t tid = r->tasks[i].tid;
		if (ptrace(PTRACE_INTERRUPT, tid, 0, 0) == 0)
			note_child(r, tid, false);
	}
	for (size_t i = 0; i < r->child_count; i++) {
		int status;
		pid_t got, tid = r->children[i].tid;
		if (r->children[i].has_stopped)
			continue;
		do
			got = waitpid(tid, &status, __WALL);
		while (got < 0 && errno == EINTR);
		if (got != tid || !WIFSTOPPED(status))
			continue;
		bool is_signal = !(status >> EVENT_SHIFT) && WSTOPSIG(status) != SIGTRAP;
		breakpoints_clean_copy(&r->breaks, tid);
		ptrace(PTRACE_DETACH, tid, 0, is_signal ? WSTOPSIG(status) : 0);
	}
	r->task_count = r->child_count = 0;
}

static bool take_event(struct run_to *r, pid_t tid, int status, enum run_event *event)
{
	struct task *task = find_task(r, tid);
	switch (status >> EVENT_SHIFT) {
	case PTRACE_EVENT_EXEC:
		take_exec(r, tid);
		return false;
	case PTRACE_EVENT_FORK:
	case PTRACE_EVENT_VFORK:
	case PTRACE_EVENT_CLONE:
		take_news_of_child(r, tid);
		go_on(tid, 0);
		return false;
	case PTRACE_EVENT_EXIT:
		if (task && task->is_thread && !r->has_ended && is_last(r, tid)) {
			r->has_ended = true;
			r->held = tid;
			r->held_at_break = false;
			*event = RUN_EXIT;
			return true;
		}
		/* The first thread stays until the last one has ended. */
		if (task)
			task->is_thread = false;
		go_on(tid, 0);
		return false;
	case PTRACE_EVENT_STOP:
		if (WSTOPSIG(status) == SIGTRAP)
			go_on(tid, 0);
		else /* stopped by a signal, until another one lets it go on */
			ptrace(PTRACE_LISTEN, tid, 0, 0);
		return false;
	default:
		go_on(tid, 0);
		return false;
	}
}

static bool take_break(struct run_to *r, pid_t tid, enum run_event *event, uint64_t *address)
{
	uint64_t at = program_counter(tid) - 1;
	const struct task *task = find_task(r, tid);
	ptrace(PTRACE_POKEUSER, tid, offsetof(struct user_regs_struct, rip), at);
	if (!task->is_thread)
		return pass_break(r, tid, at, event, address);
	r->held = tid;
	r->held_at_break = true;
	*address = at;
	*event = RUN_BREAK;
	if (at == r->entry) {
		breakpoints_remove(&r->breaks, tid, at);
		r->entry = 0;
		*event = RUN_ENTRY;
	}
	return true;
}

/* True: *event is to be told, and the thread to be held. */
static bool handle(struct run_to *r, pid_t tid, int status, enum run_event *event,
		   uint64_t *address)
{
	if (!WIFSTOPPED(status)) {
		remove_task(r, tid);
		if (tid != r->pid)
			return false;
		r->pid = 0;
		release_children(r);
		*event = RUN_ENDED;
		return true;
	}
	if (!find_task(r, tid)) {
		note_child(r, tid, true);
		take_new(r, tid);
		return false;
	}
	if (status >> EVENT_SHIFT)
		return take_event(r, tid, status, event);
	if (WSTOPSIG(status) == SIGTRAP && breakpoints_find(&r->breaks, program_counter(tid) - 1))
		return take_break(r, tid, event, address);
	go_on(tid, WSTOPSIG(status));
	return false;
}

enum run_event run_to_next(struct run_to *r, uint64_t *address)
{
	enum run_event event = RUN_ENDED;
	if (!r->pid)
		return RUN_ENDED;
	pid_t held = r->held;
	r->held = 0;
	if (held && r->held_at_break) {
		if (pass_break(r, held, program_counter(held), &event, address))
			return event;
	} else if (held) {
		go_on(held, 0);
	}
	for (;;) {
		int status;
		pid_t tid = waitpid(-1, &status, __WALL);
		if (tid < 0 && errno == EINTR)
			continue;
		if (tid < 0) { /* nobody is to be waited for where SIGCHLD is ignored */
			r->pid = 0;
			release_children(r);
			return RUN_ENDED;
		}
		if (handle(r, tid, status, &event, address))
			return event;
	}
}

bool run_to_break(struct run_to *r, uint64_t address)
{
	return r->held && breakpoints_set(&r->breaks, r->held, address);
}

void run_to_unbreak(struct run_to *r, uint64_t address)
{
	if (r->held)
		breakpoints_remove(&r->breaks, r->held, address);
}

/* ---- main ---- */

/* Whether the address is in code of the file that the other one is in. */
static bool is_code_beside(const struct process_maps *maps, uint64_t address, uint64_t other)
{
	const struct process_map *a = process_maps_at(maps, address);
	const struct process_map *b = process_maps_at(maps, other);
	return a && b && a->can_execute && a->inode == b->inode && a->device == b->device;
}

/* All C libraries' first function of many arguments gets main as the first: __libc_start_main(main,
 * argc, argv, ...). Before, rdi holds other things (musl: the stack). */
static uint64_t step_to_main(struct run_to *r, const struct process_maps *maps, uint64_t entry)
{
	for (int i = 0; i < STEPS_MAX; i++) {
		struct user_regs_struct before, after;
		int signal = 0, status;
		siginfo_t info;
		if (ptrace(PTRACE_GETREGS, r->held, 0, &before) < 0 ||
		    step(r->held, &signal, &info, &status) != STEP_DONE || signal ||
		    ptrace(PTRACE_GETREGS, r->held, 0, &after) < 0)
			return 0;
		bool jumped = after.rip - before.rip > INSTRUCTION_MAX;
		if (jumped && after.rdi != entry && is_code_beside(maps, after.rdi, entry))
			return after.rdi;
	}
	return 0;
}

uint64_t run_to_find_main(struct run_to *r)
{
	struct process_memory memory;
	struct process_maps maps;
	uint64_t found = 0;
	if (!r->held || process_memory_open(&memory, r->pid, NULL) < 0)
		return 0;
	if (process_maps_read(&maps, &memory, NULL) == 0) {
		found = step_to_main(r, &maps, program_counter(r->held));
		process_maps_release(&maps);
	}
	process_memory_close(&memory);
	return found;
}

/* ---- beginning and end ---- */

static _Noreturn void become_program(int go_fd, int error_fd, char *const *argv)
{
	char go;
	if (read(go_fd, &go, 1) != 1)
		_exit(EXIT_NOT_STARTED);
	execvp(argv[0], argv);
	int code = errno;
	ssize_t written AT_UNUSED = write(error_fd, &code, sizeof(code));
	_exit(EXIT_NOT_STARTED);
}

/* Up to its exec. False: there was none, and it has ended. */
static bool wait_for_exec(struct run_to *r)
{
	for (;;) {
		int status;
		pid_t got = waitpid(r->pid, &status, __WALL);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || !WIFSTOPPED(status))
			return false;
		if (status >> EVENT_SHIFT == PTRACE_EVENT_EXEC)
			return true;
		go_on(r->pid, status >> EVENT_SHIFT ? 0 : WSTOPSIG(status));
	}
}

static int launch(struct run_to *r, const int go[2], const int error[2], char *const *argv,
		  int *exec_errno, struct err *err)
{
	r->pid = fork();
	if (r->pid < 0)
		return err_set_errno(err, "cannot start a process for %s", argv[0]);
	if (r->pid == 0) {
		close(go[1]);
		become_program(go[0], error[1], argv);
	}
	if (ptrace(PTRACE_SEIZE, r->pid, 0, TRACE_OPTIONS) < 0) {
		err_set_errno(err,
			      "cannot trace %s (ptrace; a container or "
			      "kernel.yama.ptrace_scope may forbid it)",
			      argv[0]);
		kill(r->pid, SIGKILL);
		waitpid(r->pid, NULL, __WALL);
		return -1;
	}
	ssize_t done AT_UNUSED = write(go[1], "", 1);
	if (wait_for_exec(r))
		return 0;
	if (read(error[0], exec_errno, sizeof(*exec_errno)) != sizeof(*exec_errno)) {
		*exec_errno = 0;
		return err_set(err, "%s was ended before it began", argv[0]);
	}
	return err_set(err, "cannot start %s: %s", argv[0], strerror(*exec_errno));
}

static void leave_terminal_signals(struct run_to *r)
{
	const struct sigaction ignore = { .sa_handler = SIG_IGN };
	sigaction(SIGINT, &ignore, &r->interrupt);
	sigaction(SIGQUIT, &ignore, &r->quit);
}

struct run_to *run_to_start(char *const *argv, int *exec_errno, struct err *err)
{
	int go[2] = { -1, -1 }, error[2] = { -1, -1 }, code;
	struct run_to *r = mem_zalloc(1, sizeof(*r));
	*exec_errno = 0;
	if (pipe2(go, O_CLOEXEC) < 0 || pipe2(error, O_CLOEXEC | O_NONBLOCK) < 0)
		code = err_set_errno(err, "cannot start a process for %s", argv[0]);
	else
		code = launch(r, go, error, argv, exec_errno, err);
	close(go[0]);
	close(go[1]);
	close(error[0]);
	close(error[1]);
	if (code < 0) {
		free(r);
		return NULL;
	}
	leave_terminal_signals(r);
	break_at_entry(r);
	r->held = r->pid;
	return r;
}

static void end_program(struct run_to *r)
{
	for (size_t i = 0; i < r->task_count; i++)
		if (!r->tasks[i].is_thread)
			kill(r->tasks[i].tid, SIGKILL);
	kill(r->pid, SIGKILL);
	/* One that is on its way to its end already is not woken by that. */
	if (r->held)
		go_on(r->held, 0);
	for (;;) {
		int status;
		pid_t tid = waitpid(-1, &status, __WALL);
		if (tid < 0 && errno != EINTR)
			return;
		if (tid > 0 && WIFSTOPPED(status))
			go_on(tid, 0); /* on its way to its end */
		else if (tid == r->pid)
			return;
	}
}

void run_to_free(struct run_to *r)
{
	if (!r)
		return;
	if (r->pid)
		end_program(r);
	sigaction(SIGINT, &r->interrupt, NULL);
	sigaction(SIGQUIT, &r->quit, NULL);
	breakpoints_release(&r->breaks);
	free(r->tasks);
	free(r->children);
	free(r);
}
