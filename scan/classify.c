/* classify.c - see classify.h.
 *
 * Strongly connected components by Tarjan's algorithm, with a stack of its own: a lost list of a
 * million nodes is a path of a million steps. */
#include "scan/classify.h"

#include <stdlib.h>

#include "util/mem.h"

struct graph {
	struct mark *m;
	uint32_t *blocks; /* lost ones by rising number; holders[] has the number of each here */
	size_t count;
	uint32_t *component; /* while it is searched: when the block was met, + 1; 0: not yet */
	uint8_t *flags;
};

enum { LOST_DONE = 1, LOST_RING = 2, LOST_POINTED_TO = 4, LOST_REACHED = 8 };

/* ---- who points to whom ---- */

/* A block's lost neighbours. What lies in a lost container is lost with it, and not the other way
 * round. */
struct walk {
	uint32_t block;
	uint32_t at;	       /* of its edges, then of the blocks in it */
	uint32_t edges, inner; /* how many */
	uint32_t first_inner;
};

static struct walk walk_begin(const struct graph *g, uint32_t block)
{
	const struct block_list *l = g->m->blocks;
	struct walk w = { .block = block, .edges = (uint32_t)mark_edges(g->m, block).count };
	if (block >= l->plain_count) {
		w.first_inner = block_list_lower(l, l->starts[block]);
		w.inner = block_list_lower(l, block_list_end(l, block)) - w.first_inner;
	}
	return w;
}

static bool is_lost(const struct graph *g, uint32_t block)
{
	return !(g->m->marks[block] & MARK_REACHED);
}

static bool lies_in(const struct block_list *l, uint32_t block, uint32_t container)
{
	return container >= l->plain_count &&
	       l->starts[block] - l->starts[container] < block_list_bytes(l, container);
}

/* The next one's place in `blocks`, or BLOCK_NONE. */
static uint32_t walk_next(const struct graph *g, struct walk *w)
{
	const struct block_list *l = g->m->blocks;
	const uint32_t *edges = mark_edges(g->m, w->block).at;
	while (w->at < w->edges + w->inner) {
		uint32_t i = w->at++;
		uint32_t to = i < w->edges ? EDGE_BLOCK(edges[i]) : w->first_inner + i - w->edges;
		if (is_lost(g, to) && (i >= w->edges || !lies_in(l, w->block, to)))
			return g->m->holders[to];
	}
	return BLOCK_NONE;
}

/* ---- rings ---- */

struct search {
	struct walk *path;
	size_t depth, path_cap;
	uint32_t *open; /* met, and their ring not complete */
	size_t open_count, open_cap;
	uint32_t *low; /* the earliest one that is open and reached from here */
	uint32_t met;
};

static void enter(struct graph *g, struct search *s, uint32_t i)
{
	g->component[i] = s->low[i] = ++s->met;
	s->open = mem_grow(s->open, &s->open_cap, s->open_count + 1, sizeof(*s->open));
	s->open[s->open_count++] = i;
	s->path = mem_grow(s->path, &s->path_cap, s->depth + 1, sizeof(*s->path));
	s->path[s->depth++] = walk_begin(g, g->blocks[i]);
}

/* All that is open down to `i` points to each other. */
static void close_ring(struct graph *g, struct search *s, uint32_t i)
{
	bool several = s->open[s->open_count - 1] != i;
	uint32_t member;
	do {
		member = s->open[--s->open_count];
		g->component[member] = i;
		g->flags[member] |= several ? LOST_DONE | LOST_RING : LOST_DONE;
	} while (member != i);
}

static void leave(struct graph *g, struct search *s)
{
	uint32_t i = g->m->holders[s->path[--s->depth].block];
	if (s->low[i] == g->component[i])
		close_ring(g, s, i);
	if (!s->depth)
		return;
	uint32_t from = g->m->holders[s->path[s->depth - 1].block];
	if (!(g->flags[i] & LOST_DONE) && s->low[i] < s->low[from])
		s->low[from] = s->low[i];
}

static void search_from(struct graph *g, struct search *s, uint32_t first)
{
	enter(g, s, first);
	while (s->depth) {
		struct walk *w = &s->path[s->depth - 1];
		uint32_t from = g->m->holders[w->block], to = walk_next(g, w);
		if (to == BLOCK_NONE)
			leave(g, s);
		else if (g->flags[to] & LOST_DONE)
			continue;
		else if (!g->component[to])
			enter(g, s, to);
		else if (g->component[to] < s->low[from])
			s->low[from] = g->component[to];
	}
}

static void find_rings(struct graph *g)
{
	struct search s = { .low = mem_zalloc(g->count + 1, sizeof(*s.low)) };
	for (uint32_t i = 0; i < g->count; i++)
		if (!(g->flags[i] & LOST_DONE))
			search_from(g, &s, i);
	free(s.path);
	free(s.open);
	free(s.low);
}

/* ---- leaders ---- */

static void find_pointed_to(struct graph *g)
{
	for (uint32_t i = 0; i < g->count; i++) {
		struct walk w = walk_begin(g, g->blocks[i]);
		for (uint32_t to; (to = walk_next(g, &w)) != BLOCK_NONE;)
			if (g->component[to] != g->component[i])
				g->flags[g->component[to]] |= LOST_POINTED_TO;
	}
}

static void take(struct lost *lost, struct graph *g, uint32_t i)
{
	g->flags[i] |= LOST_REACHED;
	lost->in_ring[lost->count] = (g->flags[i] & LOST_RING) != 0;
	lost->blocks[lost->count++] = g->blocks[i];
}

static void take_all_from(struct lost *lost, struct graph *g, uint32_t leader, uint32_t *parents)
{
	size_t next = lost->count;
	parents[leader] = BLOCK_NONE;
	take(lost, g, leader);
	for (; next < lost->count; next++) {
		struct walk w = walk_begin(g, lost->blocks[next]);
		for (uint32_t to; (to = walk_next(g, &w)) != BLOCK_NONE;) {
			if (g->flags[to] & LOST_REACHED)
				continue;
			parents[to] = w.block;
			take(lost, g, to);
		}
	}
}

/* In each ring the first one leads, by address. */
static void take_leaders(struct lost *lost, struct graph *g)
{
	uint32_t *parents = mem_realloc(NULL, g->count + 1, sizeof(*parents));
	for (uint32_t i = 0; i < g->count; i++)
		if (!(g->flags[i] & LOST_REACHED) && !(g->flags[g->component[i]] & LOST_POINTED_TO))
			take_all_from(lost, g, i, parents);
	for (uint32_t i = 0; i < g->count; i++)
		g->m->holders[g->blocks[i]] = parents[i];
	free(parents);
}

void lost_find(struct lost *lost, struct mark *m)
{
	struct graph g = { .m = m };
	size_t n = 0;
	for (uint32_t i = 0; i < m->blocks->count; i++)
		n += !(m->marks[i] & MARK_REACHED);
	g.blocks = mem_realloc(NULL, n + 1, sizeof(*g.blocks));
	g.component = mem_zalloc(n + 1, sizeof(*g.component));
	g.flags = mem_zalloc(n + 1, sizeof(*g.flags));
	for (uint32_t i = 0; i < m->blocks->count; i++) {
		if (m->marks[i] & MARK_REACHED)
			continue;
		m->holders[i] = (uint32_t)g.count;
		g.blocks[g.count++] = i;
	}
	*lost = (struct lost){ .blocks = mem_realloc(NULL, n + 1, sizeof(*lost->blocks)),
			       .in_ring = mem_zalloc(n + 1, sizeof(*lost->in_ring)) };
	find_rings(&g);
	find_pointed_to(&g);
	take_leaders(lost, &g);
	free(g.blocks);
	free(g.component);
	free(g.flags);
}

void lost_release(struct lost *lost)
{
	free(lost->blocks);
	free(lost->in_ring);
	*lost = (struct lost){ 0 };
}
