/* early-signal.c - preloaded into the tool: Ctrl-C comes when the tool is about to start the
 * program, so that only the tool's own process has it. */
#include <dlfcn.h>
#include <signal.h>
#include <unistd.h>

__attribute__((visibility("default"))) pid_t fork(void)
{
	pid_t (*real)(void);
	*(void **)&real = dlsym(RTLD_NEXT, "fork");
	kill(getpid(), SIGINT);
	return real();
}
