/* mark.h - who points to whom, and what is reached from the roots.
 *
 * The roots are read first, then every live block once, by rising address and in large pieces; what
 * each block points to is kept as numbers. The rest is done on them, without the process's memory.
 */
#ifndef ALLOCTRACE_SCAN_MARK_H
#define ALLOCTRACE_SCAN_MARK_H

#include "scan/root_ranges.h"

enum block_mark {
	MARK_STRONG = 1,  /* reached by pointers to starts alone */
	MARK_WEAK = 2,	  /* reached, somewhere through the middle of a block */
	MARK_BY_ROOT = 4, /* its holder is a word of a root, not a block */
	MARK_BY_HEURISTIC = 8,
	MARK_INHERITED = 16, /* made before the process was forked; strong */
	MARK_IGNORED = 32,   /* the program said so; strong */
	MARK_STACK = 64,     /* a thread runs on it: strong, and its words do not count */
};

#define MARK_REACHED (MARK_STRONG | MARK_WEAK)

/* An edge: the number of the block that is pointed to, and whether into its middle. */
#define EDGE_INTERIOR (UINT32_C(1) << 31)
#define EDGE_BLOCK(e) ((e) & (BLOCK_LIST_MAX - 1))

/* The edges of the blocks [first, end), one block's after the other's. */
struct edge_part {
	uint32_t first, end;
	uint32_t *edges;
	size_t count, cap;
};

/* A pointer into the middle of a block that may stand for one to its start. */
struct candidate {
	uint64_t pointer;
	uint64_t at; /* index of the edge in its part; of a root the number of its word */
	uint32_t block;
	uint32_t part; /* or CANDIDATE_OF_ROOT */
};

#define CANDIDATE_OF_ROOT UINT32_MAX

struct candidate_list {
	struct candidate *list;
	size_t count, cap;
};

struct mark {
	const struct scan_target *target;
	const struct block_list *blocks;
	const struct address_space *space;
	const struct root_list *roots;
	struct read_cache *cache;
	uint8_t *marks;	     /* of each block: enum block_mark */
	uint32_t *holders;   /* of each reached block: the word of a root, or a block */
	uint32_t *edge_ends; /* of each block: where its edges end in its part */
	struct edge_part *parts;
	size_t part_count;
	struct candidate_list candidates;
	uint64_t root_bytes, unreadable_bytes;
};

struct edges {
	const uint32_t *at;
	size_t count;
};

/* Fills in all but the first five, which the caller has set. */
void mark_run(struct mark *m);
void mark_release(struct mark *m);

/* What the block points to, each target mostly once. */
struct edges mark_edges(const struct mark *m, uint32_t block);

/* Is the edge or root word's pointer into the middle of the block for what it is one to its start?
 * heuristics.c. */
bool heuristics_know(const struct mark *m, const struct candidate *c);

#endif
