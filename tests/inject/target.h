/* target.h - processes for the tests of inject/ to stop: forked, with memory shared with the test,
 * and waits that have a limit. */
#ifndef ALLOCTRACE_TESTS_INJECT_TARGET_H
#define ALLOCTRACE_TESTS_INJECT_TARGET_H

#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/trace/check.h"

enum { LIMIT_S = 60 };

/* Of the test and its target. */
struct shared {
	_Atomic uint64_t ready, ticks, wrong, signals, go, value;
	uint64_t address;
};

static struct shared *shared;

static inline uint64_t target_now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

#define AWAIT(cond)                                                                                \
	do {                                                                                       \
		uint64_t until_ns = target_now_ns() + LIMIT_S * UINT64_C(1000000000);              \
		while (!(cond)) {                                                                  \
			CHECK(target_now_ns() < until_ns, "waited %d s in vain", LIMIT_S);         \
			nanosleep(&(struct timespec){ 0, 20000 }, NULL);                           \
		}                                                                                  \
	} while (0)

/* A process that does body() and then exits with 0. It does not outlive the test. */
static inline pid_t target_start(void (*body)(void))
{
	if (!shared)
		shared =
			mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	memset((void *)shared, 0, sizeof(*shared));
	fflush(stdout);
	pid_t pid = fork();
	CHECK(pid >= 0, "fork");
	if (pid == 0) {
		alarm(LIMIT_S);
		body();
		_exit(shared->wrong ? 3 : 0);
	}
	return pid;
}

/* It ends by itself, and as it should. */
static inline void target_ends(pid_t pid)
{
	int status;
	CHECK(waitpid(pid, &status, 0) == pid, "no child %d", (int)pid);
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status 0x%x", (unsigned)status);
}

static inline void target_kill(pid_t pid)
{
	int status;
	kill(pid, SIGKILL);
	CHECK(waitpid(pid, &status, 0) == pid, "no child %d", (int)pid);
	CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL, "status 0x%x", (unsigned)status);
}

#endif
