/* signal_option.c - see signal_option.h. */
#include "cli/signal_option.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/compiler.h"

int signal_number(const char *name)
{
	char *end;
	long number = strtol(name, &end, 10);
	if (*name && !*end)
		return number > 0 && number < NSIG ? (int)number : -1;
	if (strncasecmp(name, "SIG", 3) == 0)
		name += 3;
	for (int i = 1; i < NSIG; i++) {
		const char *known = sigabbrev_np(i);
		if (known && strcasecmp(known, name) == 0)
			return i;
	}
	return -1;
}

bool signal_is_usable(int number)
{
	static const int taken[] = { SIGKILL, SIGSTOP, SIGCHLD, SIGCONT, SIGSEGV, SIGBUS,
				     SIGILL,  SIGFPE,  SIGABRT, SIGTRAP, SIGSYS,  SIGPIPE };
	for (size_t i = 0; i < AT_COUNT_OF(taken); i++)
		if (number == taken[i])
			return false;
	return number > 0;
}
