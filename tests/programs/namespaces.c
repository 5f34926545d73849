/* namespaces.c - a process that has the number 2 in a pid namespace of its own, whose parent,
 * number 1 there, has not allocated yet; and a thread and a child in a root folder without /proc.
 * Who took the number for one of outside would wait for that process to end. Where this is not
 * allowed, nothing is expected. */
#define _GNU_SOURCE
#include <pthread.h>
#include <sched.h>
#include <sys/wait.h>

#include "expect.h"

enum { ROUNDS = 10 };

static void NOINLINE churn(size_t size)
{
	for (int i = 0; i < ROUNDS; i++)
		free(keep(malloc(size)));
	KEEP_FRAME();
}

static void NOINLINE deep(int depth, size_t size)
{
	if (depth > 0)
		deep(depth - 1, size);
	else
		churn(size);
	KEEP_FRAME();
}

static void wait_for(pid_t pid)
{
	int status;
	CHECK(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
}

static void number_two(void)
{
	pid_t first = fork();
	if (first == 0) {
		pid_t second = fork();
		if (second == 0) {
			churn(50101);
			_exit(getpid() == 2 ? 0 : 1);
		}
		wait_for(second);
		churn(50101);
		_exit(0);
	}
	wait_for(first);
}

static void *thread(void *arg)
{
	deep(20, 50111);
	return arg;
}

static void without_proc(const char *folder)
{
	pthread_t t;
	CHECK(chroot(folder) == 0 && chdir("/") == 0);
	CHECK(access("/proc", F_OK) != 0);
	CHECK(pthread_create(&t, NULL, thread, NULL) == 0 && pthread_join(t, NULL) == 0);
	pid_t child = fork();
	if (child == 0) {
		deep(20, 50119);
		_exit(0);
	}
	wait_for(child);
}

int main(void)
{
	int as_user = geteuid() == 0 ? 0 : CLONE_NEWUSER;
	pid_t child = fork();
	if (child == 0) {
		if (unshare(CLONE_NEWPID | as_user) != 0)
			_exit(1);
		number_two();
		_exit(0);
	}
	int status;
	CHECK(waitpid(child, &status, 0) == child);
	if (status == 0)
		expect("size=50101 allocs=%d frees=%d processes=2", 2 * ROUNDS, 2 * ROUNDS);
	/* Where nobody but us puts anything. */
	child = fork();
	if (child == 0) {
		if (as_user && unshare(as_user) != 0)
			_exit(1);
		without_proc("/proc/self/fdinfo");
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child);
	if (status == 0) {
		expect("size=50111 allocs=%d frees=%d frames=churn,deep,thread min_depth=23",
		       ROUNDS, ROUNDS);
		expect("size=50119 allocs=%d frees=%d frames=churn,deep,main min_depth=23", ROUNDS,
		       ROUNDS);
	}
	expect("size=50123 allocs=0");
	return 0;
}
