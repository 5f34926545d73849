/* calltree.c - see calltree.h. */
#include "analysis/calltree.h"

#include <stdlib.h>

#include "analysis/pair_map.h"
#include "util/mem.h"

struct path {
	int64_t *functions; /* innermost first */
	size_t count;
	size_t cap;
	size_t charged; /* position of the function that is charged */
};

static void push(struct path *p, int64_t function)
{
	p->functions = mem_grow(p->functions, &p->cap, p->count + 1, sizeof(*p->functions));
	p->functions[p->count++] = function;
}

static void path_of(struct path *p, const struct callstacks *stacks, uint32_t step)
{
	bool found = false;
	p->count = 0;
	p->charged = 0;
	for (; step >= STEP_FIRST; step = stacks->steps[step].parent) {
		size_t count;
		const struct frame *frames =
			frames_of_list(stacks->frames, stacks->steps[step].list, &count);
		for (size_t i = 0; i < count; i++) {
			if (!found &&
			    !frames_function(stacks->frames, frames[i].function)->plumbing) {
				found = true;
				p->charged = p->count;
			}
			push(p, frames[i].function);
		}
	}
	if (step == STEP_TRUNCATED)
		push(p, CALLTREE_TRUNCATED);
	else if (step == STEP_UNKNOWN)
		push(p, CALLTREE_UNKNOWN);
	else if (!p->count)
		push(p, CALLTREE_NONE);
}

static uint32_t child_of(struct calltree *t, struct pair_map *map, uint32_t parent,
			 int64_t function)
{
	bool fresh;
	uint32_t *number = pair_map_at(map, parent, (uint64_t)function, &fresh);
	if (fresh) {
		t->nodes = mem_grow(t->nodes, &t->cap, t->count + 1, sizeof(*t->nodes));
		t->nodes[t->count] =
			(struct calltree_node){ .function = function, .parent = parent };
		*number = (uint32_t)t->count++;
	}
	return *number;
}

static void add_path(struct calltree *t, struct pair_map *map, enum calltree_kind kind,
		     const struct path *p, const struct metrics *m)
{
	uint32_t at = 0;
	metrics_add(&t->nodes[0].metrics, m);
	size_t first = kind == CALLTREE_CALLERS ? p->charged : 0;
	for (size_t i = first; i < p->count; i++) {
		size_t index = kind == CALLTREE_CALLERS ? i : p->count - 1 - i;
		at = child_of(t, map, at, p->functions[index]);
		metrics_add(&t->nodes[at].metrics, m);
	}
}

struct order {
	uint32_t parent;
	uint32_t node;
	uint64_t value;
};

/* By parent, and the smallest first: each is then put before its siblings. */
static int by_parent(const void *a, const void *b)
{
	const struct order *x = a, *y = b;
	if (x->parent != y->parent)
		return x->parent < y->parent ? -1 : 1;
	if (x->value != y->value)
		return x->value < y->value ? -1 : 1;
	return x->node > y->node ? -1 : x->node < y->node;
}

static void link_children(struct calltree *t, enum rollup_sort sort)
{
	struct order *order = mem_zalloc(t->count, sizeof(*order));
	for (uint32_t i = 1; i < t->count; i++)
		order[i] = (struct order){ t->nodes[i].parent, i,
					   metrics_get(&t->nodes[i].metrics, sort) };
	qsort(order + 1, t->count - 1, sizeof(*order), by_parent);
	for (size_t i = 1; i < t->count; i++) {
		struct calltree_node *parent = &t->nodes[order[i].parent];
		t->nodes[order[i].node].next = parent->first;
		parent->first = order[i].node;
	}
	free(order);
}

void calltree_make(struct calltree *t, enum calltree_kind kind, enum rollup_sort sort,
		   const struct callstacks *stacks)
{
	struct pair_map map = { NULL, 0, 0 };
	struct path path = { NULL, 0, 0, 0 };
	*t = (struct calltree){ NULL, 0, 0 };
	t->nodes = mem_grow(NULL, &t->cap, 1, sizeof(*t->nodes));
	t->nodes[t->count++] = (struct calltree_node){ .function = CALLTREE_NONE };
	for (size_t i = 0; i < stacks->count; i++) {
		path_of(&path, stacks, stacks->stacks[i].step);
		add_path(t, &map, kind, &path, &stacks->stacks[i].metrics);
	}
	link_children(t, sort);
	free(path.functions);
	pair_map_release(&map);
}

void calltree_release(struct calltree *t)
{
	free(t->nodes);
	*t = (struct calltree){ NULL, 0, 0 };
}
