/* replay_finish.c - begins and ends a replay: what was counted becomes the profile. */
#include <stdlib.h>
#include <string.h>

#include "analysis/replay_state.h"
#include "util/mem.h"

enum { TIMELINE_FIRST_STEP_NS = 1 << 20 };

struct replay *replay_new(const struct replay_filter *filter)
{
	struct replay *r = mem_zalloc(1, sizeof(*r));
	r->profile = mem_zalloc(1, sizeof(*r->profile));
	if (filter)
		r->filter = *filter;
	r->profile->allocator = r->filter.allocator;
	r->filtered = r->filter.stack || r->filter.thread || r->filter.process || r->filter.from_ns;
	live_map_init(&r->live);
	r->profile->timeline_step_ns = TIMELINE_FIRST_STEP_NS;
	r->stretch_end_ns = TIMELINE_FIRST_STEP_NS;
	/* REPLAY_STACK_OTHER takes index 0. */
	r->stack_count = 1;
	r->stacks = mem_grow(NULL, &r->stack_cap, 1, sizeof(*r->stacks));
	r->stack_costs = mem_grow(NULL, &r->stack_costs_cap, 1, sizeof(*r->stack_costs));
	memset(r->stacks, 0, sizeof(*r->stacks));
	memset(r->stack_costs, 0, sizeof(*r->stack_costs));
	return r;
}

static void release(struct replay *r)
{
	live_map_release(&r->live);
	for (size_t i = 0; i < r->tenure_count; i++)
		scopes_thread_end(&r->tenures[i].scopes);
	for (size_t i = 0; i < r->process_count; i++)
		mappings_release(&r->processes[i].maps);
	map_sums_release(&r->mapped);
	size_t count;
	struct profile_scope *scopes = scopes_take(&r->scopes, &count);
	for (size_t i = 0; i < count; i++)
		free(scopes[i].name);
	free(scopes);
	free(r->stack_of);
	free(r->stack_costs);
	free(r->stacks);
	free(r->tenures);
	free(r->processes);
	free(r->pools);
	free(r);
}

void replay_free(struct replay *r)
{
	if (!r)
		return;
	profile_free(r->profile);
	release(r);
}

static struct metrics metrics_of(const struct replay *r, struct cost *c, const struct left *left)
{
	cost_save(c, r->epoch);
	return (struct metrics){
		.allocs = c->allocs,
		.bytes = c->bytes,
		.temporary = c->temporary,
		.peak_bytes = c->peak_bytes,
		.peak_blocks = c->peak_blocks,
		.live_bytes = c->live_bytes + left->bytes,
		.live_blocks = c->live_blocks + left->blocks,
		.lifetime_ns = c->lifetime_ns,
	};
}

static void finish_stacks(struct replay *r)
{
	struct profile *p = r->profile;
	p->stacks = mem_zalloc(r->stack_count, sizeof(*p->stacks));
	for (size_t i = 1; i < r->stack_count; i++)
		if (r->stack_costs[i].allocs)
			p->stacks[p->stack_count++] = (struct profile_stack){
				r->stacks[i].node,
				metrics_of(r, &r->stack_costs[i], &r->stacks[i].left),
			};
}

static void finish_sizes(struct replay *r)
{
	for (unsigned i = 0; i < PROFILE_SIZE_CLASSES; i++) {
		struct profile_size_class *c = &r->profile->sizes[i];
		c->from_bytes = i < 2 ? i : (UINT64_C(1) << (i - 2)) + 1;
		c->to_bytes = i < 2 ? i : UINT64_C(1) << (i - 1);
		c->metrics = metrics_of(r, &r->sizes[i], &r->sizes_left[i]);
	}
}

/* A level without what the tenures are summed for. */
static struct heap heap_of(const struct level *level, const struct left *left)
{
	return (struct heap){
		.live_bytes = level->live_bytes + left->bytes,
		.live_blocks = level->live_blocks + left->blocks,
		.peak_bytes = level->peak_bytes,
		.peak_blocks = level->peak_blocks,
		.peak_ns = level->peak_ns,
	};
}

static void add_tenure(struct heap *h, const struct tenure *t)
{
	h->allocs += t->cost.allocs;
	h->bytes += t->cost.bytes;
	h->reallocs += t->reallocs;
	h->frees += t->frees;
	h->temporary += t->cost.temporary;
	h->lifetime_ns += t->cost.lifetime_ns;
}

static void finish_processes(struct replay *r)
{
	struct profile *p = r->profile;
	struct left all = { 0, 0 };
	p->process_count = r->process_count;
	p->processes = mem_zalloc(r->process_count ? r->process_count : 1, sizeof(*p->processes));
	for (size_t i = 0; i < r->process_count; i++) {
		struct process_sums *state = &r->processes[i];
		p->processes[i] = state->result;
		p->processes[i].heap = heap_of(&state->level, &state->left);
		p->processes[i].mapped_bytes += state->maps.bytes;
		all.bytes += state->left.bytes;
		all.blocks += state->left.blocks;
	}
	p->heap = heap_of(&r->level, &all);
	for (size_t i = 0; i < r->tenure_count; i++) {
		add_tenure(&p->heap, &r->tenures[i]);
		add_tenure(&p->processes[r->tenures[i].process].heap, &r->tenures[i]);
	}
}

static int by_thread(const void *a, const void *b)
{
	const struct profile_thread *x = a, *y = b;
	if (x->thread != y->thread)
		return x->thread < y->thread ? -1 : 1;
	return x->process < y->process ? -1 : x->process > y->process;
}

/* One entry per thread, though it may have had several slots. */
static void finish_threads(struct replay *r)
{
	struct profile *p = r->profile;
	struct profile_thread *all = mem_zalloc(r->tenure_count + 1, sizeof(*all));
	for (size_t i = 0; i < r->tenure_count; i++) {
		struct tenure *t = &r->tenures[i];
		all[i] = (struct profile_thread){
			.thread = t->thread,
			.process = t->process,
			.metrics = metrics_of(r, &t->cost, &t->left),
			.frees = t->frees,
			.freed_bytes = t->freed_bytes,
			.foreign_frees = t->foreign_frees,
		};
	}
	qsort(all, r->tenure_count, sizeof(*all), by_thread);
	size_t count = 0;
	for (size_t i = 0; i < r->tenure_count; i++) {
		if (count && by_thread(&all[count - 1], &all[i]) == 0) {
			struct profile_thread *same = &all[count - 1];
			metrics_add(&same->metrics, &all[i].metrics);
			same->frees += all[i].frees;
			same->freed_bytes += all[i].freed_bytes;
			same->foreign_frees += all[i].foreign_frees;
			continue;
		}
		all[count++] = all[i];
		p->processes[all[i].process].threads++;
	}
	p->threads = all;
	p->thread_count = count;
}

static void finish_pools(struct replay *r)
{
	struct profile *p = r->profile;
	p->pools = mem_zalloc(r->pool_count + 1, sizeof(*p->pools));
	p->instances = mem_zalloc(r->pool_count + 1, sizeof(*p->instances));
	for (size_t i = 0; i < r->pool_count; i++) {
		struct pool_state *state = &r->pools[i];
		if (!state->heap.allocs)
			continue;
		struct heap heap = state->heap;
		heap.live_bytes += state->left.bytes;
		heap.live_blocks += state->left.blocks;
		if (state->use == REPLAY_JOINED)
			p->instances[p->instance_count++] = (struct profile_instance){
				(uint32_t)i, heap, metrics_of(r, &state->cost, &state->left)
			};
		else
			p->pools[p->pool_count++] = (struct profile_pool){ (uint32_t)i, heap };
	}
}

static void finish_mapped(struct replay *r)
{
	struct profile_mapped *m = &r->profile->mapped;
	m->peak_bytes = r->mapped.peak_bytes;
	m->peak_ns = r->mapped.peak_ns;
	m->bytes = r->mapped.live_bytes + r->mapped.left_bytes;
	for (size_t i = 0; i < r->process_count; i++) {
		m->maps += r->processes[i].result.maps;
		m->unmaps += r->processes[i].result.unmaps;
	}
	m->stacks = mem_zalloc(r->mapped.stack_count + 1, sizeof(*m->stacks));
	for (size_t i = 0; i < r->mapped.stack_count; i++) {
		struct map_stack s = map_sums_stack(&r->mapped, i);
		if (!s.maps)
			continue;
		struct profile_stack *stack = &m->stacks[m->stack_count++];
		stack->node = r->stacks[i].node;
		stack->metrics = (struct metrics){
			.allocs = s.maps,
			.bytes = s.bytes,
			.peak_bytes = s.peak_bytes,
			.live_bytes = s.live_bytes + s.left_bytes,
		};
	}
}

static void finish_timeline(struct replay *r)
{
	struct profile *p = r->profile;
	p->end_ns = r->ended ? r->filter.to_ns : r->now_ns;
	if (p->timeline_count < PROFILE_TIMELINE_POINTS)
		p->timeline[p->timeline_count++] = r->stretch_max;
	else if (p->timeline[p->timeline_count - 1] < r->stretch_max)
		p->timeline[p->timeline_count - 1] = r->stretch_max;
}

struct profile *replay_finish(struct replay *r)
{
	struct profile *p = r->profile;
	finish_stacks(r);
	finish_sizes(r);
	finish_processes(r);
	finish_threads(r);
	finish_pools(r);
	finish_mapped(r);
	finish_timeline(r);
	for (unsigned i = 0; i < ROLE_COUNT; i++)
		p->role_counts[i] = r->role_counts[i];
	p->scopes = scopes_take(&r->scopes, &p->scope_count);
	release(r);
	return p;
}
