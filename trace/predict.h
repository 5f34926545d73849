/* predict.h - what writer and reader both expect of the next event.
 *
 * Both keep this state and bring it up to date with the same functions after each event, so the
 * writer need only say "as expected" (bits of the op byte), or the value. The state is carried
 * from chunk to chunk. All indices in it were checked when they came in explicitly. */
#ifndef ALLOCTRACE_TRACE_PREDICT_H
#define ALLOCTRACE_TRACE_PREDICT_H

#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "trace/trace.h"
#include "util/mem.h"
#include "wire/session.h"

/* Stacks, and sites, are numbered as they are first used: small numbers, and state for the nodes
 * that are used and not for the frames between. Number 0 is there from the start and stands for
 * NODE_ROOT. This is how an op byte names one. */
enum node_mode {
	NODE_MODE_FIRST = 0,  /* the one that followed the present one the last time */
	NODE_MODE_SECOND = 1, /* ... the time before */
	NODE_MODE_KNOWN = 2,  /* explicit: its number */
	NODE_MODE_NEW = 3,    /* explicit: its node; it gets the next number */
};

/* How an allocation gives its size. */
enum size_mode {
	SIZE_SAME = 0, /* as the last of this stack */
	SIZE_NEXT = 1, /* what came the last time that this stack's size changed from there */
	SIZE_EXPLICIT = 2,
};

/* How a free names its block; tried in this order. `slot` is the block's. */
enum name_mode {
	NAME_SITE_AGE = 0,  /* as many allocations old as the last block freed by this site */
	NAME_SITE_STEP = 1, /* as far from that block as that one was from the one before it */
	NAME_SLOT_UP = 2,   /* the one after the last freed block of the slot */
	NAME_SLOT_DOWN = 3, /* the one before it */
	NAME_NEAR = 4,	    /* explicit: zigzag byte, from the last freed block of the slot */
	NAME_FAR = 5,	    /* explicit: age */
	NAME_MODE_COUNT
};

/* The two numbers that came last after one. */
struct successors {
	uint32_t first;
	uint32_t second;
};

struct stack_state {
	uint64_t size;
	struct successors next;
	uint32_t node;
	uint32_t attr; /* role | flags << 8 | allocator << 16 */
};

struct site_state {
	uint64_t last; /* counter of the block freed last */
	uint64_t step; /* last minus the one before */
	uint64_t age;  /* allocations of the block's slot since it, itself included */
	struct successors next;
	uint32_t node;
	uint32_t attr; /* role | flags << 8 | inherited << 16 */
	uint32_t block_slot;
	uint32_t pad;
};

struct slot_state {
	uint64_t counter;    /* of the next ALLOC */
	uint64_t last_freed; /* counter of the block of this slot that was freed last */
	uint32_t last_stack; /* number */
	uint32_t last_site;  /* number */
	uint32_t next_slot;  /* that followed this one the last time */
	uint32_t pad;
};

enum { NEXT_SIZE_BITS = 12 };

struct predictor {
	struct stack_state *stacks; /* by number */
	struct site_state *sites;   /* by number */
	struct slot_state *slots;   /* those reserved, at least slot 0 */
	size_t stack_count, stack_cap;
	size_t site_count, site_cap;
	size_t slot_count, slot_cap;
	uint32_t last_new_stack;		  /* node */
	uint32_t last_new_site;			  /* node */
	uint32_t slot;				  /* of the events that follow */
	uint64_t next_sizes[1 << NEXT_SIZE_BITS]; /* see predict_next_size() */
};

/* The next number, for a stack of that node; its state is blank. */
static inline uint32_t predictor_add_stack(struct predictor *p, uint32_t node)
{
	p->stacks = mem_grow(p->stacks, &p->stack_cap, p->stack_count + 1, sizeof(*p->stacks));
	p->stacks[p->stack_count] = (struct stack_state){ .node = node };
	p->last_new_stack = node;
	return (uint32_t)p->stack_count++;
}

static inline uint32_t predictor_add_site(struct predictor *p, uint32_t node)
{
	p->sites = mem_grow(p->sites, &p->site_cap, p->site_count + 1, sizeof(*p->sites));
	p->sites[p->site_count] = (struct site_state){ .node = node };
	p->last_new_site = node;
	return (uint32_t)p->site_count++;
}

/* Before a slot is used for the first time. May move p->slots. */
static inline void predictor_reserve_slot(struct predictor *p, uint32_t slot)
{
	if (slot < p->slot_count)
		return;
	p->slots = mem_grow(p->slots, &p->slot_cap, (size_t)slot + 1, sizeof(*p->slots));
	memset(p->slots + p->slot_count, 0, (slot + 1 - p->slot_count) * sizeof(*p->slots));
	p->slot_count = (size_t)slot + 1;
}

static inline void predictor_init(struct predictor *p)
{
	memset(p, 0, sizeof(*p));
	predictor_reserve_slot(p, 0);
	predictor_add_stack(p, NODE_ROOT);
	predictor_add_site(p, NODE_ROOT);
}

static inline void predictor_release(struct predictor *p)
{
	free(p->stacks);
	free(p->sites);
	free(p->slots);
}

/* The mode for a number that is known, with the update that belongs to it. */
AT_ALWAYS_INLINE enum node_mode successors_put(struct successors *s, uint32_t number)
{
	uint32_t first = s->first;
	if (AT_LIKELY(first == number))
		return NODE_MODE_FIRST;
	enum node_mode mode = s->second == number ? NODE_MODE_SECOND : NODE_MODE_KNOWN;
	s->second = first;
	s->first = number;
	return mode;
}

/* The same update when the mode is what is known; `number` is the explicit one, or ignored. */
AT_ALWAYS_INLINE uint32_t successors_take(struct successors *s, unsigned mode, uint32_t number)
{
	if (AT_LIKELY(mode == NODE_MODE_FIRST))
		return s->first;
	if (mode == NODE_MODE_SECOND)
		number = s->second;
	s->second = s->first;
	s->first = number;
	return number;
}

/* Where the size is kept that follows `size` at a stack. Others may share the place. */
AT_ALWAYS_INLINE uint64_t *predict_next_size(struct predictor *p, uint32_t stack, uint64_t size)
{
	uint64_t mixed = (stack * UINT64_C(0x9e3779b1) + size) * UINT64_C(0x9e3779b97f4a7c15);
	return &p->next_sizes[mixed >> (64 - NEXT_SIZE_BITS)];
}

/* A block of `slot` was freed by `site`. */
AT_ALWAYS_INLINE void predict_freed(struct site_state *site, struct slot_state *slot,
				    uint64_t counter)
{
	site->step = counter - site->last;
	site->last = counter;
	site->age = slot->counter - counter;
	slot->last_freed = counter;
}

#endif
