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

/* How an op byte names a node: one of the two that came after this node before, or explicitly. */
enum node_mode {
	NODE_MODE_FIRST = 0,
	NODE_MODE_SECOND = 1,
	NODE_MODE_EXPLICIT = 2,
};

/* How a free names its block; tried in this order. `slot` is the block's. */
enum name_mode {
	NAME_SITE_AGE = 0,  /* as many allocations old as the last block freed by this site */
	NAME_SITE_STEP = 1, /* as far from that block as that one was from the one before it */
	NAME_SLOT_UP = 2,   /* the one after the last freed block of the slot */
	NAME_SLOT_DOWN = 3, /* the one before it */
	NAME_NEAR = 4,      /* explicit: zigzag byte, from the last freed block of the slot */
	NAME_FAR = 5,       /* explicit: age */
	NAME_MODE_COUNT
};

/* The two nodes that came last after a node. */
struct successors {
	uint32_t first;
	uint32_t second;
};

struct stack_state {
	uint64_t size;
	struct successors next;
	uint32_t attr; /* role | flags << 8 | allocator << 16 */
	uint32_t pad;
};

struct site_state {
	uint64_t last; /* counter of the block freed last */
	uint64_t step; /* last minus the one before */
	uint64_t age;  /* allocations of the block's slot since it, itself included */
	struct successors next;
	uint32_t block_slot;
	uint32_t attr; /* role | flags << 8 | inherited << 16 */
};

struct slot_state {
	uint64_t counter;    /* of the next ALLOC */
	uint64_t last_freed; /* counter of the block of this slot that was freed last */
	uint32_t last_stack;
	uint32_t last_site;
	uint32_t next_slot;  /* that followed this one the last time */
	uint32_t pad;
};

struct predictor {
	struct stack_state *stacks; /* by node */
	struct site_state *sites;   /* by node */
	struct slot_state *slots;   /* TRACE_MAX_SLOTS of them */
	size_t nodes;
	uint32_t slot; /* of the events that follow */
};

static inline void predictor_init(struct predictor *p)
{
	memset(p, 0, sizeof(*p));
	p->slots = mem_zalloc(TRACE_MAX_SLOTS, sizeof(*p->slots));
}

static inline void predictor_release(struct predictor *p)
{
	free(p->stacks);
	free(p->sites);
	free(p->slots);
}

static inline void *predictor_widen(void *old, size_t had, size_t want, size_t item_bytes)
{
	void *wide = mem_zalloc(want, item_bytes);
	if (had)
		memcpy(wide, old, had * item_bytes);
	free(old);
	return wide;
}

/* Makes room for nodes below count. */
static inline void predictor_reserve(struct predictor *p, size_t count)
{
	if (count <= p->nodes)
		return;
	size_t want = p->nodes * 2 > count ? p->nodes * 2 : count;
	if (want < 1024)
		want = 1024;
	p->stacks = predictor_widen(p->stacks, p->nodes, want, sizeof(*p->stacks));
	p->sites = predictor_widen(p->sites, p->nodes, want, sizeof(*p->sites));
	p->nodes = want;
}

/* The mode for a node and the update that belongs to it; the reader has the mode and takes the
 * node with successors_take(). */
AT_ALWAYS_INLINE enum node_mode successors_put(struct successors *s, uint32_t node)
{
	uint32_t first = s->first;
	if (AT_LIKELY(first == node))
		return NODE_MODE_FIRST;
	enum node_mode mode = s->second == node ? NODE_MODE_SECOND : NODE_MODE_EXPLICIT;
	s->second = first;
	s->first = node;
	return mode;
}

/* `node` is the explicit one, or ignored. */
AT_ALWAYS_INLINE uint32_t successors_take(struct successors *s, enum node_mode mode, uint32_t node)
{
	if (AT_LIKELY(mode == NODE_MODE_FIRST))
		return s->first;
	if (mode == NODE_MODE_SECOND)
		node = s->second;
	s->second = s->first;
	s->first = node;
	return node;
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
