/* scan_answer.c - see scan_answer.h. */
#include "collect/scan_answer.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "collect/ask_scan.h"

_Static_assert((int)ASK_PATH_BYTES >= PATH_MAX, "realpath() fits");

/* Who has gone meanwhile does not matter. */
static void send_and_close(int connection, const struct ask_answer *a)
{
	ssize_t sent AT_UNUSED = send(connection, a, sizeof(*a), MSG_NOSIGNAL);
	close(connection);
}

void scan_answer_refuse(int connection, const char *why)
{
	struct ask_answer a = { .magic = ASK_MAGIC, .method = SCAN_IMPOSSIBLE };
	snprintf(a.problem, sizeof(a.problem), "%s", why);
	send_and_close(connection, &a);
}

void scan_answer_send(const struct scan_job *job, uint32_t number, const char *trace)
{
	const struct leak_sum *kinds = job->scan.kinds;
	struct ask_answer a = {
		.magic = ASK_MAGIC,
		.method = job->method,
		.scan = number,
		.has_scan = 1,
		.lost_blocks = kinds[LEAK_DEFINITE].blocks + kinds[LEAK_INDIRECT].blocks,
		.lost_bytes = kinds[LEAK_DEFINITE].bytes + kinds[LEAK_INDIRECT].bytes,
		.possible_blocks = kinds[LEAK_POSSIBLE].blocks,
		.possible_bytes = kinds[LEAK_POSSIBLE].bytes,
	};
	struct stat st;
	snprintf(a.problem, sizeof(a.problem), "%.*s", (int)sizeof(a.problem) - 1,
		 job->problem.text);
	if (stat(trace, &st) < 0 || !S_ISREG(st.st_mode) || !realpath(trace, a.trace))
		a.trace[0] = '\0';
	send_and_close(job->asked_by, &a);
}
