/* survivors.h - processes of the session that have not made themselves known.
 *
 * A forked child makes its process record with its first allocation, and a program connects some
 * time after its exec. When all known processes have ended, these may still be about to do so. */
#ifndef ALLOCTRACE_COLLECT_SURVIVORS_H
#define ALLOCTRACE_COLLECT_SURVIVORS_H

#include <stddef.h>
#include <sys/types.h>

#include "collect/session_memory.h"

enum { SURVIVORS_MAX = 64 };

struct survivors {
	size_t mapped;   /* processes that have the session's memory */
	size_t starting; /* that have the socket in their environment, but not the memory (yet) */
	pid_t pids[SURVIVORS_MAX]; /* of both, as far as there is room */
};

/* Looks through /proc for processes other than this one. Of those younger than `after` only,
 * if pids have not wrapped since. */
void survivors_find(struct survivors *found, const struct session *s, const char *socket_path,
		    pid_t after);

#endif
