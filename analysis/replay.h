/* replay.h - runs the events of a trace through the live set and sums up what they cost.
 *
 * Time: a few ns an event. Memory: distinct stacks, live blocks, threads; not events. */
#ifndef ALLOCTRACE_ANALYSIS_REPLAY_H
#define ALLOCTRACE_ANALYSIS_REPLAY_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/profile.h"

enum replay_use {
	REPLAY_APART = 1, /* a pool: sums of its own */
	REPLAY_JOINED, /* an instance: they count as the heap's, and have sums of their own beside
			*/
	REPLAY_LEFT_OUT,
};

/* Which allocations count. What is left out is left out of everything: a peak is the peak of
 * what passes. Functions that are NULL let everything pass. */
struct replay_filter {
	uint64_t from_ns;   /* allocations before do not count */
	uint64_t to_ns;	    /* from here on nothing happens any more; 0: no end */
	uint32_t allocator; /* what all is about; 0: the program's heap */
	bool one_allocator; /* and some that are no pools are left out */
	/* What to do with the blocks of another; NULL: all are pools. */
	enum replay_use (*use)(void *ctx, uint32_t allocator);
	bool (*stack)(void *ctx, uint32_t node);
	bool (*thread)(void *ctx, uint32_t thread);
	bool (*process)(void *ctx, uint32_t process);
	void *ctx;
};

struct replay;

/* filter may be NULL: all of the heap counts. */
struct replay *replay_new(const struct replay_filter *filter);
/* Takes the next events of the trace, in order. */
void replay_feed(struct replay *r, const struct trace_event *events, size_t count);
/* Whether the allocations that follow count, as if the filter said so: for what begins at an event,
 * not at a time. At first they do. */
void replay_mute(struct replay *r, bool muted);
/* Ends the replay and frees it; the caller frees the profile. */
struct profile *replay_finish(struct replay *r);
void replay_free(struct replay *r); /* instead of finish */

#endif
