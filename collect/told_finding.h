/* told_finding.h - a wrong release with all that the session memory has of it, for who tells the
 * user while the program runs.
 *
 * A copy that stands by itself: made by the collector's thread, used by another one. */
#ifndef ALLOCTRACE_COLLECT_TOLD_FINDING_H
#define ALLOCTRACE_COLLECT_TOLD_FINDING_H

#include <stddef.h>
#include <stdint.h>

#include "collect/told_code.h"
#include "trace/trace.h"
#include "wire/events.h"
#include "wire/session.h"

struct collector;

enum { TOLD_RELEASE, TOLD_MADE, TOLD_FIRST, TOLD_STACKS };

struct told_finding {
	struct told_finding *next; /* its owner's */
	struct trace_finding finding; /* its strings are its own */
	uint32_t number;
	uint32_t pid, tid, made_tid, first_tid; /* 0: not known */
	char exe[sizeof(((struct session_process *)0)->exe)];
	char thread_name[SESSION_THREAD_NAME_BYTES];
	const struct told_module *heap; /* serves malloc; NULL: not known */
	/* Names of the block's allocator and, if it is another, of that whose function was called.
	 * "": not known, or malloc's. */
	char made_allocator[EVENT_TEXT_MAX_BYTES + 1], called_allocator[EVENT_TEXT_MAX_BYTES + 1];
	struct told_stack stacks[TOLD_STACKS];
	struct told_module *modules;
};

/* On the collector's thread. */
struct told_finding *told_finding_new(struct collector *c, uint32_t number,
				      const struct trace_finding *finding);
void told_finding_free(struct told_finding *f);

#endif
