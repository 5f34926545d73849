/* clone.c - children made by the raw system call, behind the C library's back. */
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "expect.h"

static void wait_for(pid_t pid)
{
	int status;
	CHECK(waitpid(pid, &status, __WALL) == pid && status == 0);
}

static int own_stack(void *inherited)
{
	free(inherited);
	free(keep(malloc(44017)));
	_exit(0);
}

int main(void)
{
	void *inherited = keep(malloc(44021));
	for (int i = 0; i < 5; i++) {
		long pid = syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
		CHECK(pid >= 0);
		if (pid == 0) {
			free(inherited);
			free(keep(malloc(44017)));
			_exit(0);
		}
		wait_for((pid_t)pid);
	}
	enum { STACK_BYTES = 256 * 1024 };
	char *stack = mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			   -1, 0);
	CHECK(stack != MAP_FAILED);
	for (int i = 0; i < 5; i++) {
		int pid = clone(own_stack, stack + STACK_BYTES, SIGCHLD, inherited);
		CHECK(pid > 0);
		wait_for(pid);
	}
	free(inherited);
	expect("size=44021 allocs=1 frees=11 free_processes=11");
	expect("size=44017 allocs=10 frees=10 processes=10");
	return 0;
}
