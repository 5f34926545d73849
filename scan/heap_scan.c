/* heap_scan.c - reads every live block once and keeps what it points to.
 *
 * Neighbours are read together, with what little lies between them. Of a container only pointers to
 * blocks that do not lie in containers count, and only those that lie outside of the blocks in it:
 * a pool links its chunks, but the blocks on its free lists are not in use. A block in a container
 * keeps that alive. */
#include <stdlib.h>
#include <string.h>

#include "scan/word_scan.h"
#include "util/mem.h"

enum {
	PAGE = 4096,
	GAP_BYTES = 16384,	/* copied rather than asked for twice */
	CANDIDATES_OF_EDGE = 8, /* of pointers from one block into another's middle */
};

size_t word_scan_read(const struct scan_memory *memory, uint64_t at, void *out, size_t bytes)
{
	size_t got = 0;
	if (memory->read(memory->context, at, out, bytes))
		return bytes;
	for (size_t done = 0; done < bytes;) {
		size_t part = PAGE - (at + done) % PAGE;
		part = part < bytes - done ? part : bytes - done;
		if (memory->read(memory->context, at + done, (char *)out + done, part))
			got += part;
		else
			memset((char *)out + done, 0, part);
		done += part;
	}
	return got;
}

void candidates_add(struct candidate_list *list, const struct block_list *blocks,
		    const struct candidate *c)
{
	uint64_t offset = c->pointer - blocks->starts[c->block];
	if (offset % 8 != 0 || offset + 8 > block_list_bytes(blocks, c->block))
		return;
	list->list = mem_grow(list->list, &list->cap, list->count + 1, sizeof(*list->list));
	list->list[list->count++] = *c;
}

/* ---- one block's words ---- */

struct block_scan {
	struct mark *m;
	uint32_t part;
	struct edge_part *edges;
	size_t first_edge; /* of the block that is scanned */
	uint32_t block;
	uint32_t last; /* the block that was pointed to before, and how */
	unsigned candidates;
	bool is_container;
};

static void add_edge(struct edge_part *p, uint32_t edge)
{
	if (p->count == p->cap)
		p->edges = mem_grow(p->edges, &p->cap, p->count + 1, sizeof(*p->edges));
	p->edges[p->count++] = edge;
}

static void block_points(void *context, uint32_t to, uint64_t pointer, size_t index)
{
	struct block_scan *s = context;
	const struct block_list *l = s->m->blocks;
	uint32_t edge = to | (pointer == l->starts[to] ? 0 : EDGE_INTERIOR);
	(void)index;
	if (to == s->block || s->m->marks[to] & MARK_STRONG)
		return;
	if (s->is_container && block_list_container(l, l->starts[to]) != BLOCK_NONE &&
	    to < l->plain_count)
		return;
	if (edge != s->last) {
		s->last = edge;
		s->candidates = 0;
		add_edge(s->edges, edge);
	}
	if (edge & EDGE_INTERIOR && s->candidates++ < CANDIDATES_OF_EDGE)
		candidates_add(&s->m->candidates, l,
			       &(struct candidate){ pointer, s->edges->count - 1, to, s->part });
}

static void begin_block(struct block_scan *s, uint32_t block)
{
	s->block = block;
	s->last = BLOCK_NONE;
	s->first_edge = s->edges->count;
}

static void end_block(struct block_scan *s)
{
	const struct block_list *l = s->m->blocks;
	uint32_t around = l->count > l->plain_count && s->block < l->plain_count
				  ? block_list_container(l, l->starts[s->block])
				  : BLOCK_NONE;
	if (around != BLOCK_NONE)
		add_edge(s->edges, around);
	s->m->edge_ends[s->block] = (uint32_t)s->edges->count;
}

/* ---- plain blocks ---- */

/* Words [low, high) of the block, which are in the buffer that begins at `base`. */
static void scan_words(struct block_scan *s, const char *buffer, uint64_t base, uint64_t low,
		       uint64_t high)
{
	low = (low + 7) & ~UINT64_C(7);
	if (low < high)
		word_scan(s->m->blocks, (const uint64_t *)(buffer + (low - base)), (high - low) / 8,
			  block_points, s);
}

/* Of what may be larger than all memory: the table is not trusted. */
static void scan_range(struct block_scan *s, uint64_t from, uint64_t end, char *buffer)
{
	struct scan_range r;
	uint64_t readable = 0;
	for (uint64_t at = from; address_space_readable(s->m->space, at, end, &r); at = r.high) {
		readable += r.high - r.low;
		while ((r.low = word_scan_skip(&s->m->target->memory, r.low, r.high)) < r.high) {
			uint64_t base = r.low & ~UINT64_C(7), most = base + WORD_SCAN_BYTES;
			uint64_t to = r.high < most ? r.high : most;
			s->m->unreadable_bytes +=
				to - base -
				word_scan_read(&s->m->target->memory, base, buffer, to - base);
			scan_words(s, buffer, base, r.low, to);
			r.low = to;
		}
	}
	s->m->unreadable_bytes += end - from - readable;
}

static void scan_large(struct block_scan *s, uint32_t block, char *buffer)
{
	const struct block_list *l = s->m->blocks;
	begin_block(s, block);
	if (!(s->m->marks[block] & MARK_STACK))
		scan_range(s, l->starts[block], block_list_end(l, block), buffer);
	end_block(s);
}

/* The end of the blocks that are read together with `first`. */
static uint32_t run_end(const struct block_list *l, uint32_t first)
{
	uint64_t base = l->starts[first];
	uint32_t i = first + 1;
	while (i < l->plain_count && block_list_end(l, i) - base <= WORD_SCAN_BYTES - 8 &&
	       l->starts[i] - block_list_end(l, i - 1) <= GAP_BYTES)
		i++;
	return i;
}

static void scan_run(struct block_scan *s, uint32_t first, uint32_t end, char *buffer)
{
	const struct block_list *l = s->m->blocks;
	uint64_t base = l->starts[first] & ~UINT64_C(7);
	size_t bytes = block_list_end(l, end - 1) - base;
	s->m->unreadable_bytes +=
		bytes - word_scan_read(&s->m->target->memory, base, buffer, bytes);
	for (uint32_t i = first; i < end; i++) {
		begin_block(s, i);
		if (!(s->m->marks[i] & MARK_STACK))
			scan_words(s, buffer, base, l->starts[i], block_list_end(l, i));
		end_block(s);
	}
}

/* ---- containers ---- */

static void scan_container(struct block_scan *s, uint32_t container, char *buffer)
{
	const struct block_list *l = s->m->blocks;
	uint64_t at = l->starts[container], end = block_list_end(l, container);
	uint32_t inner = block_list_lower(l, at);
	begin_block(s, container);
	while (at < end) {
		uint64_t stop =
			inner < l->plain_count && l->starts[inner] < end ? l->starts[inner] : end;
		if (at < stop)
			scan_range(s, at, stop, buffer);
		at = stop;
		if (inner < l->plain_count && l->starts[inner] < end)
			at = block_list_end(l, inner++);
	}
	end_block(s);
	uint32_t around = l->outer[container - l->plain_count];
	if (around != BLOCK_NONE)
		add_edge(s->edges, around);
	s->m->edge_ends[container] = (uint32_t)s->edges->count;
}

void heap_scan_run(struct mark *m)
{
	const struct block_list *l = m->blocks;
	m->parts = mem_zalloc(1, sizeof(*m->parts));
	m->part_count = 1;
	m->parts[0].end = (uint32_t)l->count;
	struct block_scan s = { .m = m, .edges = &m->parts[0] };
	char *buffer = mem_alloc(WORD_SCAN_BYTES);
	for (uint32_t i = 0; i < l->plain_count;) {
		uint32_t end = run_end(l, i);
		if (block_list_bytes(l, i) > WORD_SCAN_BYTES - 8)
			scan_large(&s, i, buffer);
		else
			scan_run(&s, i, end, buffer);
		i = end;
	}
	s.is_container = true;
	for (uint32_t i = (uint32_t)l->plain_count; i < l->count; i++)
		scan_container(&s, i, buffer);
	free(buffer);
}
