/* profile.h - what a trace comes to: the result of a replay, before names and tables.
 *
 * Words: *live* is what is live at the end: still live when the trace ends or when its process
 * ended. The *heap* is what malloc and its kin gave: allocator 0 with all instances beside it; or
 * what the filter asks for of these, or the one pool. Other pools lie inside its blocks and stand
 * beside it, never in its sums. *Temporary*
 * is a block that was freed before its thread allocated again. A realloc is a free and an
 * allocation. The peak of the heap is the sum over all processes alive at that moment. */
#ifndef ALLOCTRACE_ANALYSIS_PROFILE_H
#define ALLOCTRACE_ANALYSIS_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/trace.h"
#include "wire/events.h"
#include "wire/roles.h"

enum {
	PROFILE_SIZE_CLASSES = 65, /* 0, 1, 2, 3-4, 5-8, 9-16, ... bytes */
	PROFILE_TIMELINE_POINTS = 256,
	PROFILE_MAX_MARKS = 4096,
	PROFILE_MAX_SCOPES = 4096,
};

/* What one stack, thread, size class, function, ... has to do with the heap. */
struct metrics {
	uint64_t allocs;
	uint64_t bytes;
	uint64_t temporary;
	uint64_t peak_bytes; /* live at the peak of the heap */
	uint64_t peak_blocks;
	uint64_t live_bytes; /* at the end */
	uint64_t live_blocks;
	uint64_t lifetime_ns; /* sum over the allocs - live_blocks that were freed */
};

/* A heap of its own: the session's, a process's, a pool's. */
struct heap {
	uint64_t allocs; /* including those by realloc */
	uint64_t bytes;
	uint64_t reallocs;
	uint64_t frees; /* including those by realloc */
	uint64_t temporary;
	uint64_t live_bytes;
	uint64_t live_blocks;
	uint64_t peak_bytes;
	uint64_t peak_blocks; /* live when the bytes were at their peak */
	uint64_t peak_ns;
	uint64_t lifetime_ns; /* sum over the freed blocks */
};

struct profile_stack {
	uint32_t node;
	struct metrics metrics;
};

struct profile_thread {
	uint32_t thread; /* number in the trace */
	uint32_t process;
	struct metrics metrics;
	uint64_t frees; /* by this thread, of whosever blocks */
	uint64_t freed_bytes;
	uint64_t foreign_frees; /* of these, blocks that another thread made */
};

struct profile_process {
	struct heap heap;
	uint64_t start_ns;
	uint64_t end_ns;	  /* only when `ended` */
	uint64_t wait_status;	  /* only when `ended`; TRACE_STATUS_UNKNOWN */
	uint64_t inherited_frees; /* of blocks that were made before the fork */
	uint64_t unknown_frees;	  /* of blocks that the trace does not know or that were freed */
	uint64_t losses[TRACE_LOSS_COUNT];
	uint32_t threads;
	bool started;
	bool ended;
	uint64_t mapped_bytes; /* mmap and its kin, when recorded: at the end and at the most */
	uint64_t mapped_peak_bytes;
	uint64_t mapped_peak_ns;
	uint64_t maps;
	uint64_t unmaps;
};

struct profile_pool {
	uint32_t allocator;
	struct heap heap;
};

/* What is in the heap's sums, too: the part of one instance. */
struct profile_instance {
	uint32_t allocator;
	struct heap heap;	/* peak_*: its own */
	struct metrics metrics; /* peak_*: its part of the heap's peak */
};

/* mmap and its kin, when recorded: of all processes together, as the heap is. */
struct profile_mapped {
	uint64_t peak_bytes;
	uint64_t peak_ns;
	uint64_t bytes; /* at the end, or when its process ended */
	uint64_t maps;
	uint64_t unmaps;
	/* Those that mapped something. allocs: calls; blocks and lifetimes are 0. */
	struct profile_stack *stacks;
	size_t stack_count;
};

struct profile_size_class {
	uint64_t from_bytes; /* sizes from here ... */
	uint64_t to_bytes;   /* ... to here */
	struct metrics metrics;
};

struct profile_mark {
	uint64_t time_ns;
	uint32_t thread; /* number in the trace */
	enum mark_type type;
	char *text;
	uint64_t live_bytes; /* of the session's heap at that moment */
};

/* Everything between the begin and the end of a named scope, summed over its runs. Only what the
 * thread that entered it did. */
struct profile_scope {
	char *name;
	uint64_t runs;
	uint64_t open; /* begun and never ended: not in the sums */
	uint64_t time_ns;
	uint64_t allocs;
	uint64_t bytes;
	uint64_t freed_bytes;
	uint64_t temporary;
};

struct profile {
	struct heap heap;
	uint32_t allocator; /* that `heap` is about, with `instances`: 0, or what the filter asked
			       for */
	uint64_t largest_bytes;
	uint32_t largest_node;
	uint64_t largest_ns;
	uint64_t end_ns; /* time of the last event */
	uint64_t events; /* ALLOC and FREE, of all allocators, before any filter */
	uint64_t inherited_frees;
	uint64_t unknown_frees;
	uint64_t ignored_events; /* that made no sense: a damaged trace */
	uint64_t losses[TRACE_LOSS_COUNT];
	uint64_t role_counts[ROLE_COUNT];
	struct profile_stack *stacks; /* those with allocations; in no order */
	size_t stack_count;
	struct profile_thread *threads; /* by number */
	size_t thread_count;
	struct profile_process *processes; /* by index; every one that the events name */
	size_t process_count;
	struct profile_mapped mapped;
	struct profile_pool *pools; /* without the heap; those with allocations */
	size_t pool_count;
	struct profile_instance *instances; /* beside `allocator`; those with allocations */
	size_t instance_count;
	struct profile_size_class sizes[PROFILE_SIZE_CLASSES];
	struct profile_mark *marks; /* the first MAX_MARKS */
	size_t mark_count;
	uint64_t marks_dropped;
	struct profile_scope *scopes;
	size_t scope_count;
	/* The most live bytes in each stretch of time. */
	uint64_t timeline_step_ns;
	size_t timeline_count;
	uint64_t timeline[PROFILE_TIMELINE_POINTS];
};

void profile_free(struct profile *p);

/* The process with the highest peak of its own. */
uint32_t profile_largest_process(const struct profile *p);

void metrics_add(struct metrics *sum, const struct metrics *m);

#endif
