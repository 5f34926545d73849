/* fork-first.c - processes and threads that fork before they have allocated anything: the child's
 * first allocation is then the first of that thread at all. Also with vfork(), where the child
 * runs in the parent's memory and ends before the parent goes on. */
#include <pthread.h>
#include <sys/wait.h>

#include "expect.h"

enum { CHILDREN = 5, AFTER = 20000 };

static void wait_for(pid_t pid)
{
	int status;
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

static void *fork_in_thread(void *unused)
{
	pid_t pid = fork();
	CHECK(pid >= 0);
	if (pid == 0) {
		free(keep(malloc(43011)));
		_exit(0);
	}
	wait_for(pid);
	return unused;
}

static NOINLINE pid_t vfork_and_allocate(void)
{
	pid_t pid = vfork();
	if (pid == 0) {
		free(keep(malloc(43037))); /* not allowed, and done all the same */
		_exit(0);
	}
	return pid;
}

int main(void)
{
	pthread_t thread;
	for (int i = 0; i < CHILDREN; i++) {
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0) {
			free(keep(malloc(43003)));
			_exit(0);
		}
		wait_for(pid);
	}
	wait_for(vfork_and_allocate());
	for (int i = 0; i < AFTER; i++)
		free(keep(malloc(43019)));
	CHECK(pthread_create(&thread, NULL, fork_in_thread, NULL) == 0);
	CHECK(pthread_join(thread, NULL) == 0);
	for (int i = 0; i < AFTER; i++)
		free(keep(malloc(43019)));
	expect("size=43003 allocs=%d frees=%d processes=%d", CHILDREN, CHILDREN, CHILDREN);
	expect("size=43011 allocs=1 frees=1 processes=1");
	expect("size=43019 allocs=%d frees=%d processes=1 threads=1", 2 * AFTER, 2 * AFTER);
	return 0;
}
