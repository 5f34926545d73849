/* scopes.h - sums over named scopes (alloctrace_scope_begin, _end), each per thread. */
#ifndef ALLOCTRACE_ANALYSIS_SCOPES_H
#define ALLOCTRACE_ANALYSIS_SCOPES_H

#include <stdbool.h>

#include "analysis/profile.h"

struct scope_entry;
struct scope_stack;

struct scopes {
	struct scope_entry *by_name;
	size_t count;
};

/* What a thread has done so far. */
struct scope_counts {
	uint64_t time_ns;
	uint64_t allocs;
	uint64_t bytes;
	uint64_t freed_bytes;
	uint64_t temporary;
};

/* *stack is the thread's own and NULL at first. Scopes of new names beyond PROFILE_MAX_SCOPES, and
 * nesting beyond 256, are left out. */
void scopes_begin(struct scopes *s, struct scope_stack **stack, const char *name,
		  const struct scope_counts *now);
/* Ends the innermost open scope of that name ("" means the innermost of all), and those inside
 * it. One that is not open is left alone. */
void scopes_end(struct scope_stack *stack, const char *name, const struct scope_counts *now);
/* The thread is over: what is open stays open. */
void scopes_thread_end(struct scope_stack **stack);

/* Gives the sums and empties s. */
struct profile_scope *scopes_take(struct scopes *s, size_t *count);

#endif
