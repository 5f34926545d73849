/* rollup.c - see rollup.h. */
#include "analysis/rollup.h"

#include <stdlib.h>

#include "util/mem.h"

uint64_t metrics_get(const struct metrics *m, enum rollup_sort sort)
{
	switch (sort) {
	case SORT_PEAK:
		return m->peak_bytes;
	case SORT_TOTAL:
		return m->bytes;
	case SORT_COUNT:
		return m->allocs;
	case SORT_TEMPORARY:
		return m->temporary;
	case SORT_LIVE:
		return m->live_bytes;
	case SORT_KINDS:
		break;
	}
	return 0;
}

static struct metrics heap_metrics(const struct heap *heap)
{
	return (struct metrics){
		.allocs = heap->allocs,
		.bytes = heap->bytes,
		.temporary = heap->temporary,
		.peak_bytes = heap->peak_bytes,
		.peak_blocks = heap->peak_blocks,
		.live_bytes = heap->live_bytes,
		.live_blocks = heap->live_blocks,
		.lifetime_ns = heap->lifetime_ns,
	};
}

static void add_row(struct rollup *r, uint32_t key, const struct metrics *m)
{
	r->rows[r->count++] = (struct rollup_row){ key, *m, *m };
}

static void room(struct rollup *r, size_t count)
{
	r->rows = mem_zalloc(count + 1, sizeof(*r->rows));
}

static void by_stack(struct rollup *r, const struct callstacks *stacks)
{
	room(r, stacks->count);
	for (size_t i = 0; i < stacks->count; i++)
		add_row(r, stacks->stacks[i].step, &stacks->stacks[i].metrics);
}

/* Row of each key, made when it is first charged; a key counts once per stack. */
struct charging {
	struct rollup *rollup;
	size_t keys;
	uint32_t *row_of;     /* [key]: 1 + row */
	uint32_t *last_stack; /* [key]: 1 + the stack that was last added inclusively */
};

static struct rollup_row *row_for(struct charging *c, uint32_t index, uint32_t key)
{
	if (!c->row_of[index]) {
		c->rollup->rows[c->rollup->count].key = key;
		c->row_of[index] = (uint32_t)++c->rollup->count;
	}
	return &c->rollup->rows[c->row_of[index] - 1];
}

static void charge_inclusive(struct charging *c, uint32_t index, uint32_t key, uint32_t stack,
			     const struct metrics *m)
{
	if (c->last_stack[index] == stack + 1)
		return;
	c->last_stack[index] = stack + 1;
	metrics_add(&row_for(c, index, key)->inclusive, m);
}

/* Index of a module's row: the last for TRACE_NO_MODULE and what is no module of the trace. */
static uint32_t module_index(uint32_t module, size_t modules)
{
	return module < modules ? module : (uint32_t)modules;
}

static void charge_module(struct charging *c, const struct callstacks *stacks, uint32_t s,
			  uint32_t function)
{
	size_t modules = c->keys - 1;
	const struct callstack *stack = &stacks->stacks[s];
	uint32_t module = frames_function(stacks->frames, function)->module;
	metrics_add(&row_for(c, module_index(module, modules), module)->self, &stack->metrics);
	for (uint32_t at = stack->step; at >= STEP_FIRST; at = stacks->steps[at].parent) {
		module = stacks->steps[at].module;
		charge_inclusive(c, module_index(module, modules), module, s, &stack->metrics);
	}
}

static void charge_function(struct charging *c, const struct callstacks *stacks, uint32_t s,
			    uint32_t function)
{
	const struct callstack *stack = &stacks->stacks[s];
	metrics_add(&row_for(c, function, function)->self, &stack->metrics);
	for (uint32_t at = stack->step; at >= STEP_FIRST; at = stacks->steps[at].parent) {
		size_t count;
		const struct frame *frames =
			frames_of_list(stacks->frames, stacks->steps[at].list, &count);
		for (size_t i = 0; i < count; i++)
			charge_inclusive(c, frames[i].function, frames[i].function, s,
					 &stack->metrics);
	}
}

/* A stack without any frame: the last row. */
static void charge_nobody(struct charging *c, const struct callstacks *stacks, uint32_t s)
{
	const struct metrics *m = &stacks->stacks[s].metrics;
	uint32_t none = (uint32_t)c->keys - 1;
	metrics_add(&row_for(c, none, UINT32_MAX)->self, m);
	charge_inclusive(c, none, UINT32_MAX, s, m);
}

/* How many keys there can be, with one for what has none. */
static size_t key_count(enum rollup_by by, const struct callstacks *stacks)
{
	return 1 + (by == ROLLUP_MODULE ? trace_reader_module_count(frames_reader(stacks->frames))
					: frames_function_count(stacks->frames));
}

static void by_function_or_module(struct rollup *r, const struct callstacks *stacks)
{
	size_t keys = key_count(r->by, stacks);
	struct charging c = { r, keys, mem_zalloc(keys, sizeof(uint32_t)),
			      mem_zalloc(keys, sizeof(uint32_t)) };
	room(r, keys);
	for (uint32_t s = 0; s < stacks->count; s++) {
		uint32_t self = callstacks_charged(stacks, stacks->stacks[s].step, NULL);
		if (self == UINT32_MAX)
			charge_nobody(&c, stacks, s);
		else if (r->by == ROLLUP_MODULE)
			charge_module(&c, stacks, s, self);
		else
			charge_function(&c, stacks, s, self);
	}
	free(c.row_of);
	free(c.last_stack);
}

static void by_thread(struct rollup *r, const struct profile *profile)
{
	room(r, profile->thread_count);
	for (size_t i = 0; i < profile->thread_count; i++)
		add_row(r, (uint32_t)i, &profile->threads[i].metrics);
}

static void by_size(struct rollup *r, const struct profile *profile)
{
	room(r, PROFILE_SIZE_CLASSES);
	for (unsigned i = 0; i < PROFILE_SIZE_CLASSES; i++)
		add_row(r, i, &profile->sizes[i].metrics);
}

static void subtract(struct metrics *from, const struct metrics *m)
{
	from->allocs -= m->allocs;
	from->bytes -= m->bytes;
	from->temporary -= m->temporary;
	from->peak_bytes -= m->peak_bytes;
	from->peak_blocks -= m->peak_blocks;
	from->live_bytes -= m->live_bytes;
	from->live_blocks -= m->live_blocks;
	from->lifetime_ns -= m->lifetime_ns;
}

/* The instances' rows and that of the allocator itself make up the heap. */
static void by_allocator(struct rollup *r, const struct profile *profile)
{
	struct metrics rest = r->total;
	room(r, profile->pool_count + profile->instance_count + 1);
	for (size_t i = 0; i < profile->instance_count; i++) {
		add_row(r, profile->instances[i].allocator, &profile->instances[i].metrics);
		subtract(&rest, &profile->instances[i].metrics);
	}
	add_row(r, profile->allocator, &rest);
	for (size_t i = 0; i < profile->pool_count; i++) {
		struct metrics m = heap_metrics(&profile->pools[i].heap);
		add_row(r, profile->pools[i].allocator, &m);
	}
}

static void drop_zeros(struct rollup *r, enum rollup_sort sort)
{
	size_t kept = 0;
	for (size_t i = 0; i < r->count; i++)
		if (metrics_get(&r->rows[i].self, sort))
			r->rows[kept++] = r->rows[i];
	r->count = kept;
}

struct order {
	uint64_t self;
	uint64_t inclusive;
	uint32_t row;
};

static int larger_first(const void *a, const void *b)
{
	const struct order *x = a, *y = b;
	if (x->self != y->self)
		return x->self > y->self ? -1 : 1;
	if (x->inclusive != y->inclusive)
		return x->inclusive > y->inclusive ? -1 : 1;
	return x->row < y->row ? -1 : x->row > y->row;
}

static void sort_rows(struct rollup *r, enum rollup_sort sort)
{
	struct order *order = mem_zalloc(r->count + 1, sizeof(*order));
	struct rollup_row *rows = mem_zalloc(r->count + 1, sizeof(*rows));
	for (size_t i = 0; i < r->count; i++)
		order[i] = (struct order){ metrics_get(&r->rows[i].self, sort),
					   metrics_get(&r->rows[i].inclusive, sort), (uint32_t)i };
	qsort(order, r->count, sizeof(*order), larger_first);
	for (size_t i = 0; i < r->count; i++)
		rows[i] = r->rows[order[i].row];
	free(order);
	free(r->rows);
	r->rows = rows;
}

void rollup_make(struct rollup *r, enum rollup_by by, enum rollup_sort sort, bool zeros,
		 const struct profile *profile, const struct callstacks *stacks)
{
	*r = (struct rollup){ .by = by, .total = heap_metrics(&profile->heap) };
	switch (by) {
	case ROLLUP_STACK:
		by_stack(r, stacks);
		break;
	case ROLLUP_FUNCTION:
	case ROLLUP_MODULE:
		by_function_or_module(r, stacks);
		break;
	case ROLLUP_THREAD:
		by_thread(r, profile);
		break;
	case ROLLUP_SIZE:
		by_size(r, profile);
		break;
	case ROLLUP_ALLOCATOR:
	case ROLLUP_COUNT:
		by_allocator(r, profile);
		break;
	}
	if (!zeros)
		drop_zeros(r, sort);
	sort_rows(r, sort);
}

void rollup_mapped(struct rollup *r, const struct profile_mapped *mapped,
		   const struct callstacks *stacks)
{
	*r = (struct rollup){ .by = ROLLUP_STACK, .total = { .peak_bytes = mapped->peak_bytes } };
	by_stack(r, stacks);
	sort_rows(r, SORT_PEAK);
}

void rollup_release(struct rollup *r)
{
	free(r->rows);
	*r = (struct rollup){ 0 };
}
