/* leak_point.h - moments at which the process asks the tool to look for its leaks, and waits.
 *
 * Inside the traced process. At its end (_exit(), which exit(), quick_exit(), a return from main
 * and the last thread's end come to; the signals of crashes; exec), at marks and by the API. The
 * asking thread's signals are blocked meanwhile. It waits no longer than a collector shows that it
 * lives, and then goes on without an answer. No libc call, no errno, no lock. */
#ifndef ALLOCTRACE_LIB_LEAK_POINT_H
#define ALLOCTRACE_LIB_LEAK_POINT_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/participant.h"

struct leak_point {
	enum scan_reason reason;
	const char *label;		      /* NULL: none */
	uint64_t frame;			      /* as struct session_scan has it */
	const uint64_t *registers;	      /* SCAN_REGISTERS, with a frame; NULL: none */
	uint64_t since_tsc;		      /* 0: all blocks */
	uint64_t since_counters, since_slots; /* as struct session_scan has them */
	bool is_last; /* the process ends: its signals stay blocked, and its exit code what it was
		       */
};

/* What functions with SESSION_HOOK_ENDS are hooked with: looks at the process, and goes on to them
 * with the stack as it was. */
extern const char leak_point_entry[];

/* Does the user want to know at such a moment? */
static inline bool leak_point_is_due(enum scan_reason reason)
{
	return session.scans && at_load_relaxed(&session.header->leak_points) >> reason & 1;
}

/* Asks, and waits until the process has been looked at. False: it was not, or nobody told. The
 * label in *answer is undefined. Not in a process that is not (yet) traced, nor in the child of a
 * vfork. */
bool leak_point_ask(const struct leak_point *point, struct session_scan *answer);

/* The program has set a mark. Not from inside a hook. */
void leak_point_mark(const char *name);

/* A signal is ending the process: the interrupted registers, of which the stack pointer. */
void leak_point_crash(const uint64_t registers[SCAN_REGISTERS], uint64_t sp);

#endif
