/* replay_state.h - what a replay holds; private to replay*.c.
 *
 * A *tenure* is a thread's time in a ring slot: almost always the thread itself. What can be
 * summed over tenures or stacks at the end is not counted a second time on the way. */
#ifndef ALLOCTRACE_ANALYSIS_REPLAY_STATE_H
#define ALLOCTRACE_ANALYSIS_REPLAY_STATE_H

#include "analysis/cost.h"
#include "analysis/live_map.h"
#include "analysis/map_sums.h"
#include "analysis/replay.h"
#include "analysis/scopes.h"

enum {
	REPLAY_MAX_NODES = 1 << 26,
	REPLAY_MAX_PROCESSES = 1 << 20,
	REPLAY_NO_TENURE = -1,
	/* Index of the stack record of blocks that are tracked for another table only. */
	REPLAY_STACK_OTHER = 0,
};

/* What ended processes had left. */
struct left {
	uint64_t bytes;
	uint64_t blocks;
};

struct tenure {
	struct cost cost;
	struct left left;
	uint64_t reallocs;
	uint64_t frees;
	uint64_t freed_bytes;
	uint64_t foreign_frees;
	uint64_t free_reallocs;
	uint64_t first; /* counter */
	uint32_t slot;
	uint32_t thread; /* number in the trace */
	uint32_t process;
	int32_t next;		    /* tenure of the same process, or REPLAY_NO_TENURE */
	bool counts;		    /* the filter lets this thread and its process pass */
	struct scope_stack *scopes; /* open ones; NULL until the first */
};

/* Live bytes and their peak: of the selected heap, or of a process's part of it. */
struct level {
	uint64_t live_bytes;
	uint64_t live_blocks;
	uint64_t peak_bytes;
	uint64_t peak_blocks;
	uint64_t peak_ns;
};

struct process_sums {
	struct level level;
	struct left left;
	struct profile_process result;
	struct mappings maps;
	int32_t tenures; /* first of the list */
	bool counts;
};

struct pool_state {
	struct heap heap;
	struct left left;
	struct cost cost;    /* REPLAY_JOINED */
	enum replay_use use; /* 0: not known yet */
};

struct stack_state {
	uint32_t node;
	bool counts; /* by the filter */
	struct left left;
};

struct replay {
	struct replay_filter filter;
	bool filtered; /* some predicate or a begin is set: look closer at every allocation */
	bool muted;    /* allocations do not count for now */
	bool ended;    /* filter.to_ns has been reached */
	uint64_t now_ns;
	/* The selected heap. */
	uint64_t epoch;
	struct level level;
	/* The timeline's present stretch, and when to look at the clock's time again: at its end
	 * or at filter.to_ns. */
	uint64_t stretch_end_ns;
	uint64_t check_ns;
	uint64_t stretch_max;
	struct live_map live;
	/* stack_of[node]: index into stacks and stack_costs, 0: not yet seen. */
	uint32_t *stack_of;
	size_t stack_of_count;
	size_t stack_of_cap;
	struct cost *stack_costs;
	size_t stack_costs_cap;
	struct stack_state *stacks;
	size_t stack_count;
	size_t stack_cap;
	struct tenure *tenures;
	size_t tenure_count;
	size_t tenure_cap;
	struct process_sums *processes;
	size_t process_count;
	size_t process_cap;
	struct pool_state *pools; /* by allocator */
	size_t pool_count;
	size_t pool_cap;
	struct cost sizes[PROFILE_SIZE_CLASSES];
	struct left sizes_left[PROFILE_SIZE_CLASSES];
	uint64_t role_counts[256];
	struct map_sums mapped; /* by index into stacks */
	struct scopes scopes;
	size_t mark_cap;
	struct profile *profile; /* what is already in its final place */
};

/* 0 for 0 bytes, else 1 + the bits of size - 1: 1, 2, 3-4, 5-8, ... */
static inline unsigned size_class(uint64_t size)
{
	if (size < 2)
		return (unsigned)size;
	return 65 - (unsigned)__builtin_clzll(size - 1);
}

static inline void level_add(struct level *l, uint64_t size)
{
	l->live_bytes += size;
	l->live_blocks++;
}

static inline void level_remove(struct level *l, uint64_t size)
{
	l->live_bytes -= size;
	l->live_blocks--;
}

/* True when this is a new peak. */
static inline bool level_rise(struct level *l, uint64_t now_ns)
{
	if (l->live_bytes <= l->peak_bytes)
		return false;
	l->peak_bytes = l->live_bytes;
	l->peak_blocks = l->live_blocks;
	l->peak_ns = now_ns;
	return true;
}

/* Makes up a tenure for a slot when the trace never said who has it; NULL: no such slot. */
AT_COLD struct tenure *replay_unknown_tenure(struct replay *r, uint32_t slot);

/* A slot's present tenure; NULL: no such slot. */
static inline struct tenure *replay_tenure(struct replay *r, uint32_t slot)
{
	if (AT_LIKELY(slot < r->live.slot_count && r->live.slots[slot].span_count))
		return &r->tenures[r->live.slots[slot].thread];
	return replay_unknown_tenure(r, slot);
}

/* The index of a node's stack, made when it is new; any number will do for a node. */
uint32_t replay_new_stack(struct replay *r, uint32_t node);
/* An allocator's sums, made when they are new; `use` is known. Valid until the next call. */
struct pool_state *replay_pool(struct replay *r, uint32_t allocator);
/* The timeline's present stretch is over: notes its most live bytes and begins the next. */
void replay_next_stretch(struct replay *r);
/* Every op but ALLOC and FREE; e->time_ns is r->now_ns. */
void replay_other(struct replay *r, const struct trace_event *e);

#endif
