/* fork.c - children allocate, free what they inherited, and fork again. */
#include <sys/wait.h>

#include "expect.h"

static void wait_for(pid_t pid)
{
	int status;
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

int main(void)
{
	void *inherited = keep(malloc(41011));
	for (int i = 0; i < 10; i++) {
		pid_t pid = fork();
		CHECK(pid >= 0);
		if (pid == 0) {
			free(inherited);
			free(keep(malloc(41017)));
			(void)!keep(malloc(41023));
			if (i % 2) {
				pid_t grandchild = fork();
				CHECK(grandchild >= 0);
				free(keep(malloc(41039)));
				if (grandchild == 0)
					exit(0); /* with exit handlers */
				wait_for(grandchild);
			}
			_exit(0);
		}
		wait_for(pid);
		free(keep(malloc(41047)));
	}
	free(inherited);
	/* Made once; freed by each of ten children and by the parent. */
	expect("size=41011 allocs=1 frees=11 free_processes=11");
	expect("size=41017 allocs=10 frees=10 processes=10");
	expect("size=41023 allocs=10 frees=0 processes=10");
	expect("size=41039 allocs=10 frees=10 processes=10");
	expect("size=41047 allocs=10 frees=10 processes=1");
	return 0;
}
