/* leaks_asking.c - see leaks_asking.h. */
#include "cli/leaks_asking.h"

#include <limits.h>
#include <stdio.h>

#include "cli/command.h"

int leaks_find_trace(const struct usage *usage, int argc, char **argv, struct leaks_asking *asking,
		     const char **trace)
{
	struct err err = { "" };
	if (!asking->pid) {
		if (argc != 1)
			return usage_error(usage, argc ? "one trace at a time"
						       : "which trace? (or a process, by --pid)");
		*trace = argv[0];
		return -1;
	}
	if (asking->at)
		return usage_error(usage, "--pid and --at exclude each other");
	if (argc)
		return usage_error(usage,
				   "--pid: the trace is the one that the process is recorded into");
	if (asking->pid > INT_MAX)
		return usage_error(usage, "--pid: there are no such numbers of processes");
	if (ask_scan((pid_t)asking->pid, &asking->answer, &err) < 0) {
		say("%s", err.text);
		return EXIT_CANNOT;
	}
	snprintf(asking->scan, sizeof(asking->scan), "%u", (unsigned)asking->answer.scan);
	*trace = asking->answer.trace;
	return -1;
}
