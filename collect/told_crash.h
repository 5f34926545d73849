/* told_crash.h - a crash with all that the session memory has of it, for who tells the user while
 * other processes of the session go on.
 *
 * A copy that stands by itself: made by the collector's thread, used by another one. */
#ifndef ALLOCTRACE_COLLECT_TOLD_CRASH_H
#define ALLOCTRACE_COLLECT_TOLD_CRASH_H

#include "collect/told_code.h"
#include "wire/crashes.h"
#include "wire/events.h"

struct told_block {
	char allocator[EVENT_TEXT_MAX_BYTES + 1]; /* "": not known, or malloc's */
	uint32_t made_tid, freed_tid;		  /* 0: not known */
	struct told_stack made, freed;
};

struct told_crash {
	struct told_crash *next;  /* its owner's */
	struct trace_crash crash; /* points into the others */
	char message[CRASH_MESSAGE_BYTES];
	struct trace_crash_pointer pointers[CRASH_POINTERS];
	uint32_t number;
	char exe[sizeof(((struct session_process *)0)->exe)];
	char thread_name[SESSION_THREAD_NAME_BYTES];
	const struct told_module *heap; /* serves malloc; NULL: not known */
	struct told_stack stack;
	struct told_block blocks[CRASH_POINTERS]; /* of the pointers */
	struct told_module *modules;
};

/* On the collector's thread. */
struct told_crash *told_crash_new(struct collector *c, uint32_t number, uint32_t process_index,
				  const struct trace_crash *crash);
void told_crash_free(struct told_crash *t);

#endif
