/* stopping.c - inject/stopped on programs in which it is hard: what stands, what is read, and that
 * the program does not notice. */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/ipc.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/sem.h>
#include <sys/syscall.h>

#include "inject/stopped.h"
#include "tests/inject/target.h"

enum { STOPS = 100, THREADS = 8 };

static const char *own_path;

static void stop(struct stopped *s, pid_t pid)
{
	struct err err = { "" };
	enum stopped_outcome outcome = stopped_begin(s, pid, &err);
	CHECK(outcome == STOPPED_OK, "outcome %d: %s", outcome, err.text);
}

/* Nothing goes on while it is stopped, and it goes on afterwards. */
static void stop_ticking(pid_t pid)
{
	struct stopped s;
	stop(&s, pid);
	uint64_t before = shared->ticks;
	for (int i = 0; i < 20; i++)
		sched_yield();
	CHECK(shared->ticks == before, "%d ran while it was stopped", (int)pid);
	stopped_end(&s);
	AWAIT(shared->ticks > before);
}

static void start_thread(void *(*body)(void *), void *argument)
{
	pthread_t thread;
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, 65536);
	if (pthread_create(&thread, &attributes, body, argument))
		shared->wrong++;
}

static void *at_once(void *unused)
{
	return unused;
}

static void *wait_for_ever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

/* ---- what is seen ---- */

/* The number in rbx, in r15 and in an xmm register, and nowhere else. */
static void *spin_with_number(void *number)
{
	uint64_t *ticks = (uint64_t *)&shared->ticks;
	shared->ready++;
	__asm__ volatile("mov %0, %%rbx; mov %0, %%r15; movq %0, %%xmm9\n"
			 "1: lock incq (%1); jmp 1b"
			 :
			 : "r"((uintptr_t)number * UINT64_C(0x1010101)), "r"(ticks)
			 : "rbx", "r15", "xmm9", "memory");
	return NULL;
}

static void spinning(void)
{
	static uint64_t here = UINT64_C(0x123456789abcdef);
	shared->address = (uintptr_t)&here;
	for (uintptr_t i = 1; i < THREADS; i++)
		start_thread(spin_with_number, (void *)i);
	spin_with_number((void *)(uintptr_t)THREADS);
}

static void see_registers(void)
{
	pid_t pid = target_start(spinning);
	struct stopped s;
	AWAIT(shared->ready == THREADS && shared->ticks > 1000000);
	stop(&s, pid);
	uint64_t found = 0, word = 0;
	CHECK(s.count == THREADS && !s.unstopped, "%zu threads", s.count);
	CHECK(s.threads[0].tid == pid, "the first is %d", (int)s.threads[0].tid);
	for (size_t i = 0; i < s.count; i++) {
		const struct stopped_thread *t = &s.threads[i];
		uint64_t number = t->registers[3] / 0x1010101;
		CHECK(t->registers[3] == t->registers[15], "rbx %lx, r15 %lx",
		      (unsigned long)t->registers[3], (unsigned long)t->registers[15]);
		CHECK(t->vector_words >= 32 && t->vectors[18] == t->registers[3], "xmm9");
		CHECK(number >= 1 && number <= THREADS, "%lu", (unsigned long)number);
		CHECK(t->sp && t->sp == t->registers[7] && t->pc && t->fs_base, "sp, pc, fs");
		found |= UINT64_C(1) << number;
	}
	CHECK(found == (2 << THREADS) - 2, "threads 0x%lx", (unsigned long)found);
	CHECK(process_memory_read(&s.memory, shared->address, &word, 8) &&
		      word == UINT64_C(0x123456789abcdef),
	      "0x%lx", (unsigned long)word);
	stopped_end(&s);
	printf("# %d running threads stood for %.3f ms\n", THREADS, (double)s.stopped_ns / 1e6);
	for (int i = 0; i < STOPS; i++)
		stop_ticking(pid);
	target_kill(pid);
}

/* ---- threads that come and go ---- */

static void *start_next(void *unused)
{
	shared->ticks++;
	start_thread(start_next, NULL);
	return unused;
}

static void relaying(void)
{
	for (int i = 0; i < 3; i++)
		start_next(NULL);
	for (;;) {
		pthread_t thread;
		if (pthread_create(&thread, NULL, at_once, NULL) == 0)
			pthread_join(thread, NULL);
		shared->ticks++;
	}
}

static void stop_relay(void)
{
	pid_t pid = target_start(relaying);
	AWAIT(shared->ticks > 100);
	for (int i = 0; i < STOPS; i++)
		stop_ticking(pid);
	CHECK(!shared->wrong, "a thread could not be started");
	target_kill(pid);
}

static void *tick(void *unused)
{
	while (!shared->go) {
		shared->ticks++;
		sched_yield();
	}
	_exit(0);
	return unused;
}

static void leaving_first(void)
{
	start_thread(tick, NULL);
	pthread_exit(NULL);
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

static void stop_without_first(void)
{
	pid_t pid = target_start(leaving_first);
	struct stopped s;
	AWAIT(state_of(pid) == 'Z' && shared->ticks);
	stop(&s, pid);
	CHECK(s.count == 1 && s.threads[0].tid != pid, "%zu threads", s.count);
	stopped_end(&s);
	stop_ticking(pid);
	shared->go = 1;
	target_ends(pid);
}

/* ---- system calls ---- */

static void note_signal(int number)
{
	(void)number;
	shared->signals++;
}

static void *wait_for_events(void *unused)
{
	struct epoll_event event;
	int fd = epoll_create1(0);
	shared->ready++;
	int got = epoll_wait(fd, &event, 1, 1000 * LIMIT_S);
	shared->value += got < 0 && errno == EINTR ? 1 : 1000;
	return unused;
}

static void *wait_for_semaphore(void *unused)
{
	int id = semget(IPC_PRIVATE, 1, 0600);
	struct sembuf down = { 0, -1, 0 };
	shared->ready++;
	int got = semop(id, &down, 1);
	shared->value += got < 0 && errno == EINTR ? 1 : 1000;
	semctl(id, 0, IPC_RMID);
	return unused;
}

static void waiting(void)
{
	sigset_t usr2, usr1;
	siginfo_t info;
	struct timespec limit = { LIMIT_S, 0 };
	struct sigaction action = { .sa_handler = note_signal };
	sigaction(SIGUSR1, &action, NULL);
	sigemptyset(&usr2);
	sigaddset(&usr2, SIGUSR2);
	sigprocmask(SIG_BLOCK, &usr2, NULL);
	pthread_t threads[2];
	pthread_create(&threads[0], NULL, wait_for_events, NULL);
	pthread_create(&threads[1], NULL, wait_for_semaphore, NULL);
	sigemptyset(&usr1);
	shared->ready++;
	int got = sigtimedwait(&usr2, &info, &limit);
	shared->value += got < 0 && errno == EINTR ? 1 : 1000;
	pthread_join(threads[0], NULL);
	pthread_join(threads[1], NULL);
	if (shared->value != 3)
		shared->wrong++;
}

/* They all sleep. */
static void await_sleep(pid_t pid)
{
	struct stopped s;
	for (size_t asleep = 0; asleep < 3;) {
		asleep = 0;
		stop(&s, pid);
		stopped_end(&s);
		nanosleep(&(struct timespec){ 0, 1000000 }, NULL);
		stop(&s, pid);
		for (size_t i = 0; i < s.count; i++)
			/* as epoll_wait, semop and rt_sigtimedwait are repeated */
			asleep += (int64_t)s.threads[i].registers[0] == -514;
		stopped_end(&s);
	}
}

static void repeat_calls(void)
{
	pid_t pid = target_start(waiting), tids[3];
	struct stopped s;
	AWAIT(shared->ready == 3);
	await_sleep(pid);
	for (int i = 0; i < STOPS; i++) {
		stop(&s, pid);
		CHECK(s.count == 3, "%zu threads", s.count);
		for (int j = 0; j < 3; j++)
			tids[j] = s.threads[j].tid;
		stopped_end(&s);
	}
	CHECK(shared->value == 0, "%lu calls have ended", (unsigned long)shared->value);
	/* A signal that has a handler ends them as ever, also when it comes while they stand. */
	stop(&s, pid);
	for (int j = 0; j < 3; j++)
		syscall(SYS_tgkill, pid, tids[j], SIGUSR1);
	stopped_end(&s);
	target_ends(pid);
	CHECK(shared->signals == 3, "%lu signals", (unsigned long)shared->signals);
}

static void counting_signals(void)
{
	struct sigaction action = { .sa_handler = note_signal };
	sigaction(SIGRTMIN, &action, NULL);
	sigaction(SIGRTMIN + 1, &action, NULL);
	shared->ready = 1;
	while (!shared->go)
		shared->ticks++;
}

static void lose_no_signal(void)
{
	pid_t pid = target_start(counting_signals);
	struct stopped s;
	uint64_t sent = 0;
	AWAIT(shared->ready);
	for (int i = 0; i < STOPS; i++) {
		for (int j = 0; j < 5; j++, sent++)
			sigqueue(pid, SIGRTMIN + j % 2, (union sigval){ .sival_int = 0 });
		stop(&s, pid);
		for (int j = 0; j < 5; j++, sent++)
			sigqueue(pid, SIGRTMIN + j % 2, (union sigval){ .sival_int = 0 });
		stopped_end(&s);
	}
	AWAIT(shared->signals == sent);
	shared->go = 1;
	target_ends(pid);
}

/* ---- job control ---- */

static void ticking(void)
{
	tick(NULL);
}

static void leave_job_control(void)
{
	pid_t pid = target_start(ticking);
	struct stopped s;
	AWAIT(shared->ticks);
	kill(pid, SIGSTOP);
	AWAIT(state_of(pid) == 'T');
	for (int i = 0; i < 10; i++) {
		stop(&s, pid);
		stopped_end(&s);
		AWAIT(state_of(pid) == 'T');
	}
	uint64_t before = shared->ticks;
	kill(pid, SIGCONT);
	AWAIT(shared->ticks > before);
	/* Stopped, and continued, while it stands. */
	stop(&s, pid);
	kill(pid, SIGSTOP);
	stopped_end(&s);
	AWAIT(state_of(pid) == 'T');
	stop(&s, pid);
	kill(pid, SIGCONT);
	before = shared->ticks;
	stopped_end(&s);
	AWAIT(shared->ticks > before);
	shared->go = 1;
	target_ends(pid);
}

/* ---- other ways to be ---- */

static void vforking(void)
{
	pid_t child = vfork();
	if (child == 0) {
		shared->ready = 1;
		while (!shared->go)
			sched_yield();
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

static void bear_vfork(void)
{
	pid_t pid = target_start(vforking);
	struct stopped s;
	AWAIT(shared->ready);
	uint64_t began_ns = target_now_ns();
	stop(&s, pid);
	CHECK(target_now_ns() - began_ns < UINT64_C(5000000000), "too long");
	CHECK(s.count == 1 && s.unstopped == 1 && s.threads[0].is_partial, "%zu of %zu",
	      s.unstopped, s.count);
	CHECK(s.threads[0].sp && s.threads[0].pc, "what /proc has of its call");
	stopped_end(&s);
	shared->go = 1;
	target_ends(pid);
}

static void replacing(void)
{
	char number[] = "300";
	execl(own_path, own_path, number, NULL);
	shared->wrong++;
}

static int replace_again(int left)
{
	char number[16];
	pthread_t thread;
	if (left == 0)
		return 0;
	pthread_create(&thread, NULL, wait_for_ever, NULL);
	snprintf(number, sizeof(number), "%d", left - 1);
	execl(own_path, own_path, number, NULL);
	return 1;
}

static void bear_exec(void)
{
	pid_t pid = target_start(replacing);
	int outcomes[2] = { 0, 0 };
	for (;;) {
		struct stopped s;
		struct err err = { "" };
		enum stopped_outcome outcome = stopped_begin(&s, pid, &err);
		CHECK(outcome == STOPPED_OK || outcome == STOPPED_GONE, "%d: %s", outcome,
		      err.text);
		outcomes[outcome == STOPPED_GONE]++;
		stopped_end(&s);
		siginfo_t info = { 0 };
		waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT);
		if (info.si_pid)
			break;
	}
	target_ends(pid);
	printf("# a program that execs 300 times: %d stops, %d misses\n", outcomes[0], outcomes[1]);
}

static void go_on_without_tool(void)
{
	pid_t pid = target_start(ticking), tool;
	struct stopped s;
	int status;
	AWAIT(shared->ticks);
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
	tool = fork();
	if (tool == 0) {
		stop(&s, pid);
		raise(SIGKILL);
	}
	CHECK(waitpid(tool, &status, 0) == tool && WIFSIGNALED(status), "0x%x", (unsigned)status);
	uint64_t before = shared->ticks;
	AWAIT(shared->ticks > before);
	shared->go = 1;
	target_ends(pid);
}

static void leave_its_end(void)
{
	pid_t pid = target_start(ticking);
	struct stopped s;
	struct err err = { "" };
	char byte;
	AWAIT(shared->ticks);
	stop(&s, pid);
	uint64_t at = s.threads[0].sp;
	CHECK(process_memory_read(&s.memory, at, &byte, 1), "its stack");
	kill(pid, SIGKILL);
	AWAIT(!process_memory_read(&s.memory, at, &byte, 1));
	stopped_end(&s);
	enum stopped_outcome outcome = stopped_begin(&s, pid, &err);
	CHECK(outcome == STOPPED_GONE && *err.text, "%d: %s", outcome, err.text);
	stopped_end(&s);
	int status;
	CHECK(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status), "0x%x", (unsigned)status);
	CHECK(stopped_begin(&s, pid, &err) == STOPPED_GONE && strstr(err.text, "no process"), "%s",
	      err.text);
}

static void say_who_traces(void)
{
	pid_t pid = target_start(ticking), tracer;
	struct stopped s;
	struct err err = { "" };
	char number[32];
	AWAIT(shared->ticks);
	tracer = fork();
	if (tracer == 0) {
		prctl(PR_SET_NAME, "another-tracer");
		if (ptrace(PTRACE_SEIZE, pid, NULL, NULL))
			_exit(1);
		shared->ready = 1;
		for (;;)
			pause();
	}
	AWAIT(shared->ready);
	enum stopped_outcome outcome = stopped_begin(&s, pid, &err);
	CHECK(outcome == STOPPED_REFUSED, "outcome %d: %s", outcome, err.text);
	snprintf(number, sizeof(number), "process %d (another-tracer)", (int)tracer);
	CHECK(strstr(err.text, number), "%s", err.text);
	printf("# %s\n", err.text);
	target_kill(tracer);
	stop_ticking(pid);
	shared->go = 1;
	target_ends(pid);
}

static void say_who_may_not(void)
{
	if (geteuid() != 0) {
		printf("# not root: who may not stop a process is not tried\n");
		return;
	}
	pid_t pid = target_start(ticking), tool = fork();
	if (tool == 0) {
		struct stopped s;
		struct err err = { "" };
		CHECK(setresuid(65534, 65534, 65534) == 0, "setuid");
		enum stopped_outcome outcome = stopped_begin(&s, pid, &err);
		CHECK(outcome == STOPPED_REFUSED, "outcome %d: %s", outcome, err.text);
		CHECK(strstr(err.text, "try as root"), "%s", err.text);
		_exit(0);
	}
	target_ends(tool);
	target_kill(pid);
}

int main(int argc, char **argv)
{
	own_path = "/proc/self/exe";
	if (argc > 1)
		_exit(replace_again(atoi(argv[1]))); /* LeakSanitizer would trace it at its end */
	see_registers();
	stop_relay();
	stop_without_first();
	repeat_calls();
	lose_no_signal();
	leave_job_control();
	bear_vfork();
	bear_exec();
	go_on_without_tool();
	leave_its_end();
	say_who_traces();
	say_who_may_not();
	return 0;
}
