/* stop-often.c - stops a process, or copies it, again and again until it ends, for stopped.tap.
 *
 * usage: stop-often stop|copy PID. Prints how often it did. Exit code 1: it could not. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "inject/stopped.h"

enum { PAUSE_NS = 5000000 };

int main(int argc, char **argv)
{
	struct stopped s;
	struct err err = { "" };
	enum stopped_outcome outcome = STOPPED_OK;
	long times = 0;
	if (argc != 3)
		return 2;
	bool copies = strcmp(argv[1], "copy") == 0;
	pid_t pid = (pid_t)atoi(argv[2]);
	while ((outcome = stopped_begin(&s, pid, &err)) != STOPPED_GONE) {
		if (outcome != STOPPED_OK)
			break;
		if (copies)
			outcome = stopped_snapshot(&s, &err);
		stopped_end(&s);
		times++;
		if (outcome == STOPPED_FAILED && !process_memory_is_gone(&s.memory))
			break;
		nanosleep(&(struct timespec){ 0, PAUSE_NS }, NULL);
	}
	printf("%ld\n", times);
	if (outcome == STOPPED_GONE)
		return 0;
	fprintf(stderr, "outcome %d: %s\n", (int)outcome, err.text);
	return 1;
}
