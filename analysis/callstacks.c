/* callstacks.c - see callstacks.h. */
#include "analysis/callstacks.h"

#include <stdlib.h>

#include "analysis/pair_map.h"
#include "util/mem.h"
#include "wire/session.h"

/* More than the runtime ever records. */
enum { MAX_DEPTH = SESSION_MAX_DEPTH * 4 };

/* The public part first: callers see only that. */
struct builder {
	struct callstacks public;
	size_t step_cap;
	struct pair_map steps_by_list; /* (parent, list) -> step */
	uint32_t *step_of;	       /* [node]: step, 0: not yet asked for */
	size_t node_count;
};

_Static_assert((int)STEP_ROOT == NODE_ROOT && (int)STEP_TRUNCATED == NODE_TRUNCATED &&
		       (int)STEP_UNKNOWN == NODE_UNKNOWN && (int)STEP_FIRST == NODE_FIRST,
	       "fixed nodes are fixed steps");

static uint32_t step_for(struct builder *b, uint32_t parent, const struct trace_node *node)
{
	struct callstacks *c = &b->public;
	if (c->steps[parent].depth >= MAX_DEPTH)
		parent = STEP_TRUNCATED;
	uint32_t list = frames_list(c->frames, node->module, node->offset);
	bool fresh;
	uint32_t *number = pair_map_at(&b->steps_by_list, parent, list, &fresh);
	if (!fresh)
		return *number;
	*number = (uint32_t)c->step_count;
	c->steps = mem_grow(c->steps, &b->step_cap, c->step_count + 1, sizeof(*c->steps));
	c->steps[c->step_count++] = (struct step){ parent, list, node->module,
						   c->steps[parent].depth + 1, node->offset };
	return *number;
}

/* Walks outwards to what is known, then back in. A parent comes before its child in the trace;
 * where that does not hold, the trace is damaged and the chain ends. */
uint32_t callstacks_step(struct callstacks *c, uint32_t node)
{
	struct builder *b = (struct builder *)c;
	const struct trace_reader *reader = frames_reader(c->frames);
	uint32_t chain[MAX_DEPTH];
	size_t depth = 0;
	uint32_t step;
	for (;;) {
		if (node < NODE_FIRST) {
			step = node;
			break;
		}
		if (node >= b->node_count) {
			step = STEP_UNKNOWN;
			break;
		}
		if (b->step_of[node]) {
			step = b->step_of[node];
			break;
		}
		if (depth == MAX_DEPTH) {
			step = STEP_TRUNCATED;
			break;
		}
		chain[depth++] = node;
		uint32_t parent = trace_reader_node(reader, node)->parent;
		node = parent < node ? parent : (uint32_t)NODE_UNKNOWN;
	}
	while (depth--) {
		step = step_for(b, step, trace_reader_node(reader, chain[depth]));
		b->step_of[chain[depth]] = step;
	}
	return step;
}

struct callstacks *callstacks_new(struct frames *frames, const struct profile_stack *stacks,
				  size_t count)
{
	struct builder *b = mem_zalloc(1, sizeof(*b));
	struct callstacks *c = &b->public;
	c->frames = frames;
	b->node_count = trace_reader_node_count(frames_reader(frames));
	b->step_of = mem_zalloc(b->node_count + 1, sizeof(*b->step_of));
	c->steps = mem_grow(NULL, &b->step_cap, STEP_FIRST, sizeof(*c->steps));
	for (; c->step_count < STEP_FIRST; c->step_count++)
		c->steps[c->step_count] = (struct step){ STEP_ROOT, 0, TRACE_NO_MODULE, 0, 0 };
	c->stacks = mem_zalloc(count + 1, sizeof(*c->stacks));
	uint32_t *stack_of = NULL; /* [step]: 1 + index into c->stacks */
	size_t stack_of_count = 0;
	for (size_t i = 0; i < count; i++) {
		uint32_t step = callstacks_step(c, stacks[i].node);
		if (step >= stack_of_count) {
			stack_of = mem_realloc(stack_of, b->step_cap, sizeof(*stack_of));
			for (; stack_of_count < b->step_cap; stack_of_count++)
				stack_of[stack_of_count] = 0;
		}
		if (!stack_of[step]) {
			c->stacks[c->count++].step = step;
			stack_of[step] = (uint32_t)c->count;
		}
		metrics_add(&c->stacks[stack_of[step] - 1].metrics, &stacks[i].metrics);
	}
	free(stack_of);
	return c;
}

void callstacks_free(struct callstacks *c)
{
	struct builder *b = (struct builder *)c;
	if (!b)
		return;
	pair_map_release(&b->steps_by_list);
	free(b->step_of);
	free(c->steps);
	free(c->stacks);
	free(b);
}

uint32_t callstacks_charged(const struct callstacks *c, uint32_t step, const struct frame **frame)
{
	const struct frame *innermost = NULL;
	for (; step >= STEP_FIRST; step = c->steps[step].parent) {
		size_t count;
		const struct frame *frames = frames_of_list(c->frames, c->steps[step].list, &count);
		for (size_t i = 0; i < count; i++) {
			if (!innermost)
				innermost = &frames[i];
			if (frames_function(c->frames, frames[i].function)->plumbing)
				continue;
			if (frame)
				*frame = &frames[i];
			return frames[i].function;
		}
	}
	if (frame)
		*frame = innermost;
	return innermost ? innermost->function : UINT32_MAX;
}
