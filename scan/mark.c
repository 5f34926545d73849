/* mark.c - see mark.h. */
#include "scan/mark.h"

#include <stdlib.h>
#include <string.h>

#include "scan/word_scan.h"
#include "util/mem.h"

/* ---- a stack of blocks ---- */

struct todo {
	uint32_t *list;
	size_t count, cap;
};

static void todo_push(struct todo *t, uint32_t block)
{
	if (t->count == t->cap)
		t->list = mem_grow(t->list, &t->cap, t->count + 1, sizeof(*t->list));
	t->list[t->count++] = block;
}

/* ---- roots ---- */

struct root_scan {
	struct mark *m;
	struct todo strong, weak;
	const struct root *root;
	uint64_t word; /* of the first of the words that are scanned */
};

static uint32_t holder_of_word(uint64_t word)
{
	return word < UINT32_MAX ? (uint32_t)word : UINT32_MAX;
}

static void root_points(void *context, uint32_t block, uint64_t pointer, size_t index)
{
	struct root_scan *s = context;
	struct mark *m = s->m;
	uint8_t *mark = &m->marks[block];
	uint64_t word = s->word + index;
	if (*mark & MARK_STRONG)
		return;
	if (pointer == m->blocks->starts[block]) {
		*mark = (*mark & ~MARK_WEAK) | MARK_STRONG | MARK_BY_ROOT;
		m->holders[block] = holder_of_word(word);
		todo_push(&s->strong, block);
		return;
	}
	if (s->root->only_to_start)
		return;
	if (!(*mark & MARK_WEAK)) {
		*mark |= MARK_WEAK | MARK_BY_ROOT;
		m->holders[block] = holder_of_word(word);
		todo_push(&s->weak, block);
	}
	candidates_add(&m->candidates, m->blocks,
		       &(struct candidate){ pointer, word, block, CANDIDATE_OF_ROOT });
}

static void scan_root(struct root_scan *s, const struct root *r, uint64_t *buffer)
{
	const struct scan_memory *memory = &s->m->target->memory;
	s->root = r;
	if (r->words || r->is_value) {
		s->word = r->first_word;
		word_scan(s->m->blocks, r->is_value ? &r->value : r->words, (r->high - r->low) / 8,
			  root_points, s);
		return;
	}
	for (uint64_t at = r->low; (at = word_scan_skip(memory, at, r->high)) < r->high;) {
		size_t bytes = r->high - at < WORD_SCAN_BYTES ? r->high - at : WORD_SCAN_BYTES;
		s->word = r->first_word + (at - r->low) / 8;
		size_t got = word_scan_read(memory, at, buffer, bytes);
		s->m->root_bytes += got;
		s->m->unreadable_bytes += bytes - got;
		word_scan(s->m->blocks, buffer, bytes / 8, root_points, s);
		at += bytes;
	}
}

/* ---- what is reached ---- */

struct edges mark_edges(const struct mark *m, uint32_t block)
{
	size_t i = 0;
	while (block >= m->parts[i].end)
		i++;
	const struct edge_part *p = &m->parts[i];
	uint32_t begin = block > p->first ? m->edge_ends[block - 1] : 0;
	/* A part without any has no array. */
	return (struct edges){ p->edges ? p->edges + begin : NULL, m->edge_ends[block] - begin };
}

static void reach(struct mark *m, struct todo *t, uint8_t with)
{
	while (t->count) {
		uint32_t from = t->list[--t->count];
		if (with == MARK_WEAK && m->marks[from] & MARK_STRONG)
			continue;
		struct edges edges = mark_edges(m, from);
		for (size_t i = 0; i < edges.count; i++) {
			uint32_t to = EDGE_BLOCK(edges.at[i]);
			uint8_t *mark = &m->marks[to];
			if (with == MARK_STRONG && edges.at[i] & EDGE_INTERIOR)
				continue;
			if (*mark & (MARK_STRONG | with))
				continue;
			*mark = (*mark & ~(MARK_WEAK | MARK_BY_ROOT)) | with;
			m->holders[to] = from;
			todo_push(t, to);
		}
	}
}

/* Blocks that are reached and point into the middle of others. */
static void reach_interior(struct mark *m, struct todo *weak)
{
	for (uint32_t from = 0; from < m->blocks->count; from++) {
		if (!(m->marks[from] & MARK_STRONG))
			continue;
		struct edges edges = mark_edges(m, from);
		for (size_t i = 0; i < edges.count; i++) {
			uint32_t to = EDGE_BLOCK(edges.at[i]);
			if (!(edges.at[i] & EDGE_INTERIOR) || m->marks[to] & MARK_REACHED)
				continue;
			m->marks[to] |= MARK_WEAK;
			m->holders[to] = from;
			todo_push(weak, to);
		}
	}
}

/* ---- all of it ---- */

static bool is_inherited(const struct scan_target *t, const struct block *b)
{
	return t->is_own && block_state(b) == BLOCK_LIVE &&
	       !t->is_own(t->context, block_slot(b), block_counter(b));
}

static void mark_given(struct mark *m, struct todo *strong)
{
	for (uint32_t i = 0; i < m->blocks->count; i++) {
		const struct block *b = &m->blocks->records[i];
		uint8_t mark = 0;
		if (block_is_ignored(b))
			mark = MARK_IGNORED;
		else if (is_inherited(m->target, b))
			mark = MARK_INHERITED;
		if (mark) {
			m->marks[i] = mark | MARK_STRONG;
			m->holders[i] = BLOCK_NONE;
			todo_push(strong, i);
		}
	}
	for (size_t i = 0; i < m->target->thread_count; i++) {
		uint32_t block = block_list_around(m->blocks, m->target->threads[i].sp);
		if (block == BLOCK_NONE || m->marks[block] & MARK_STRONG)
			continue;
		m->marks[block] = MARK_STRONG | MARK_STACK;
		m->holders[block] = BLOCK_NONE;
		todo_push(strong, block);
	}
}

/* What an allocator keeps for itself only its data point to, which are no roots. */
static void keep_allocators(struct mark *m, struct todo *strong, struct todo *weak)
{
	const struct scan_target *t = m->target;
	if (!t->is_allocators_stack)
		return;
	uint32_t asked = 0;
	bool keep = false;
	for (uint32_t i = 0; i < m->blocks->count; i++) {
		uint32_t stack = block_stack(&m->blocks->records[i]);
		if (m->marks[i] & MARK_REACHED)
			continue;
		if (stack != asked)
			keep = t->is_allocators_stack(t->context, stack);
		asked = stack;
		if (!keep)
			continue;
		m->marks[i] |= MARK_STRONG;
		m->holders[i] = BLOCK_NONE;
		todo_push(strong, i);
	}
	if (!strong->count)
		return;
	reach(m, strong, MARK_STRONG);
	reach_interior(m, weak);
	reach(m, weak, MARK_WEAK);
}

static int by_block(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	return (x->block > y->block) - (x->block < y->block);
}

/* Candidates that are known become pointers to starts. */
static void resolve(struct mark *m, struct todo *strong)
{
	struct candidate_list *c = &m->candidates;
	if (c->count)
		qsort(c->list, c->count, sizeof(*c->list), by_block);
	for (size_t i = 0; i < c->count; i++) {
		const struct candidate *x = &c->list[i];
		uint8_t *mark = &m->marks[x->block];
		if (*mark & MARK_STRONG || !heuristics_know(m, x))
			continue;
		*mark |= MARK_BY_HEURISTIC;
		if (x->part != CANDIDATE_OF_ROOT) {
			m->parts[x->part].edges[x->at] &= ~EDGE_INTERIOR;
			continue;
		}
		*mark = (*mark & ~MARK_WEAK) | MARK_STRONG | MARK_BY_ROOT;
		m->holders[x->block] = holder_of_word(x->at);
		todo_push(strong, x->block);
	}
	free(c->list);
	*c = (struct candidate_list){ 0 };
}

void mark_run(struct mark *m)
{
	size_t n = m->blocks->count;
	m->marks = mem_zalloc(n + 1, sizeof(*m->marks));
	m->holders = mem_realloc(NULL, n + 1, sizeof(*m->holders));
	m->edge_ends = mem_realloc(NULL, n + 1, sizeof(*m->edge_ends));
	struct root_scan s = { .m = m };
	uint64_t *buffer = mem_alloc(WORD_SCAN_BYTES);
	mark_given(m, &s.strong);
	for (size_t i = 0; i < m->roots->count; i++)
		scan_root(&s, &m->roots->roots[i], buffer);
	free(buffer);
	heap_scan_run(m);
	resolve(m, &s.strong);
	reach(m, &s.strong, MARK_STRONG);
	reach_interior(m, &s.weak);
	reach(m, &s.weak, MARK_WEAK);
	keep_allocators(m, &s.strong, &s.weak);
	free(s.strong.list);
	free(s.weak.list);
}

void mark_release(struct mark *m)
{
	free(m->marks);
	free(m->holders);
	free(m->edge_ends);
	for (size_t i = 0; i < m->part_count; i++)
		free(m->parts[i].edges);
	free(m->parts);
	free(m->candidates.list);
}
