/* calltree.h - who called whom, with the sums of everything below.
 *
 * CALLEES: from the outermost function inwards; a node's metrics are those of all stacks through
 * it. CALLERS: from the function that is charged outwards. Recursion gives a deeper tree. */
#ifndef ALLOCTRACE_ANALYSIS_CALLTREE_H
#define ALLOCTRACE_ANALYSIS_CALLTREE_H

#include "analysis/callstacks.h"
#include "analysis/rollup.h"

enum calltree_kind { CALLTREE_CALLERS, CALLTREE_CALLEES };

/* function of nodes that stand for no known function */
enum { CALLTREE_NONE = -1, CALLTREE_TRUNCATED = -2, CALLTREE_UNKNOWN = -3 };

struct calltree_node {
	int64_t function; /* index for frames_function(), or one of the above */
	uint32_t parent;  /* 0 is the root, which is its own parent */
	uint32_t first;	  /* child with the largest sum, 0: none */
	uint32_t next;	  /* sibling, 0: none */
	struct metrics metrics;
};

struct calltree {
	struct calltree_node *nodes; /* [0] is the root: everything */
	size_t count;
	size_t cap;
};

void calltree_make(struct calltree *t, enum calltree_kind kind, enum rollup_sort sort,
		   const struct callstacks *stacks);
void calltree_release(struct calltree *t);

#endif
