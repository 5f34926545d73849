/* copying.c - stopped_snapshot(): the copy is of one moment, the program goes on meanwhile, has no
 * child that it could notice, and none that is left. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

#include "inject/stopped.h"
#include "tests/inject/target.h"

enum { COPIES = 30, WORDS = 512 * 1024 };

static const size_t heap_bytes = (size_t)1 << 30;

static void stop(struct stopped *s, pid_t pid)
{
	struct err err = { "" };
	enum stopped_outcome outcome = stopped_begin(s, pid, &err);
	CHECK(outcome == STOPPED_OK, "outcome %d: %s", outcome, err.text);
}

static void copy(struct stopped *s, pid_t pid)
{
	struct err err = { "" };
	stop(s, pid);
	enum stopped_outcome outcome = stopped_snapshot(s, &err);
	CHECK(outcome == STOPPED_OK, "outcome %d: %s", outcome, err.text);
}

/* The processes that have this one as their parent. */
static int children_of(pid_t pid)
{
	char path[64], text[4096];
	int count = 0, number, step;
	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)pid, (int)pid);
	FILE *file = fopen(path, "r");
	CHECK(file, "%s", path);
	size_t got = fread(text, 1, sizeof(text) - 1, file);
	text[got] = '\0';
	fclose(file);
	for (const char *at = text; sscanf(at, "%d%n", &number, &step) == 1; at += step)
		count++;
	return count;
}

/* ---- one moment ---- */

static uint64_t words[WORDS];

/* All words hold the same number, but for those of one round. */
static void counting(void)
{
	shared->address = (uintptr_t)words;
	for (uint64_t round = 1; !shared->go; round++) {
		for (size_t i = 0; i < WORDS; i++)
			words[i] = round;
		shared->ticks = round;
	}
	/* wait() has nothing to wait for, now as ever */
	if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
		shared->wrong++;
	if (waitpid(-1, NULL, WNOHANG | __WALL) != -1 || errno != ECHILD)
		shared->wrong++;
}

static void copy_a_moment(void)
{
	static uint64_t seen[WORDS];
	pid_t pid = target_start(counting);
	struct stopped s;
	AWAIT(shared->ticks > 2);
	for (int i = 0; i < COPIES; i++) {
		copy(&s, pid);
		uint64_t now = shared->ticks;
		AWAIT(shared->ticks > now + 2); /* it goes on */
		CHECK(children_of(pid) == 1, "%d children", children_of(pid));
		CHECK(process_memory_read(&s.memory, shared->address, seen, sizeof(seen)),
		      "cannot be read");
		size_t at = 0;
		while (at < WORDS && seen[at] == seen[0])
			at++;
		for (size_t j = at; j < WORDS; j++)
			CHECK(seen[j] + 1 == seen[0], "word %zu is %lu, the first is %lu", j,
			      (unsigned long)seen[j], (unsigned long)seen[0]);
		CHECK(seen[0] <= now + 1, "not of the moment");
		stopped_end(&s);
		CHECK(children_of(pid) == 0, "%d children", children_of(pid));
	}
	shared->go = 1;
	target_ends(pid);
}

/* ---- in whatever it is ---- */

static void note_signal(int number)
{
	(void)number;
	shared->signals++;
}

static void *sleep_long(void *unused)
{
	struct timespec length = { 0, 1500000000 % 1000000000 };
	uint64_t began_ns = target_now_ns();
	length.tv_sec = 1;
	shared->ready++;
	if (nanosleep(&length, NULL) || target_now_ns() - began_ns < 1500000000)
		shared->wrong++;
	shared->value++;
	return unused;
}

static void *wait_for_events(void *unused)
{
	struct epoll_event event;
	int fd = epoll_create1(0);
	shared->ready++;
	if (epoll_wait(fd, &event, 1, 1500) != 0)
		shared->wrong++;
	shared->value++;
	return unused;
}

static void *wait_for_signal(void *unused)
{
	struct sigaction action = { .sa_handler = note_signal };
	sigset_t set;
	sigaction(SIGUSR1, &action, NULL);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	sigemptyset(&set);
	shared->ready++;
	if (sigsuspend(&set) != -1 || errno != EINTR || shared->signals != 1)
		shared->wrong++;
	/* The mask is as it was. */
	pthread_sigmask(SIG_BLOCK, NULL, &set);
	if (!sigismember(&set, SIGUSR1))
		shared->wrong++;
	shared->value++;
	return unused;
}

static void *read_pipe(void *unused)
{
	int ends[2];
	char byte;
	if (pipe(ends))
		shared->wrong++;
	shared->address = (uint64_t)ends[1];
	shared->ready++;
	if (read(ends[0], &byte, 1) != 0) /* the other end is closed, and no copy has it */
		shared->wrong++;
	shared->value++;
	return unused;
}

/* One thread that does that, so that it is the one that makes the copy. */
static void *(*what)(void *);

static void doing_one(void)
{
	what(NULL);
}

static bool is_asleep(pid_t pid)
{
	char path[64], state = 0;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "r");
	if (file && fscanf(file, "%*d %*s %c", &state) != 1)
		state = 0;
	if (file)
		fclose(file);
	return state == 'S';
}

static void copy_in_calls(void)
{
	static void *(*const calls[])(void *) = { sleep_long, wait_for_events, wait_for_signal };
	struct stopped s;
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
		what = calls[i];
		pid_t pid = target_start(doing_one);
		AWAIT(shared->ready && is_asleep(pid));
		for (int j = 0; j < COPIES; j++) {
			copy(&s, pid);
			stopped_end(&s);
		}
		if (what == wait_for_signal)
			kill(pid, SIGUSR1);
		target_ends(pid);
		CHECK(shared->value == 1, "call %zu", i);
	}
}

static void *close_when_told(void *unused)
{
	while (!shared->go)
		sched_yield();
	close((int)shared->address);
	return unused;
}

static void closing(void)
{
	pthread_t thread;
	pthread_create(&thread, NULL, close_when_told, NULL);
	read_pipe(NULL);
	pthread_join(thread, NULL);
}

/* What it closes is closed although the copy is there. */
static void keep_nothing_open(void)
{
	pid_t pid = target_start(closing);
	struct stopped s;
	AWAIT(shared->ready);
	copy(&s, pid);
	shared->go = 1;
	AWAIT(shared->value == 1);
	stopped_end(&s);
	target_ends(pid);
}

static void paused(void)
{
	while (!shared->go) {
		shared->ticks++;
		sched_yield();
	}
}

static char state_of(pid_t pid)
{
	char path[64], state = 0;
	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	FILE *file = fopen(path, "r");
	if (file && fscanf(file, "%*d %*s %c", &state) != 1)
		state = 0;
	if (file)
		fclose(file);
	return state;
}

static void copy_what_is_paused(void)
{
	pid_t pid = target_start(paused);
	struct stopped s;
	AWAIT(shared->ticks);
	kill(pid, SIGSTOP);
	AWAIT(state_of(pid) == 'T');
	for (int i = 0; i < 5; i++) {
		copy(&s, pid);
		AWAIT(state_of(pid) == 'T');
		stopped_end(&s);
		AWAIT(state_of(pid) == 'T' && children_of(pid) == 0);
	}
	kill(pid, SIGCONT);
	shared->go = 1;
	target_ends(pid);
}

/* ---- where it cannot be ---- */

static void filtered(void)
{
	struct sock_filter allow_all[] = { BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW) };
	struct sock_fprog program = { 1, allow_all };
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		shared->wrong++;
	paused();
}

static void limited(void)
{
	struct rlimit none = { 0, 0 };
	setrlimit(RLIMIT_NPROC, &none);
	if (setresuid(65534, 65534, 65534))
		shared->wrong++;
	paused();
}

static void bear_refusal(void (*body)(void), const char *why)
{
	pid_t pid = target_start(body);
	struct stopped s;
	struct err err = { "" };
	AWAIT(shared->ticks > 10);
	stop(&s, pid);
	uint64_t before = shared->ticks;
	enum stopped_outcome outcome = stopped_snapshot(&s, &err);
	CHECK(outcome == STOPPED_FAILED && strstr(err.text, why), "%d: %s", outcome, err.text);
	printf("# %s\n", err.text);
	for (int i = 0; i < 20; i++)
		sched_yield();
	CHECK(shared->ticks == before, "it ran");
	stopped_end(&s);
	AWAIT(shared->ticks > before);
	shared->go = 1;
	target_ends(pid);
}

/* ---- whoever ends first ---- */

static void end_together(void)
{
	pid_t pid = target_start(paused), tool, child = 0;
	struct stopped s;
	int status;
	AWAIT(shared->ticks);
	copy(&s, pid);
	target_kill(pid);
	stopped_end(&s);

	pid = target_start(paused);
	AWAIT(shared->ticks);
	tool = fork();
	if (tool == 0) {
		copy(&s, pid);
		shared->value = (uint64_t)s.memory.pid;
		raise(SIGKILL);
	}
	CHECK(waitpid(tool, &status, 0) == tool && WIFSIGNALED(status), "0x%x", (unsigned)status);
	child = (pid_t)shared->value;
	/* It never ran: it has ended with the tool. */
	AWAIT(state_of(child) == 'Z' || state_of(child) == 0);
	uint64_t before = shared->ticks;
	AWAIT(shared->ticks > before);
	shared->go = 1;
	target_ends(pid);
}

/* ---- how long ---- */

static void holding_much(void)
{
	char *heap =
		mmap(NULL, heap_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	madvise(heap, heap_bytes, MADV_NOHUGEPAGE); /* the worse case */
	for (size_t i = 0; i < heap_bytes; i += 4096)
		heap[i] = 1;
	shared->address = (uintptr_t)heap;
	shared->ready = 1;
	paused();
}

static void measure(void)
{
	static char buffer[1 << 20];
	pid_t pid = target_start(holding_much);
	struct stopped s;
	AWAIT(shared->ready);
	uint64_t shortest_ns = UINT64_MAX;
	for (int i = 0; i < 3; i++) {
		copy(&s, pid);
		shortest_ns = s.stopped_ns < shortest_ns ? s.stopped_ns : shortest_ns;
		if (i < 2)
			stopped_end(&s);
	}
	printf("# a heap of 1 GB in pages of 4 KB: stood for %.1f ms while it was copied\n",
	       (double)shortest_ns / 1e6);
	uint64_t began_ns = target_now_ns();
	for (size_t i = 0; i < heap_bytes; i += sizeof(buffer))
		CHECK(process_memory_read(&s.memory, shared->address + i, buffer, sizeof(buffer)),
		      "cannot be read");
	printf("# 1 GB read through /proc/PID/mem in %.0f ms",
	       (double)(target_now_ns() - began_ns) / 1e6);
	struct process_memory by_call = { s.memory.pid, -1, -1 };
	began_ns = target_now_ns();
	for (size_t i = 0; i < heap_bytes; i += sizeof(buffer))
		CHECK(process_memory_read(&by_call, shared->address + i, buffer, sizeof(buffer)),
		      "cannot be read");
	printf(", by process_vm_readv() in %.0f ms\n", (double)(target_now_ns() - began_ns) / 1e6);
	stopped_end(&s);
	shared->go = 1;
	target_ends(pid);
}

int main(void)
{
	copy_a_moment();
	copy_in_calls();
	keep_nothing_open();
	copy_what_is_paused();
	bear_refusal(filtered, "seccomp");
	if (geteuid() == 0)
		bear_refusal(limited, "Resource temporarily unavailable");
	end_together();
	measure();
	return 0;
}
