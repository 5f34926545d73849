/* ends.c - ends in the way its argument says, right after an allocation: nothing may be lost. */
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "expect.h"

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "return";
	const struct rlimit no_core = {0, 0};
	setrlimit(RLIMIT_CORE, &no_core);
	expect("size=37003 allocs=1000 frees=999");
	for (int i = 0; i < 999; i++)
		free(keep(malloc(37003)));
	char *p = keep(malloc(37003));
	if (strcmp(how, "_exit") == 0)
		_exit(41);
	if (strcmp(how, "exit_group") == 0)
		syscall(SYS_exit_group, 42);
	if (strcmp(how, "abort") == 0)
		abort();
	if (strcmp(how, "segv") == 0)
		*(volatile int *)(p - (long)p) = 1;
	if (strcmp(how, "kill") == 0)
		raise(SIGKILL);
	if (strcmp(how, "term") == 0)
		raise(SIGTERM);
	return 43;
}
