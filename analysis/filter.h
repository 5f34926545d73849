/* filter.h - which allocations a report is about, as the user asked.
 *
 * Terms are joined by "and"; terms that only differ in their value, by "or": module=a module=b is
 * either. A pattern is a part of the text, or all of it when it holds one of "*?[". */
#ifndef ALLOCTRACE_ANALYSIS_FILTER_H
#define ALLOCTRACE_ANALYSIS_FILTER_H

#include "analysis/frames.h"
#include "analysis/replay.h"
#include "util/err.h"

enum filter_key {
	FILTER_MODULE,	  /* path of a module on the stack */
	FILTER_FUNCTION,  /* name of a function on the stack */
	FILTER_FILE,	  /* source file of a frame on the stack */
	FILTER_THREAD,	  /* tid, or pattern for the thread's name */
	FILTER_PROCESS,	  /* pid, or pattern for the executable */
	FILTER_ALLOCATOR, /* those so named, or one pool; "heap": malloc's alone */
	FILTER_KEYS
};

struct filter_term {
	enum filter_key key;
	bool negated; /* no frame, thread, process may match */
	char *pattern;
};

/* Zero-initialised lets everything pass. */
struct filter {
	struct filter_term *terms;
	size_t count;
	size_t cap;
	uint64_t from_ns;
	uint64_t to_ns;		    /* 0: to the end */
	uint64_t from_event; /* the same by the number of an event in the trace, from 1; 0: none */
	uint64_t to_event;   /* for trace_data_load() */
	struct filter_state *state; /* while a replay runs */
};

bool filter_is_empty(const struct filter *f);

/* The key of that name, or -1. */
int filter_key_find(const char *name);
const char *filter_key_name(enum filter_key key);
void filter_add(struct filter *f, enum filter_key key, bool negated, const char *pattern);
void filter_release(struct filter *f);

/* The filter as the replay takes it; f and frames must stay until the replay has ended. The
 * reader's tables must be loaded. Where nothing of the trace is meant, no allocation passes. -1
 * when there are more terms than can be told apart. */
int filter_prepare(struct filter *f, struct frames *frames, struct replay_filter *out,
		   struct err *err);

#endif
