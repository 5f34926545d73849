/* told_finding.h - a wrong release with all that the session memory has of it, for who tells the
 * user while the program runs.
 *
 * A copy that stands by itself: made by the collector's thread, used by another one. */
#ifndef ALLOCTRACE_COLLECT_TOLD_FINDING_H
#define ALLOCTRACE_COLLECT_TOLD_FINDING_H

#include <stddef.h>
#include <stdint.h>

#include "trace/trace.h"
#include "wire/events.h"
#include "wire/session.h"

struct collector;

/* Each module once. */
struct told_module {
	struct told_module *next;
	struct trace_module module; /* points into `copy` */
	struct session_module copy;
	uint32_t index;		/* in the trace */
	uint32_t anonymous_pid; /* whose code without a file it is, or 0 */
};

/* Innermost first; the innermost ones of a deep stack. */
struct told_address {
	const struct told_module *module;
	uint64_t offset;
};

struct told_stack {
	struct told_address *addresses;
	size_t count, cap;
	uint32_t outside; /* NODE_ROOT, NODE_TRUNCATED or NODE_UNKNOWN */
};

enum { TOLD_RELEASE, TOLD_MADE, TOLD_FIRST, TOLD_STACKS };

struct told_finding {
	struct told_finding *next; /* its owner's */
	struct trace_finding finding;
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
