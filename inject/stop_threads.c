/* stop_threads.c - see stop_threads.h.
 *
 * A stop is seen by PTRACE_GETSIGINFO, which fails on a thread that does not stand. So no stop is
 * taken by a wait: if the tool is killed, the kernel still has what it was about to deliver. */
#include "inject/stop_threads.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "util/mem.h"

enum {
	EVENT_SHIFT = 8,
	ROUNDS_WITHOUT_NAP = 20,
	ROUNDS_BETWEEN_LOOKS = 16, /* at the state in /proc of what does not stop */
	SHORTEST_NAP_NS = 20000,
	LONGEST_NAP_NS = 1000000,
	TRACE_OPTIONS = PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC,
};

uint64_t stop_clock_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

ssize_t stop_thread_file(pid_t pid, pid_t tid, const char *name, char *out, size_t room)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/task/%d/%s", (int)pid, (int)tid, name);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got = fd < 0 ? -1 : read(fd, out, room - 1);
	if (fd >= 0)
		close(fd);
	out[got > 0 ? got : 0] = '\0';
	return got;
}

char stop_thread_state(pid_t pid, pid_t tid)
{
	char text[256], state = 0;
	stop_thread_file(pid, tid, "stat", text, sizeof(text));
	const char *name_end = strrchr(text, ')'); /* the name may hold anything */
	return name_end && sscanf(name_end + 1, " %c", &state) == 1 ? state : 0;
}

pid_t stop_thread_tracer(pid_t pid, pid_t tid)
{
	char text[4096];
	int tracer = 0;
	stop_thread_file(pid, tid, "status", text, sizeof(text));
	const char *line = strstr(text, "\nTracerPid:");
	return line && sscanf(line, "\nTracerPid: %d", &tracer) == 1 ? tracer : 0;
}

static bool has_ended(pid_t pid, pid_t tid)
{
	char state = stop_thread_state(pid, tid);
	return !state || state == 'Z' || state == 'X';
}

/* ---- one thread ---- */

static struct stop_thread *find(const struct stop_threads *t, pid_t tid, size_t *hint)
{
	/* The kernel lists them in the same order each time. */
	for (size_t i = 0; i < t->count; i++) {
		size_t at = (*hint + i) % t->count;
		if (t->items[at].tid == tid) {
			*hint = at + 1;
			return &t->items[at];
		}
	}
	return NULL;
}

enum standing { RUNS, STANDS, HAS_ENDED, HAS_EXECED };

/* A thread that was traced when it ended stays until its tracer has asked for it; an exec of
 * another thread waits for that. */
static void take_exit(pid_t pid, pid_t tid)
{
	siginfo_t info;
	if (tid != pid)
		waitid(P_PID, (id_t)tid, &info, WEXITED | WNOHANG | __WALL);
}

void stop_threads_take_exits(pid_t pid)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
	DIR *tasks = opendir(path);
	struct dirent *entry;
	while (tasks && (entry = readdir(tasks))) {
		pid_t tid = (pid_t)atoi(entry->d_name);
		if (tid > 0 && has_ended(pid, tid))
			take_exit(pid, tid);
	}
	if (tasks)
		closedir(tasks);
}

static void add(struct stop_threads *t, pid_t tid, bool is_other)
{
	t->items = mem_grow(t->items, &t->cap, t->count + 1, sizeof(*t->items));
	t->items[t->count++] = (struct stop_thread){ tid, false, is_other };
}

/* The kernel has attached what this thread has just made. */
static void add_made_by(struct stop_threads *t, pid_t tid)
{
	unsigned long made;
	size_t hint = 0;
	if (ptrace(PTRACE_GETEVENTMSG, tid, NULL, &made) == 0 && !find(t, (pid_t)made, &hint))
		add(t, (pid_t)made, !stop_thread_state(t->pid, (pid_t)made));
}

static enum standing look_at(struct stop_threads *t, struct stop_thread thread, bool look_closely)
{
	siginfo_t info;
	pid_t tid = thread.tid, pid = thread.is_other ? tid : t->pid;
	if (ptrace(PTRACE_GETSIGINFO, tid, NULL, &info) < 0) {
		take_exit(pid, tid);
		return look_closely && has_ended(pid, tid) ? HAS_ENDED : RUNS;
	}
	int event = info.si_code > 0 ? info.si_code >> EVENT_SHIFT : 0;
	if (event == PTRACE_EVENT_STOP)
		return STANDS;
	if (event == PTRACE_EVENT_EXEC && info.si_signo == SIGTRAP) {
		t->has_execed = true;
		return HAS_EXECED;
	}
	bool is_event = event == PTRACE_EVENT_CLONE && info.si_signo == SIGTRAP;
	if (is_event)
		add_made_by(t, tid);
	/* Go on to the stop: a signal that was about to be delivered is, so that nothing is
	 * held here that is lost with the tool. */
	ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
	ptrace(PTRACE_CONT, tid, NULL, is_event ? 0L : (long)info.si_signo);
	return RUNS;
}

static void nap(unsigned round)
{
	if (round < ROUNDS_WITHOUT_NAP) {
		sched_yield();
		return;
	}
	unsigned grown = round - ROUNDS_WITHOUT_NAP;
	long ns = grown < 6 ? SHORTEST_NAP_NS << grown : LONGEST_NAP_NS;
	nanosleep(&(struct timespec){ 0, ns }, NULL);
}

bool stop_thread_wait(pid_t pid, pid_t tid, uint64_t until_ns)
{
	struct stop_threads only = { .pid = pid };
	enum standing standing;
	for (unsigned round = 0;; round++) {
		standing = look_at(&only, (struct stop_thread){ .tid = tid },
				   round % ROUNDS_BETWEEN_LOOKS == 1);
		if (standing != RUNS || stop_clock_ns() > until_ns)
			break;
		nap(round);
	}
	free(only.items);
	return standing == STANDS;
}

bool stop_thread_next(pid_t pid, pid_t tid, uint64_t until_ns, siginfo_t *info)
{
	for (unsigned round = 0; ptrace(PTRACE_GETSIGINFO, tid, NULL, info) < 0; round++) {
		if ((round % ROUNDS_BETWEEN_LOOKS == 1 && has_ended(pid, tid)) ||
		    stop_clock_ns() > until_ns)
			return false;
		nap(round);
	}
	return true;
}

/* ---- all of them ---- */

/* What has not come to a stand; goes through them once. What has ended is taken out. */
static size_t count_running(struct stop_threads *t, bool look_closely)
{
	size_t running = 0;
	for (size_t i = 0; i < t->count; i++) {
		enum standing standing =
			t->items[i].stands ? STANDS : look_at(t, t->items[i], look_closely);
		t->items[i].stands = standing == STANDS;
		running += standing == RUNS;
		if (t->items[i].stands && t->items[i].is_other)
			ptrace(PTRACE_DETACH, t->items[i].tid, NULL, NULL);
		if (standing == HAS_ENDED || (t->items[i].stands && t->items[i].is_other))
			t->items[i--] = t->items[--t->count];
	}
	return running;
}

static void wait_for_all(struct stop_threads *t, uint64_t until_ns)
{
	for (unsigned round = 0; count_running(t, round % ROUNDS_BETWEEN_LOOKS == 1); round++) {
		if (t->has_execed || stop_clock_ns() > until_ns)
			break;
		nap(round);
	}
}

/* A tracer of ours that has ended but a moment ago may still hold it. */
static bool is_ours_still(pid_t tracer)
{
	char path[48];
	snprintf(path, sizeof(path), "/proc/self/task/%d", (int)tracer);
	return tracer > 0 && access(path, F_OK) == 0;
}

/* 1: a thread more, or one that has ended since it was listed: it may have started another one that
 * was not. 0: none; -1 with errno: refused. */
static int seize(struct stop_threads *t, pid_t tid, uint64_t until_ns)
{
	for (unsigned round = 0; ptrace(PTRACE_SEIZE, tid, NULL, (long)TRACE_OPTIONS) < 0;
	     round++) {
		int why = errno;
		if (why == ESRCH || has_ended(t->pid, tid))
			return tid != t->pid;
		pid_t tracer = stop_thread_tracer(t->pid, tid);
		if (tracer == gettid())
			break; /* made by one that is seized and has not told of it yet */
		if (!is_ours_still(tracer) || stop_clock_ns() > until_ns) {
			errno = why;
			return -1;
		}
		nap(round);
	}
	if (!t->begin_ns)
		t->begin_ns = stop_clock_ns();
	ptrace(PTRACE_INTERRUPT, tid, NULL, NULL);
	add(t, tid, false);
	return 1;
}

/* The number of threads that were not known or have ended meanwhile; -1 with errno. */
static int seize_new(struct stop_threads *t, uint64_t until_ns)
{
	char path[32];
	snprintf(path, sizeof(path), "/proc/%d/task", (int)t->pid);
	DIR *tasks = opendir(path);
	if (!tasks)
		return 0;
	struct dirent *entry;
	int fresh = 0, refused_errno = 0;
	size_t hint = 0;
	while ((entry = readdir(tasks)) && !refused_errno) {
		pid_t tid = (pid_t)atoi(entry->d_name);
		if (tid <= 0 || find(t, tid, &hint))
			continue;
		int code = seize(t, tid, until_ns);
		if (code < 0)
			refused_errno = errno;
		else
			fresh += code;
	}
	closedir(tasks);
	errno = refused_errno;
	return refused_errno ? -1 : fresh;
}

enum stop_threads_outcome stop_threads_begin(struct stop_threads *t, pid_t pid, int *refused_errno)
{
	*t = (struct stop_threads){ .pid = pid };
	uint64_t until_ns = stop_clock_ns() + STOP_WAIT_LIMIT_NS;
	int fresh;
	/* When all stand there is nobody who could start another one. */
	while ((fresh = seize_new(t, until_ns)) > 0 && !t->has_execed) {
		wait_for_all(t, until_ns);
		if (stop_clock_ns() > until_ns)
			break;
	}
	enum stop_threads_outcome outcome = STOP_THREADS_OK;
	if (fresh < 0) {
		*refused_errno = errno;
		wait_for_all(t, until_ns);
		outcome = STOP_THREADS_REFUSED;
	} else if (t->has_execed || !t->count) {
		outcome = STOP_THREADS_GONE;
	}
	if (outcome != STOP_THREADS_OK)
		stop_threads_end(t);
	return outcome;
}

void stop_threads_end(struct stop_threads *t)
{
	for (size_t i = 0; i < t->count; i++) {
		/* Of one that has been told to run again, or has ended, this does nothing. */
		ptrace(PTRACE_DETACH, t->items[i].tid, NULL, NULL);
		take_exit(t->pid, t->items[i].tid);
	}
	free(t->items);
	t->items = NULL;
	t->count = t->cap = 0;
}
