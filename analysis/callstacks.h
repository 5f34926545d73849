/* callstacks.h - the distinct stacks of a profile, as they read.
 *
 * The trace numbers stacks by code address, and may give one address two numbers. Here stacks
 * that read the same (functions, files, lines) are one. A stack is a chain of steps from the
 * innermost frame list to the outermost; chains share their outer ends. */
#ifndef ALLOCTRACE_ANALYSIS_CALLSTACKS_H
#define ALLOCTRACE_ANALYSIS_CALLSTACKS_H

#include "analysis/frames.h"
#include "analysis/profile.h"

/* Steps with a fixed meaning: what stands outside of the outermost known frame. */
enum {
	STEP_ROOT = 0,	    /* nothing */
	STEP_TRUNCATED = 1, /* frames beyond the depth limit */
	STEP_UNKNOWN = 2,   /* frames that the unwinder did not find */
	STEP_FIRST = 3,
};

struct step {
	uint32_t parent; /* the next step outwards */
	uint32_t list;	 /* of frames */
	uint32_t module;
	uint32_t depth;	 /* steps from here to the outermost; bounded, whatever a trace says */
	uint64_t offset; /* of one of the addresses that read like this */
};

struct callstack {
	uint32_t step; /* innermost */
	struct metrics metrics;
};

struct callstacks {
	struct frames *frames;
	struct step *steps;
	size_t step_count;
	struct callstack *stacks; /* those that were handed in; in no order */
	size_t count;
};

/* frames must outlive the result; stacks need not. */
struct callstacks *callstacks_new(struct frames *frames, const struct profile_stack *stacks,
				  size_t count);
void callstacks_free(struct callstacks *c);

/* The step for a node of the trace that is not among the profile's stacks. */
uint32_t callstacks_step(struct callstacks *c, uint32_t node);

/* The function that a stack's allocations are charged to: the innermost one that is no plumbing,
 * or the innermost of all. *frame may be NULL; else gets the frame. */
uint32_t callstacks_charged(const struct callstacks *c, uint32_t step, const struct frame **frame);

#endif
