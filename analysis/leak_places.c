/* leak_places.c - the groups of scans become places, and rows; see leaks.h. */
#include <stdlib.h>
#include <string.h>

#include "analysis/leaks.h"
#include "analysis/pair_map.h"
#include "util/mem.h"

/* A place that is none. */
#define NO_PLACE UINT32_MAX

struct builder {
	struct leak_places *p;
	const struct leak_places_request *request;
	size_t cap;
	struct pair_map stacks; /* (parent place + 1, step) -> a number */
	struct pair_map places; /* (that number, kind and allocator) -> place */
	uint32_t stack_count;
	uint32_t *last_process; /* by place */
	size_t last_cap;
};

static unsigned kind_of(const struct trace_leak_group *g)
{
	return g->kind < LEAK_KINDS ? g->kind : LEAK_OTHER_KIND;
}

static uint64_t add_up(uint64_t a, uint64_t b)
{
	return a + b < a ? UINT64_MAX : a + b;
}

static void add_sum(struct trace_leak_sum *to, uint64_t blocks, uint64_t bytes)
{
	to->blocks = add_up(to->blocks, blocks);
	to->bytes = add_up(to->bytes, bytes);
}

/* ---- what is left out ---- */

enum verdict { SHOWN = 0, SUPPRESSED, LEFT_OUT };

static bool passes(const struct replay_filter *f, const struct trace_leak_group *g)
{
	if (!f)
		return true;
	if (f->one_allocator && g->allocator != f->allocator &&
	    !(g->allocator && f->use(f->ctx, g->allocator) == REPLAY_JOINED))
		return false;
	return (!f->stack || f->stack(f->ctx, g->stack)) &&
	       (!f->thread || f->thread(f->ctx, g->thread));
}

/* By group; the caller frees it. A parent comes before its children, and a suppressed one takes
 * them along. */
static uint8_t *judge_groups(const struct trace_leak_scan *scan,
			     const struct leak_places_request *request)
{
	uint8_t *result = mem_zalloc(scan->group_count + 1u, sizeof(*result));
	for (uint32_t i = 0; i < scan->group_count; i++) {
		const struct trace_leak_group *g = &scan->groups[i];
		bool by_parent = g->parent_plus_1 && g->parent_plus_1 <= i &&
				 kind_of(g) == LEAK_INDIRECT &&
				 result[g->parent_plus_1 - 1] == SUPPRESSED;
		if (!passes(request->filter, g))
			result[i] = LEFT_OUT;
		else if (by_parent ||
			 (request->suppressed && request->suppressed(request->ctx, g->stack)))
			result[i] = SUPPRESSED;
	}
	return result;
}

/* ---- merging ---- */

static struct leak_place *new_place(struct builder *b, const struct trace_leak_group *g,
				    uint32_t step, uint32_t parent_plus_1)
{
	struct leak_places *p = b->p;
	p->places = mem_grow(p->places, &b->cap, p->count + 1, sizeof(*p->places));
	b->last_process =
		mem_grow(b->last_process, &b->last_cap, p->count + 1, sizeof(*b->last_process));
	b->last_process[p->count] = UINT32_MAX - 1;
	struct leak_place *place = &p->places[p->count++];
	*place = (struct leak_place){ .kind = kind_of(g),
				      .step = step,
				      .allocator = g->allocator,
				      .least_bytes = UINT64_MAX,
				      .youngest_ns = UINT64_MAX,
				      .parent_plus_1 = parent_plus_1 };
	p->kinds[place->kind].places++;
	return place;
}

static uint32_t place_for(struct builder *b, const struct trace_leak_group *g,
			  uint32_t parent_plus_1)
{
	bool fresh;
	uint32_t step = callstacks_step(b->p->stacks, g->stack);
	uint32_t *stack = pair_map_at(&b->stacks, parent_plus_1, step, &fresh);
	if (fresh)
		*stack = b->stack_count++;
	uint32_t number = *stack;
	uint32_t *place = pair_map_at(&b->places, number, g->allocator << 8 | kind_of(g), &fresh);
	if (fresh) {
		*place = (uint32_t)b->p->count;
		new_place(b, g, step, parent_plus_1);
	}
	return *place;
}

static void choose_example(const struct leak_places *p, struct leak_place *place,
			   const struct trace_leak_group *g, uint32_t scan, uint32_t group)
{
	const struct trace_leak_group *old = leak_place_example(p, place);
	if (place->blocks) {
		place->threads_differ |= old->thread != g->thread;
		place->roles_differ |= old->role != g->role;
	}
	if (!place->blocks ||
	    add_up(g->bytes, g->indirect_bytes) > add_up(old->bytes, old->indirect_bytes)) {
		place->scan = scan;
		place->group = group;
	}
}

static void take_group(struct builder *b, uint32_t number, uint32_t scan, uint32_t group)
{
	const struct trace_leak_scan *s = trace_reader_leak_scan(b->p->reader, scan);
	const struct trace_leak_group *g = &s->groups[group];
	struct leak_place *place = &b->p->places[number];
	choose_example(b->p, place, g, scan, group);
	place->flags |= g->flags;
	place->blocks = add_up(place->blocks, g->blocks);
	place->bytes = add_up(place->bytes, g->bytes);
	place->indirect_blocks = add_up(place->indirect_blocks, g->indirect_blocks);
	place->indirect_bytes = add_up(place->indirect_bytes, g->indirect_bytes);
	place->sum_ns = add_up(place->sum_ns, g->sum_ns);
	if (g->least_bytes < place->least_bytes)
		place->least_bytes = g->least_bytes;
	if (g->most_bytes > place->most_bytes)
		place->most_bytes = g->most_bytes;
	if (g->youngest_ns < place->youngest_ns)
		place->youngest_ns = g->youngest_ns;
	if (g->oldest_ns > place->oldest_ns)
		place->oldest_ns = g->oldest_ns;
	if (b->last_process[number] != s->process)
		place->processes++;
	b->last_process[number] = s->process;
}

/* An indirect group stands under the place of its parent; what is not lost has no tree. */
static uint32_t parent_place(const struct builder *b, const struct trace_leak_group *g,
			     uint32_t group, const uint32_t *place_of)
{
	if (!b->request->tree || kind_of(g) != LEAK_INDIRECT || !g->parent_plus_1 ||
	    g->parent_plus_1 > group)
		return 0;
	/* What is left out is no place: NO_PLACE + 1 is 0. */
	return place_of[g->parent_plus_1 - 1] + 1;
}

static void take_scan(struct builder *b, uint32_t number)
{
	struct leak_places *p = b->p;
	const struct trace_leak_scan *s = trace_reader_leak_scan(p->reader, number);
	uint8_t *verdicts = judge_groups(s, b->request);
	uint32_t *place_of = mem_zalloc(s->group_count + 1u, sizeof(*place_of));
	struct trace_leak_sum left_out[LEAK_ALL_KINDS] = { 0 };
	for (uint32_t i = 0; i < s->group_count; i++) {
		const struct trace_leak_group *g = &s->groups[i];
		if (verdicts[i] != SHOWN) {
			place_of[i] = NO_PLACE;
			add_sum(&left_out[kind_of(g)], g->blocks, g->bytes);
			/* Of what is reachable nobody wants to hear of in the first place. */
			if (verdicts[i] == LEFT_OUT || kind_of(g) == LEAK_REACHABLE)
				continue;
			p->suppressed.places++;
			add_sum(&p->suppressed.sum, g->blocks, g->bytes);
			continue;
		}
		place_of[i] = place_for(b, g, parent_place(b, g, i, place_of));
		take_group(b, place_of[i], number, i);
	}
	for (unsigned kind = 0; kind < LEAK_KINDS; kind++) {
		struct trace_leak_sum sum = s->kinds[kind], out = left_out[kind];
		add_sum(&p->kinds[kind].sum, sum.blocks > out.blocks ? sum.blocks - out.blocks : 0,
			sum.bytes > out.bytes ? sum.bytes - out.bytes : 0);
	}
	add_sum(&p->cut, s->cut.blocks, s->cut.bytes);
	free(place_of);
	free(verdicts);
}

/* Sums of what hangs on the places inside a tree, and the lists of children. The scan tells those
 * of lost roots. */
static void link_tree(struct leak_places *p)
{
	for (size_t i = p->count; i-- > 0;) {
		struct leak_place *place = &p->places[i];
		if (!place->parent_plus_1)
			continue;
		struct leak_place *parent = &p->places[place->parent_plus_1 - 1];
		place->next_plus_1 = parent->first_child_plus_1;
		parent->first_child_plus_1 = (uint32_t)i + 1;
		if (!parent->parent_plus_1)
			continue;
		parent->indirect_blocks = add_up(parent->indirect_blocks,
						 add_up(place->blocks, place->indirect_blocks));
		parent->indirect_bytes =
			add_up(parent->indirect_bytes, add_up(place->bytes, place->indirect_bytes));
	}
}

void leak_places_make(struct leak_places *p, struct callstacks *stacks,
		      const struct leak_places_request *request)
{
	struct builder b = { .p = p, .request = request };
	*p = (struct leak_places){ .reader = frames_reader(stacks->frames), .stacks = stacks };
	for (size_t i = 0; i < request->scan_count; i++)
		take_scan(&b, request->scans[i]);
	if (request->tree)
		link_tree(p);
	pair_map_release(&b.stacks);
	pair_map_release(&b.places);
	free(b.last_process);
}

void leak_places_release(struct leak_places *p)
{
	free(p->places);
	p->places = NULL;
	p->count = 0;
}

const struct trace_leak_group *leak_place_example(const struct leak_places *p,
						  const struct leak_place *place)
{
	static const struct trace_leak_group none = { .thread = TRACE_NO_THREAD,
						      .holder_thread = TRACE_NO_THREAD };
	const struct trace_leak_scan *scan = trace_reader_leak_scan(p->reader, place->scan);
	return place->group < scan->group_count ? &scan->groups[place->group] : &none;
}

/* ---- their order ---- */

static int compare_places(const void *x, const void *y, void *context)
{
	static const unsigned ranks[LEAK_ALL_KINDS] = {
		[LEAK_DEFINITE] = 0,  [LEAK_POSSIBLE] = 1,   [LEAK_INDIRECT] = 2,
		[LEAK_REACHABLE] = 3, [LEAK_OTHER_KIND] = 4,
	};
	const struct leak_places *p = context;
	uint32_t i = *(const uint32_t *)x, k = *(const uint32_t *)y;
	const struct leak_place *a = &p->places[i], *b = &p->places[k];
	uint64_t of_a = add_up(a->bytes, a->indirect_bytes),
		 of_b = add_up(b->bytes, b->indirect_bytes);
	if (a->kind != b->kind)
		return ranks[a->kind] < ranks[b->kind] ? -1 : 1;
	if (of_a != of_b)
		return of_a > of_b ? -1 : 1;
	if (a->blocks != b->blocks)
		return a->blocks > b->blocks ? -1 : 1;
	return i < k ? -1 : i > k;
}

uint32_t *leak_places_list(const struct leak_places *p, unsigned kinds, uint64_t least_bytes,
			   size_t *count)
{
	uint32_t *list = mem_zalloc(p->count + 1, sizeof(*list));
	*count = 0;
	for (uint32_t i = 0; i < p->count; i++) {
		const struct leak_place *place = &p->places[i];
		if (!place->parent_plus_1 && kinds >> place->kind & 1 &&
		    add_up(place->bytes, place->indirect_bytes) >= least_bytes)
			list[(*count)++] = i;
	}
	qsort_r(list, *count, sizeof(*list), compare_places, (void *)(uintptr_t)p);
	return list;
}

/* ---- rows ---- */

static uint32_t row_key(const struct leak_places *p, enum leaks_by by,
			const struct trace_leak_scan *scan, const struct trace_leak_group *g)
{
	if (by == LEAKS_BY_ALLOCATOR)
		return g->allocator;
	if (by == LEAKS_BY_THREAD)
		return g->thread;
	if (by == LEAKS_BY_PROCESS)
		return scan->process;
	uint32_t step = callstacks_step(p->stacks, g->stack);
	uint32_t function = callstacks_charged(p->stacks, step, NULL);
	if (by == LEAKS_BY_FUNCTION || function == UINT32_MAX)
		return function;
	return frames_function(p->stacks->frames, function)->module;
}

static uint64_t row_bytes(const struct leak_row *row)
{
	uint64_t sum = 0;
	for (unsigned kind = 0; kind < LEAK_ALL_KINDS; kind++)
		sum = add_up(sum, row->kinds[kind].bytes);
	return sum;
}

static int compare_rows(const void *x, const void *y)
{
	const struct leak_row *a = x, *b = y;
	uint64_t of_a = row_bytes(a), of_b = row_bytes(b);
	if (of_a != of_b)
		return of_a > of_b ? -1 : 1;
	return a->key < b->key ? -1 : a->key > b->key;
}

struct row_builder {
	struct leak_row *rows;
	size_t count, cap;
	struct pair_map map;
};

static void add_to_row(struct row_builder *b, uint32_t key, const struct trace_leak_group *g)
{
	bool fresh;
	uint32_t *number = pair_map_at(&b->map, 0, key, &fresh);
	if (fresh) {
		b->rows = mem_grow(b->rows, &b->cap, b->count + 1, sizeof(*b->rows));
		b->rows[b->count] = (struct leak_row){ .key = key };
		*number = (uint32_t)b->count++;
	}
	add_sum(&b->rows[*number].kinds[kind_of(g)], g->blocks, g->bytes);
}

struct leak_row *leak_rows_make(const struct leak_places *p,
				const struct leak_places_request *request, enum leaks_by by,
				unsigned kinds, size_t *count)
{
	struct row_builder b = { 0 };
	for (size_t i = 0; i < request->scan_count; i++) {
		const struct trace_leak_scan *s =
			trace_reader_leak_scan(p->reader, request->scans[i]);
		uint8_t *verdicts = judge_groups(s, request);
		for (uint32_t k = 0; k < s->group_count; k++)
			if (verdicts[k] == SHOWN && kinds >> kind_of(&s->groups[k]) & 1)
				add_to_row(&b, row_key(p, by, s, &s->groups[k]), &s->groups[k]);
		free(verdicts);
	}
	if (b.count)
		qsort(b.rows, b.count, sizeof(*b.rows), compare_rows);
	pair_map_release(&b.map);
	*count = b.count;
	return b.rows;
}
