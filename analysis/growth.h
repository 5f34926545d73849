/* growth.h - which sites of a trace keep growing: live bytes over time, by allocation stack and
 * process.
 *
 * One pass over the events. Memory follows distinct stacks, live blocks and processes; a series has
 * at most GROWTH_BUCKETS points. Nothing but the events is needed: a session that was killed, or
 * still runs, is judged as far as it goes. While recording is paused the clock stands.
 *
 * A *site* is an allocation stack (and allocator) in a process. Blocks that a process still had
 * when it ended are its; a child does not inherit those of its parent. */
#ifndef ALLOCTRACE_ANALYSIS_GROWTH_H
#define ALLOCTRACE_ANALYSIS_GROWTH_H

#include "analysis/growth_judge.h"
#include "analysis/replay.h"

enum {
	GROWTH_AGES = 11, /* below 10 us, 100 us, ... 10,000 s; and older */
};

/* The end of an age class in ns; UINT64_MAX: it has none. */
uint64_t growth_age_end_ns(unsigned age);

struct growth_site {
	uint32_t node;
	uint32_t allocator;
	uint32_t process;
	bool pool; /* blocks of a pool lie inside the heap's: no part of its sums */
	struct growth_judgement judgement;
	uint64_t allocs, bytes;		  /* ever */
	uint64_t live_bytes, live_blocks; /* at the end */
	uint32_t live_ages[GROWTH_AGES];
	uint32_t freed_ages[GROWTH_AGES];
	struct growth_point *points; /* the process's `buckets` of them; NULL for what is QUIET */
};

struct growth_process {
	uint32_t process;
	bool ended;
	bool too_short;
	uint64_t began_ns;    /* of the session's time: its first event */
	uint64_t duration_ns; /* from there to its last event, without pauses */
	uint64_t paused_ns;
	uint64_t events;  /* ALLOC and FREE */
	uint64_t step_ns; /* of a bucket */
	size_t buckets;
	uint64_t sites;
	uint64_t verdicts[GROWTH_VERDICTS]; /* how many sites */
	struct growth_site heap;	    /* all of it but pools; no node */
};

struct growth_result {
	struct growth_process *processes; /* those with allocations */
	size_t process_count;
	/* All that are GROWING, FREED_AT_END or RECENT, and the largest of the others of a process.
	 * By verdict, then by rate, or what is live. */
	struct growth_site *sites;
	size_t site_count;
	double bytes_per_s; /* of all that are GROWING */
	uint64_t paused_ns;
	uint64_t end_ns;
	uint64_t unknown_frees;
};

struct growth;

/* filter may be NULL: all of the heap and the pools. */
struct growth *growth_new(const struct replay_filter *filter);
/* Takes the next events of the trace, in order. */
void growth_feed(struct growth *g, const struct trace_event *events, size_t count);
/* Ends it and frees it. */
struct growth_result *growth_finish(struct growth *g);
void growth_free(struct growth *g); /* instead of finish */
void growth_result_free(struct growth_result *r);

/* For processes, by the trace's index; NULL: it made nothing. */
const struct growth_process *growth_process_of(const struct growth_result *r, uint32_t process);

#endif
