/* leaks.h - which of the leak scans of a trace a report is made of, and the places where what they
 * found was allocated.
 *
 * A scan tells of one process at one moment. A report that sums up takes one scan of each process,
 * so that no block counts twice: what was lost before a fork is told of the parent alone, because
 * the scan of a child knows what it has inherited. Groups of these scans whose stacks read the same
 * become one *place*. */
#ifndef ALLOCTRACE_ANALYSIS_LEAKS_H
#define ALLOCTRACE_ANALYSIS_LEAKS_H

#include "analysis/callstacks.h"
#include "analysis/replay.h"
#include "wire/scans.h"

enum leaks_at {
	LEAKS_AT_LAST, /* the last one of each process that says anything */
	LEAKS_AT_EXIT, /* of those at its end, whatever ended it */
	LEAKS_AT_MARK, /* the last with this label */
	LEAKS_AT_NUMBER,
};

struct leaks_selection {
	enum leaks_at at;
	const char *mark;
	uint64_t number;
	/* What counts: its `process`; may be NULL, as the function. */
	const struct replay_filter *filter;
};

struct leaks_chosen {
	uint32_t *scans; /* numbers, by process */
	size_t count;
	/* Processes of which no scan says anything, though the selection asks for them. */
	uint32_t *unseen;
	size_t unseen_count;
};

/* The caller releases it. The reader's tables must be loaded. */
void leaks_choose(struct leaks_chosen *c, const struct trace_reader *reader,
		  const struct leaks_selection *selection);
void leaks_chosen_release(struct leaks_chosen *c);
/* Whether the process, or the program that it was, ended then: nothing was lost later. */
bool leaks_is_at_an_end(const struct trace_leak_scan *scan);

/* ---- places ---- */

enum { LEAK_OTHER_KIND = LEAK_KINDS, LEAK_ALL_KINDS = LEAK_KINDS + 1 };

struct leak_place {
	unsigned kind;	/* enum leak_kind, or LEAK_OTHER_KIND */
	unsigned flags; /* enum leak_group_flag, of any of its groups */
	uint32_t step;	/* of the callstacks */
	uint32_t allocator;
	uint64_t blocks, bytes;
	uint64_t indirect_blocks, indirect_bytes; /* lost with them */
	uint64_t least_bytes, most_bytes;
	uint64_t youngest_ns, oldest_ns, sum_ns;
	uint32_t processes;		   /* how many have such blocks */
	bool threads_differ, roles_differ; /* from the example's */
	uint32_t scan;			   /* of the example, which is of the largest group */
	uint32_t group;			   /* in that scan */
	/* With leak_places_request.tree, of an indirect place: what points to it. */
	uint32_t parent_plus_1; /* a place with a smaller number */
	uint32_t first_child_plus_1, next_plus_1;
};

struct leak_total {
	uint64_t places;
	struct trace_leak_sum sum;
};

struct leak_places_request {
	const uint32_t *scans;
	size_t scan_count;
	bool tree;
	/* What counts: its stack, thread and allocator; NULL: all. */
	const struct replay_filter *filter;
	/* Whether the user does not want to hear of what this stack makes; may be NULL. */
	bool (*suppressed)(void *ctx, uint32_t node);
	void *ctx;
};

struct leak_places {
	const struct trace_reader *reader;
	struct callstacks *stacks;
	struct leak_place *places;
	size_t count;
	struct leak_total kinds[LEAK_ALL_KINDS]; /* without what is suppressed or left out */
	struct leak_total suppressed;
	struct trace_leak_sum cut; /* in no place: there was no room for it in the trace */
};

/* stacks must outlive it; the caller releases it. What is lost with a suppressed place is
 * suppressed, too. */
void leak_places_make(struct leak_places *p, struct callstacks *stacks,
		      const struct leak_places_request *request);
void leak_places_release(struct leak_places *p);

const struct trace_leak_group *leak_place_example(const struct leak_places *p,
						  const struct leak_place *place);

/* The numbers of the places of these kinds (a bit each) with so many bytes or more, the worst
 * first: by kind, then by bytes with what is lost with them. In a tree only its roots. The caller
 * frees it. */
uint32_t *leak_places_list(const struct leak_places *p, unsigned kinds, uint64_t least_bytes,
			   size_t *count);

/* ---- rows ---- */

enum leaks_by {
	LEAKS_BY_STACK, /* no rows: places */
	LEAKS_BY_FUNCTION,
	LEAKS_BY_MODULE,
	LEAKS_BY_ALLOCATOR,
	LEAKS_BY_THREAD,
	LEAKS_BY_PROCESS,
	LEAKS_BY_COUNT
};

struct leak_row {
	uint32_t key; /* function, module, allocator, thread, process; UINT32_MAX: none */
	struct trace_leak_sum kinds[LEAK_ALL_KINDS];
};

/* Of these kinds, the largest first. The caller frees them. Places must not be a tree. */
struct leak_row *leak_rows_make(const struct leak_places *p,
				const struct leak_places_request *request, enum leaks_by by,
				unsigned kinds, size_t *count);

#endif
