/* signal-anywhere.c - a signal at a chosen instruction of what the runtime does only once.
 *
 * A parent steps its child by ptrace and sends it the signal there. "first": the first allocation
 * of a forked process, which joins the session; the handler allocates. "jump": the same, and the
 * handler leaves by longjmp. "dlclose": at every eleventh instruction of a dlclose in a process
 * with two threads; the handler allocates. The child may not hang, and is recorded afterwards as
 * ever. To be run with tests/bump.so preloaded, which may be interrupted and left anywhere. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <libgen.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>

#include "expect.h"

enum {
	PLACES = 100,
	STRIDE = 25,
	/* Not each instruction: a loop that goes on until it is not interrupted has to end. */
	CLOSE_STRIDE = 11,
	LIMIT_S = 20,
};

static sigjmp_buf back;

static void NOINLINE allocate(size_t bytes)
{
	free(keep(malloc(bytes)));
	KEEP_FRAME();
}

static void on_signal_allocate(int number)
{
	(void)number;
	allocate(50021);
}

static void on_signal_jump(int number)
{
	(void)number;
	siglongjmp(back, 1);
}

static void on_signal_stop(int number)
{
	(void)number;
	allocate(50021);
	__asm__ volatile("int3");
}

static void set_handler(void (*handler)(int))
{
	struct sigaction action = { .sa_handler = handler };
	CHECK(sigaction(SIGUSR1, &action, NULL) == 0);
}

static void let_parent_step(void)
{
	alarm(LIMIT_S);
	CHECK(ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0);
	CHECK(raise(SIGSTOP) == 0);
}

static void wait_for_stop(pid_t child, int signal)
{
	int status;
	CHECK(waitpid(child, &status, 0) == child && WIFSTOPPED(status));
	CHECK(WSTOPSIG(status) == signal);
}

static void step(pid_t child, int signal)
{
	CHECK(ptrace(PTRACE_SINGLESTEP, child, NULL, (void *)(long)signal) == 0);
	wait_for_stop(child, SIGTRAP);
}

static void expect_end(pid_t child)
{
	int status;
	CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* The parent has not allocated anything: its child cannot know that it is one. */
static void first(void (*handler)(int))
{
	set_handler(handler);
	for (int place = 0; place < PLACES; place++) {
		pid_t child = fork();
		CHECK(child >= 0);
		if (child == 0) {
			if (sigsetjmp(back, 1) == 0) {
				let_parent_step();
				allocate(50023);
			}
			allocate(50087);
			_exit(0);
		}
		wait_for_stop(child, SIGSTOP);
		for (int i = 0; i < place * STRIDE; i++)
			step(child, 0);
		CHECK(ptrace(PTRACE_DETACH, child, NULL, (void *)SIGUSR1) == 0);
		expect_end(child);
	}
	expect("size=50087 allocs=%d frees=%d processes=%d frames=allocate,first,main", PLACES, PLACES,
	       PLACES);
}

static uintptr_t program_counter(pid_t child)
{
	struct user_regs_struct registers;
	CHECK(ptrace(PTRACE_GETREGS, child, NULL, &registers) == 0);
	return registers.rip;
}

static void *other_thread(void *arg)
{
	(void)arg;
	for (;;)
		pause();
	return NULL;
}

static volatile int done;

static NOINLINE void closed(void)
{
	done = 1;
	KEEP_FRAME();
}

static void close_plugin(const char *path)
{
	pthread_t other;
	void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	CHECK(handle);
	CHECK(pthread_create(&other, NULL, other_thread, NULL) == 0);
	allocate(50023);
	let_parent_step();
	CHECK(dlclose(handle) == 0);
	closed();
	allocate(50087);
	_exit(0);
}

static bool blocks_signal(pid_t child)
{
	uint64_t mask;
	CHECK(ptrace(PTRACE_GETSIGMASK, child, (void *)sizeof(mask), &mask) == 0);
	return mask >> (SIGUSR1 - 1) & 1;
}

/* Runs the handler, and goes back to where the child was. Not where it has blocked the signal: the
 * handler would run later. */
static void interrupt(pid_t child, uintptr_t at)
{
	if (blocks_signal(child))
		return;
	step(child, SIGUSR1);
	CHECK(ptrace(PTRACE_CONT, child, NULL, NULL) == 0);
	wait_for_stop(child, SIGTRAP);
	while (program_counter(child) != at)
		step(child, 0);
}

static void dlclose_interrupted(const char *path)
{
	set_handler(on_signal_stop);
	pid_t child = fork();
	CHECK(child >= 0);
	if (child == 0)
		close_plugin(path);
	wait_for_stop(child, SIGSTOP);
	CHECK(ptrace(PTRACE_SETOPTIONS, child, NULL, (void *)PTRACE_O_EXITKILL) == 0);
	uintptr_t at = program_counter(child);
	for (int i = 0; at != (uintptr_t)closed; i++) {
		if (i % CLOSE_STRIDE == 0)
			interrupt(child, at);
		step(child, 0);
		at = program_counter(child);
	}
	CHECK(ptrace(PTRACE_DETACH, child, NULL, NULL) == 0);
	expect_end(child);
	expect("size=50087 allocs=1 frees=1 frames=allocate,close_plugin,main");
}

int main(int argc, char **argv)
{
	static char path[4200];
	CHECK(argc == 2);
	snprintf(path, sizeof(path), "%s/plugin-c.so", dirname(argv[0]));
	if (strcmp(argv[1], "first") == 0)
		first(on_signal_allocate);
	else if (strcmp(argv[1], "jump") == 0)
		first(on_signal_jump);
	else
		dlclose_interrupted(path);
	return 0;
}
