/* link_trace.h - what the programs of a trace were linked with, as far as it tells.
 *
 * A trace has the modules that a process had when it began, those with allocators in them, and of
 * others that were opened those whose code called an allocator; not how they were opened, and not
 * what their symbols were bound to.
 * That is found by the search over their files, where these are the same ones still. */
#ifndef ALLOCTRACE_LINK_LINK_TRACE_H
#define ALLOCTRACE_LINK_LINK_TRACE_H

#include "link/linked.h"

struct linked_trace {
	struct linked *programs;
	size_t count, cap;
};

/* One for each program that was exec'd, with what its forked children had; those with the same
 * modules together. On failure *out is empty. */
int linked_from_trace(struct linked_trace *out, const char *path, struct allocator_finder *finder,
		      struct err *err) AT_MUST_CHECK;
void linked_trace_release(struct linked_trace *t);

#endif
