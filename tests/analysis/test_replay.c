/* test_replay.c - the replay against a plain model that copies everything at every new peak. */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/live_map.h"
#include "analysis/map_sums.h"
#include "analysis/replay.h"
#include "tests/analysis/test_stream.h"
#include "util/mem.h"
#include "wire/session.h"

enum { MAX_STACKS = 64, MAX_THREADS = 4096, MAX_PROCESSES = 2048, MAX_POOLS = 4 };

static unsigned failures;

#define CHECK(what, got, want) check(__LINE__, what, (uint64_t)(got), (uint64_t)(want))

static void check(int line, const char *what, uint64_t got, uint64_t want)
{
	if (got == want)
		return;
	if (failures++ < 20)
		fprintf(stderr, "line %d: %s is %" PRIu64 ", should be %" PRIu64 "\n", line, what,
			got, want);
}

/* ---- the model ---- */

struct model_block {
	uint32_t slot;
	uint32_t stack;
	uint32_t thread;
	uint32_t process;
	uint32_t pool;
	bool live;
	uint64_t counter;
	uint64_t size;
	uint64_t made_ns;
};

struct model_row {
	struct metrics now; /* peak_* unused */
	struct metrics left;
};

struct model {
	const struct replay_filter *filter;
	struct model_block *blocks;
	size_t block_count;
	size_t block_cap;
	uint32_t thread_of[64];
	uint32_t process_of[64];
	uint64_t last_counter[64]; /* + 1; 0: none yet */
	struct model_row stacks[MAX_STACKS];
	struct model_row stacks_at_peak[MAX_STACKS];
	struct model_row threads[MAX_THREADS];
	struct model_row threads_at_peak[MAX_THREADS];
	struct heap heap;
	struct heap processes[MAX_PROCESSES];
	struct metrics left;
	struct metrics left_of[MAX_PROCESSES];
	struct metrics left_of_pool[MAX_POOLS];
	struct heap pools[MAX_POOLS];
	struct model_row instances[MAX_POOLS];
	struct model_row instances_at_peak[MAX_POOLS];
	uint64_t unknown;
	uint64_t inherited;
};

static bool selected(const struct model *m, const struct trace_event *e)
{
	const struct replay_filter *f = m->filter;
	return e->time_ns >= f->from_ns && (!f->stack || f->stack(f->ctx, e->stack)) &&
	       (!f->thread || f->thread(f->ctx, m->thread_of[e->slot])) &&
	       (!f->process || f->process(f->ctx, m->process_of[e->slot]));
}

/* 0: it is what all is about. */
static enum replay_use use_of(const struct model *m, uint32_t allocator)
{
	if (allocator == m->filter->allocator)
		return 0;
	if (allocator == 0)
		return REPLAY_LEFT_OUT;
	return m->filter->use ? m->filter->use(m->filter->ctx, allocator) : REPLAY_APART;
}

static void row_add(struct model_row *row, uint64_t size)
{
	row->now.allocs++;
	row->now.bytes += size;
	row->now.live_bytes += size;
	row->now.live_blocks++;
}

static void heap_alloc(struct heap *h, const struct trace_event *e)
{
	h->allocs++;
	h->bytes += e->size;
	h->reallocs += e->flags & EVENT_FLAG_REALLOC;
	h->live_bytes += e->size;
	h->live_blocks++;
	if (h->live_bytes > h->peak_bytes) {
		h->peak_bytes = h->live_bytes;
		h->peak_blocks = h->live_blocks;
		h->peak_ns = e->time_ns;
	}
}

static void model_alloc(struct model *m, const struct trace_event *e)
{
	m->last_counter[e->slot] = e->counter + 1;
	if (!selected(m, e))
		return;
	enum replay_use use = use_of(m, e->allocator);
	if (use == REPLAY_LEFT_OUT)
		return;
	m->blocks = mem_grow(m->blocks, &m->block_cap, m->block_count + 1, sizeof(*m->blocks));
	m->blocks[m->block_count++] = (struct model_block){
		e->slot,
		e->stack - NODE_FIRST,
		m->thread_of[e->slot],
		m->process_of[e->slot],
		e->allocator,
		true,
		e->counter,
		e->size,
		e->time_ns,
	};
	if (use)
		heap_alloc(&m->pools[e->allocator], e);
	if (use == REPLAY_APART)
		return;
	row_add(&m->instances[e->allocator], e->size);
	row_add(&m->stacks[e->stack - NODE_FIRST], e->size);
	row_add(&m->threads[m->thread_of[e->slot]], e->size);
	heap_alloc(&m->processes[m->process_of[e->slot]], e);
	uint64_t peak = m->heap.peak_bytes;
	heap_alloc(&m->heap, e);
	if (m->heap.peak_bytes > peak) {
		memcpy(m->stacks_at_peak, m->stacks, sizeof(m->stacks));
		memcpy(m->instances_at_peak, m->instances, sizeof(m->instances));
		memcpy(m->threads_at_peak, m->threads, sizeof(m->threads));
	}
}

static struct model_block *find(struct model *m, uint32_t slot, uint64_t counter)
{
	for (size_t i = m->block_count; i-- > 0;)
		if (m->blocks[i].slot == slot && m->blocks[i].counter == counter)
			return m->blocks[i].live ? &m->blocks[i] : NULL;
	return NULL;
}

/* Times are kept to 1024 ns. */
static uint64_t lifetime_of(const struct model_block *b, uint64_t now_ns)
{
	return now_ns / 1024 * 1024 - b->made_ns / 1024 * 1024;
}

static void heap_free(struct heap *h, uint64_t size, bool temporary, uint64_t lifetime_ns)
{
	h->frees++;
	h->temporary += temporary;
	h->lifetime_ns += lifetime_ns;
	h->live_bytes -= size;
	h->live_blocks--;
}

static void row_free(struct model_row *row, const struct model_block *b, bool temporary,
		     uint64_t lifetime_ns)
{
	row->now.lifetime_ns += lifetime_ns;
	row->now.live_bytes -= b->size;
	row->now.live_blocks--;
	row->now.temporary += temporary;
}

static void model_free(struct model *m, const struct trace_event *e)
{
	struct model_block *b = find(m, e->block_slot, e->counter);
	if (!b) {
		m->unknown++;
		return;
	}
	b->live = false;
	bool temporary = m->thread_of[e->slot] == b->thread && e->slot == e->block_slot &&
			 m->last_counter[e->slot] == e->counter + 1;
	uint64_t lifetime_ns = lifetime_of(b, e->time_ns);
	enum replay_use use = use_of(m, b->pool);
	if (use)
		heap_free(&m->pools[b->pool], b->size, temporary, lifetime_ns);
	if (use == REPLAY_APART)
		return;
	row_free(&m->instances[b->pool], b, temporary, lifetime_ns);
	row_free(&m->stacks[b->stack], b, temporary, lifetime_ns);
	row_free(&m->threads[b->thread], b, temporary, lifetime_ns);
	heap_free(&m->heap, b->size, temporary, lifetime_ns);
	struct heap *owner = &m->processes[b->process];
	owner->live_bytes -= b->size;
	owner->live_blocks--;
	owner->temporary += temporary;
	owner->lifetime_ns += lifetime_ns;
	m->processes[m->process_of[e->slot]].frees++;
}

static void metrics_left(struct metrics *left, uint64_t size)
{
	left->live_bytes += size;
	left->live_blocks++;
}

static void model_end(struct model *m, uint32_t process)
{
	for (size_t i = 0; i < m->block_count; i++) {
		struct model_block *b = &m->blocks[i];
		if (b->process != process || !b->live)
			continue;
		b->live = false;
		enum replay_use use = use_of(m, b->pool);
		if (use) {
			m->pools[b->pool].live_bytes -= b->size;
			m->pools[b->pool].live_blocks--;
			metrics_left(&m->left_of_pool[b->pool], b->size);
		}
		if (use == REPLAY_APART)
			continue;
		m->instances[b->pool].now.live_bytes -= b->size;
		m->instances[b->pool].now.live_blocks--;
		metrics_left(&m->instances[b->pool].left, b->size);
		m->stacks[b->stack].now.live_bytes -= b->size;
		m->stacks[b->stack].now.live_blocks--;
		metrics_left(&m->stacks[b->stack].left, b->size);
		m->threads[b->thread].now.live_bytes -= b->size;
		m->threads[b->thread].now.live_blocks--;
		metrics_left(&m->threads[b->thread].left, b->size);
		m->heap.live_bytes -= b->size;
		m->heap.live_blocks--;
		m->processes[process].live_bytes -= b->size;
		m->processes[process].live_blocks--;
		metrics_left(&m->left, b->size);
		metrics_left(&m->left_of[process], b->size);
	}
	/* A plain search through all blocks needs to stay bearable. */
	size_t kept = 0;
	for (size_t i = 0; i < m->block_count; i++)
		if (m->blocks[i].live)
			m->blocks[kept++] = m->blocks[i];
	m->block_count = kept;
}

static void model_run(struct model *m, const struct stream *s)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct trace_event *e = &s->events[i];
		if (m->filter->to_ns && e->time_ns >= m->filter->to_ns)
			break;
		if (e->op == TRACE_THREAD_START) {
			m->thread_of[e->slot] = e->thread;
			m->process_of[e->slot] = e->process;
		} else if (e->op == TRACE_ALLOC) {
			model_alloc(m, e);
		} else if (e->op == TRACE_FREE) {
			model_free(m, e);
		} else if (e->op == TRACE_PROCESS_END) {
			model_end(m, e->process);
		} else if (e->op == TRACE_FREE_INHERITED) {
			m->inherited++;
		}
	}
}

/* ---- comparing ---- */

static void compare_heap(const struct heap *got, const struct heap *want,
			 const struct metrics *left)
{
	CHECK("heap.allocs", got->allocs, want->allocs);
	CHECK("heap.bytes", got->bytes, want->bytes);
	CHECK("heap.reallocs", got->reallocs, want->reallocs);
	CHECK("heap.frees", got->frees, want->frees);
	CHECK("heap.temporary", got->temporary, want->temporary);
	CHECK("heap.live_bytes", got->live_bytes, want->live_bytes + left->live_bytes);
	CHECK("heap.live_blocks", got->live_blocks, want->live_blocks + left->live_blocks);
	CHECK("heap.peak_bytes", got->peak_bytes, want->peak_bytes);
	CHECK("heap.peak_blocks", got->peak_blocks, want->peak_blocks);
	CHECK("heap.peak_ns", got->peak_ns, want->peak_ns);
	CHECK("heap.lifetime_ns", got->lifetime_ns, want->lifetime_ns);
}

static void compare_row(const char *name, const struct metrics *got, const struct model_row *want,
			const struct model_row *peak)
{
	char what[64];
#define FIELD(field, value)                                                                        \
	snprintf(what, sizeof(what), "%s." #field, name);                                          \
	CHECK(what, got->field, value);
	FIELD(allocs, want->now.allocs)
	FIELD(bytes, want->now.bytes)
	FIELD(temporary, want->now.temporary)
	FIELD(lifetime_ns, want->now.lifetime_ns)
	FIELD(live_bytes, want->now.live_bytes + want->left.live_bytes)
	FIELD(live_blocks, want->now.live_blocks + want->left.live_blocks)
	FIELD(peak_bytes, peak->now.live_bytes)
	FIELD(peak_blocks, peak->now.live_blocks)
#undef FIELD
}

static void compare_rows(const struct profile *p, const struct model *m)
{
	struct metrics of_stack[MAX_STACKS] = { 0 };
	struct metrics *of_thread = mem_zalloc(MAX_THREADS, sizeof(*of_thread));
	char name[32];
	for (size_t i = 0; i < p->stack_count; i++)
		of_stack[p->stacks[i].node - NODE_FIRST] = p->stacks[i].metrics;
	for (size_t i = 0; i < p->thread_count; i++)
		of_thread[p->threads[i].thread] = p->threads[i].metrics;
	for (size_t i = 0; i < MAX_STACKS; i++) {
		snprintf(name, sizeof(name), "stack %zu", i);
		compare_row(name, &of_stack[i], &m->stacks[i], &m->stacks_at_peak[i]);
	}
	for (size_t i = 0; i < MAX_THREADS; i++) {
		snprintf(name, sizeof(name), "thread %zu", i);
		compare_row(name, &of_thread[i], &m->threads[i], &m->threads_at_peak[i]);
	}
	free(of_thread);
}

/* All instances that have allocations are there, and no others. */
static void compare_instances(const struct profile *p, const struct model *m)
{
	char name[32];
	size_t expected = 0;
	for (uint32_t i = 0; i < MAX_POOLS; i++)
		expected += use_of(m, i) == REPLAY_JOINED && m->instances[i].now.allocs != 0;
	CHECK("instances", p->instance_count, expected);
	for (size_t i = 0; i < p->instance_count; i++) {
		uint32_t a = p->instances[i].allocator;
		snprintf(name, sizeof(name), "allocator %u", a);
		compare_heap(&p->instances[i].heap, &m->pools[a], &m->left_of_pool[a]);
		compare_row(name, &p->instances[i].metrics, &m->instances[a],
			    &m->instances_at_peak[a]);
	}
}

static void compare_sizes(const struct profile *p)
{
	struct metrics sum = { 0 };
	for (unsigned i = 0; i < PROFILE_SIZE_CLASSES; i++)
		metrics_add(&sum, &p->sizes[i].metrics);
	CHECK("allocs over sizes", sum.allocs, p->heap.allocs);
	CHECK("bytes over sizes", sum.bytes, p->heap.bytes);
	CHECK("peak over sizes", sum.peak_bytes, p->heap.peak_bytes);
	CHECK("live over sizes", sum.live_bytes, p->heap.live_bytes);
	CHECK("temporary over sizes", sum.temporary, p->heap.temporary);
}

static void compare_timeline(const struct profile *p)
{
	uint64_t highest = 0;
	for (size_t i = 0; i < p->timeline_count; i++)
		if (p->timeline[i] > highest)
			highest = p->timeline[i];
	CHECK("highest point of the timeline", highest, p->heap.peak_bytes);
	if (p->heap.peak_bytes) {
		size_t point = p->heap.peak_ns / p->timeline_step_ns;
		CHECK("timeline at the peak",
		      p->timeline[point < p->timeline_count ? point : p->timeline_count - 1],
		      p->heap.peak_bytes);
	}
}

static void compare(const struct profile *p, const struct model *m, bool filtered)
{
	compare_heap(&p->heap, &m->heap, &m->left);
	for (size_t i = 0; i < p->process_count; i++)
		compare_heap(&p->processes[i].heap, &m->processes[i], &m->left_of[i]);
	for (size_t i = 0; i < p->pool_count; i++)
		compare_heap(&p->pools[i].heap, &m->pools[p->pools[i].allocator],
			     &m->left_of_pool[p->pools[i].allocator]);
	compare_instances(p, m);
	compare_rows(p, m);
	compare_sizes(p);
	compare_timeline(p);
	if (!filtered)
		CHECK("unknown frees", p->unknown_frees, m->unknown);
	CHECK("inherited frees", p->inherited_frees, m->inherited);
	CHECK("ignored events", p->ignored_events, 0);
}

static void run(const struct stream *s, const struct replay_filter *filter, bool filtered)
{
	struct model *m = mem_zalloc(1, sizeof(*m));
	m->filter = filter;
	model_run(m, s);
	struct replay *r = replay_new(filter);
	/* Batches of odd sizes: none may matter. */
	for (size_t at = 0, step = 1; at < s->count; at += step, step = step * 3 % 1009) {
		if (step > s->count - at)
			step = s->count - at;
		replay_feed(r, s->events + at, step);
	}
	struct profile *p = replay_finish(r);
	compare(p, m, filtered);
	profile_free(p);
	free(m->blocks);
	free(m);
}

/* Allocator 1 is a pool, the others are instances. */
static enum replay_use instances(void *ctx, uint32_t allocator)
{
	(void)ctx;
	return allocator > 1 ? REPLAY_JOINED : REPLAY_APART;
}

static enum replay_use no_instances(void *ctx, uint32_t allocator)
{
	(void)ctx;
	return allocator > 1 ? REPLAY_LEFT_OUT : REPLAY_APART;
}

static bool odd(void *ctx, uint32_t index)
{
	(void)ctx;
	return index & 1;
}

static void run_allocators(const struct stream *s)
{
	run(s, &(struct replay_filter){ .allocator = 1, .one_allocator = true }, true);
	run(s, &(struct replay_filter){ .use = instances }, false);
	run(s, &(struct replay_filter){ .use = instances, .thread = odd }, true);
	run(s, &(struct replay_filter){ .use = no_instances, .one_allocator = true }, true);
	run(s,
	    &(struct replay_filter){ .use = no_instances, .allocator = 2, .one_allocator = true },
	    true);
	run(s, &(struct replay_filter){ .use = instances, .allocator = 2, .one_allocator = true },
	    true);
}

static void test_against_model(void)
{
	for (uint64_t seed = 1; seed <= 24; seed++) {
		struct stream_shape shape = {
			.seed = seed * 7919,
			.events = 6000 + seed % 5 * 6000,
			.slots = 1 + seed % 9,
			.stacks = 1 + (unsigned)(seed * 11 % 60),
			.pools = seed % MAX_POOLS,
			.live = 20 + seed % 4 * 300,
			.keep = seed % 4 ? 50 : 0,
			.forget = seed % 2 ? 200 : 0,
			.max_size = seed % 2 ? 100000 : 700,
		};
		struct stream s;
		stream_make(&s, &shape);
		uint64_t end_ns = s.events[s.count - 1].time_ns;
		run(&s, &(struct replay_filter){ 0 }, false);
		run(&s, &(struct replay_filter){ .stack = odd }, true);
		run(&s, &(struct replay_filter){ .thread = odd }, true);
		run(&s, &(struct replay_filter){ .process = odd }, true);
		run(&s, &(struct replay_filter){ .from_ns = end_ns / 3, .to_ns = end_ns / 2 },
		    true);
		if (shape.pools)
			run_allocators(&s);
		stream_release(&s);
		if (failures) {
			fprintf(stderr, "seed %" PRIu64 "\n", seed);
			return;
		}
	}
}

/* Few blocks survive of very many: memory follows the survivors, and they are still found. */
static void test_memory_follows_live_blocks(void)
{
	enum { BLOCKS = 1 << 20, KEEP_ONE_IN = 500, KEPT = BLOCKS / KEEP_ONE_IN + 1, SHORT = 3000 };
	struct live_map map;
	struct live_found found;
	live_map_init(&map);
	live_map_set_thread(&map, 0, 0);
	struct live_slot *slot = &map.slots[0];
	size_t most = 0;
	for (uint64_t i = 0; i < BLOCKS + SHORT; i++) {
		if (i < BLOCKS)
			live_map_add(&map, slot, (uint32_t)(i % 7), i % 1000, 0, i * 100);
		if (i >= SHORT && (i - SHORT) % KEEP_ONE_IN)
			CHECK("removed", live_map_remove(&map, slot, i - SHORT, &found), true);
		if (i % 1024 == 0 && live_map_bytes(&map) > most)
			most = live_map_bytes(&map);
	}
	/* One chunk of pages, the directory, and 64 bytes a survivor; all blocks would be 16 MB. */
	CHECK("memory is bounded", most < 3000000, true);
	for (uint64_t i = 0; i < BLOCKS; i += KEEP_ONE_IN) {
		CHECK("survivor is found", live_map_remove(&map, slot, i, &found), true);
		CHECK("survivor's stack", found.stack, i % 7);
		CHECK("survivor's size", found.size, i % 1000);
		CHECK("survivor's time", found.time_ns / 1024, i * 100 / 1024);
		CHECK("second free", live_map_remove(&map, slot, i, &found), false);
	}
	live_map_release(&map);
}

/* A hostile trace may say anything: nothing may crash, time may jump. */
static void test_any_event_is_survived(void)
{
	uint64_t random = 12345;
	for (unsigned round = 0; round < 200; round++) {
		struct replay *r = replay_new(NULL);
		for (unsigned i = 0; i < 300; i++) {
			struct trace_event e = { 0 };
			uint64_t bits = stream_random(&random);
			e.op = bits % 13;
			e.role = (uint8_t)(bits >> 8);
			e.flags = (uint8_t)(bits >> 16);
			e.slot = bits >> 24 & 3 ? (uint32_t)(bits >> 26 & 3) : (uint32_t)bits;
			e.stack = bits >> 30 & 7 ? (uint32_t)(bits >> 33 & 15) : 1u << 27;
			e.allocator = bits >> 40 & 7 ? 0 : (uint32_t)(bits >> 43);
			e.time_ns = stream_random(&random) >> (bits & 63);
			e.size = stream_random(&random) >> (bits >> 6 & 63);
			if (e.op == TRACE_MARK)
				e.text = bits >> 50 & 1 ? "" : "scope";
			else
				e.counter = bits >> 50 & 7;
			e.process = bits >> 54 & 7 ? (uint32_t)(bits >> 57 & 3) : UINT32_MAX;
			e.thread = (uint32_t)(bits >> 60);
			replay_feed(r, &e, 1);
		}
		profile_free(replay_finish(r));
	}
}

static void test_scopes(void)
{
	const struct trace_event events[] = {
		{ .op = TRACE_PROCESS_START },
		{ .op = TRACE_THREAD_START },
		{ .op = TRACE_MARK, .role = MARK_SCOPE_BEGIN, .text = "outer", .time_ns = 10 },
		{ .op = TRACE_ALLOC, .stack = 3, .size = 100, .time_ns = 20 },
		{ .op = TRACE_MARK, .role = MARK_SCOPE_BEGIN, .text = "inner", .time_ns = 30 },
		{ .op = TRACE_ALLOC, .stack = 3, .size = 7, .counter = 1, .time_ns = 40 },
		{ .op = TRACE_FREE, .counter = 0, .time_ns = 50 },
		{ .op = TRACE_MARK, .role = MARK_SCOPE_END, .text = "inner", .time_ns = 60 },
		{ .op = TRACE_MARK, .role = MARK_POINT, .text = "here", .time_ns = 65 },
		{ .op = TRACE_MARK, .role = MARK_SCOPE_END, .text = "", .time_ns = 70 },
		{ .op = TRACE_MARK, .role = MARK_SCOPE_END, .text = "outer", .time_ns = 80 },
	};
	struct replay *r = replay_new(NULL);
	replay_feed(r, events, sizeof(events) / sizeof(events[0]));
	struct profile *p = replay_finish(r);
	CHECK("scopes", p->scope_count, 2);
	const struct profile_scope *outer = &p->scopes[strcmp(p->scopes[0].name, "outer") != 0];
	const struct profile_scope *inner = &p->scopes[strcmp(p->scopes[0].name, "inner") != 0];
	CHECK("outer bytes", outer->bytes, 107);
	CHECK("outer time", outer->time_ns, 60);
	CHECK("inner bytes", inner->bytes, 7);
	CHECK("inner freed", inner->freed_bytes, 100);
	CHECK("inner time", inner->time_ns, 30);
	CHECK("runs", outer->runs + inner->runs, 2);
	CHECK("open", outer->open + inner->open, 0);
	CHECK("marks", p->mark_count, 1);
	CHECK("live at the mark", p->marks[0].live_bytes, 7);
	profile_free(p);
}

static void count_gone(void *ctx, uint32_t owner, uint64_t bytes)
{
	uint64_t *gone = ctx;
	gone[owner] += bytes;
}

static void test_mappings(void)
{
	enum { PAGES = 256, OWNERS = 4 };
	struct mappings m = { NULL, 0, 0, 0 };
	uint8_t model[PAGES] = { 0 }; /* 1 + owner */
	uint64_t random = 99;
	for (unsigned round = 0; round < 20000; round++) {
		uint64_t bits = stream_random(&random);
		uint64_t start = bits >> 8 & 255, length = bits >> 16 & 31;
		if (start + length > PAGES)
			continue;
		uint8_t fill = bits >> 40 & 1 ? 1 + (bits >> 41) % OWNERS : 0;
		uint64_t gone[OWNERS] = { 0 }, expected[OWNERS] = { 0 }, sum = 0;
		mappings_remove(&m, start, length, count_gone, gone);
		if (fill)
			CHECK("added", mappings_add(&m, start, length, fill - 1u), length);
		for (uint64_t i = 0; i < PAGES; i++) {
			if (i >= start && i < start + length) {
				if (model[i])
					expected[model[i] - 1]++;
				model[i] = fill;
			}
			sum += model[i] != 0;
		}
		CHECK("mapped", m.bytes, sum);
		for (unsigned i = 0; i < OWNERS; i++)
			CHECK("gone", gone[i], expected[i]);
		for (size_t i = 0; i < m.count; i++) {
			const struct mapping *at = &m.ranges[i];
			for (uint64_t page = at->start; page < at->end; page++)
				CHECK("owner", at->owner + 1, model[page]);
			if (i > 0)
				CHECK("ranges are apart",
				      at[-1].end < at->start || (at[-1].end == at->start &&
								 at[-1].owner != at->owner),
				      true);
		}
	}
	mappings_release(&m);
}

static void map_event(struct replay *r, uint32_t slot, uint8_t role, uint32_t node, uint64_t page,
		      uint64_t pages, uint64_t time_ns)
{
	struct trace_event e = { .op = TRACE_MAP,
				 .role = role,
				 .slot = slot,
				 .stack = node,
				 .address = page << 12,
				 .size = pages << 12,
				 .time_ns = time_ns };
	replay_feed(r, &e, 1);
}

/* Two processes; the second one ends. */
static void test_mapped(void)
{
	enum { A = NODE_FIRST, B, C };
	struct replay *r = replay_new(NULL);
	for (uint32_t i = 0; i < 2; i++) {
		struct trace_event start[] = {
			{ .op = TRACE_PROCESS_START, .process = i },
			{ .op = TRACE_THREAD_START, .slot = i, .thread = i, .process = i },
		};
		replay_feed(r, start, 2);
	}
	map_event(r, 0, ROLE_MMAP, A, 100, 10, 1);
	map_event(r, 1, ROLE_MMAP, B, 100, 5, 2);   /* the same addresses, another process */
	map_event(r, 0, ROLE_MMAP, B, 105, 10, 3);  /* over half of the first: 15 + 5, the peak */
	map_event(r, 0, ROLE_MUNMAP, C, 102, 4, 4); /* 3 of A's, 1 of B's */
	map_event(r, 1, ROLE_MREMAP, A, 300, 3, 5);
	struct trace_event end = { .op = TRACE_PROCESS_END, .process = 1, .time_ns = 6 };
	replay_feed(r, &end, 1);
	map_event(r, 0, ROLE_SBRK, C, 400, 2, 7);
	struct profile *p = replay_finish(r);
	const struct profile_mapped *m = &p->mapped;
	CHECK("peak", m->peak_bytes, 20 << 12);
	CHECK("time of the peak", m->peak_ns, 3);
	CHECK("at the end", m->bytes, (11 + 8 + 2) << 12);
	CHECK("maps", m->maps, 5);
	CHECK("unmaps", m->unmaps, 1);
	CHECK("stacks", m->stack_count, 3);
	const uint64_t expected[3][4] = { /* maps, mapped, at the peak, at the end: in pages */
					  { 2, 13, 5, 5 },
					  { 2, 15, 15, 14 },
					  { 1, 2, 0, 2 }
	};
	for (size_t i = 0; i < m->stack_count && i < 3; i++) {
		const struct metrics *got = &m->stacks[i].metrics;
		CHECK("node", m->stacks[i].node, A + i);
		CHECK("maps of a stack", got->allocs, expected[i][0]);
		CHECK("mapped by a stack", got->bytes, expected[i][1] << 12);
		CHECK("at the peak by a stack", got->peak_bytes, expected[i][2] << 12);
		CHECK("at the end by a stack", got->live_bytes, expected[i][3] << 12);
	}
	CHECK("of the first process", p->processes[0].mapped_peak_bytes, 15 << 12);
	profile_free(p);
}

int main(void)
{
	test_mapped();
	test_mappings();
	test_scopes();
	test_memory_follows_live_blocks();
	test_any_event_is_survived();
	test_against_model();
	if (failures)
		fprintf(stderr, "%u checks failed\n", failures);
	return failures != 0;
}
