/* replay_other.c - processes, threads, marks, mappings and losses of a replay, and its growing
 * tables. */
#include <string.h>

#include "analysis/replay_state.h"
#include "util/mem.h"
#include "wire/session.h"

/* ---- tables that grow ---- */

uint32_t replay_new_stack(struct replay *r, uint32_t node)
{
	if (node >= REPLAY_MAX_NODES)
		node = NODE_UNKNOWN;
	if (node >= r->stack_of_count) {
		size_t count = (size_t)node + 1;
		r->stack_of = mem_grow(r->stack_of, &r->stack_of_cap, count, sizeof(*r->stack_of));
		memset(r->stack_of + r->stack_of_count, 0,
		       (count - r->stack_of_count) * sizeof(*r->stack_of));
		r->stack_of_count = count;
	}
	if (r->stack_of[node])
		return r->stack_of[node];
	size_t index = r->stack_count++;
	r->stacks = mem_grow(r->stacks, &r->stack_cap, r->stack_count, sizeof(*r->stacks));
	r->stack_costs = mem_grow(r->stack_costs, &r->stack_costs_cap, r->stack_count,
				  sizeof(*r->stack_costs));
	bool counts = !r->filter.stack || r->filter.stack(r->filter.ctx, node);
	r->stacks[index] = (struct stack_state){ node, counts, { 0, 0 } };
	/* Its live values are 0 and unchanged since whatever peak there was. */
	r->stack_costs[index] = (struct cost){ .epoch = r->epoch };
	return r->stack_of[node] = (uint32_t)index;
}

static enum replay_use use_of(const struct replay *r, uint32_t allocator)
{
	if (allocator == 0)
		return REPLAY_LEFT_OUT;
	return r->filter.use ? r->filter.use(r->filter.ctx, allocator) : REPLAY_APART;
}

struct pool_state *replay_pool(struct replay *r, uint32_t allocator)
{
	allocator &= 0xffff;
	if (allocator >= r->pool_count) {
		size_t count = (size_t)allocator + 1;
		r->pools = mem_grow(r->pools, &r->pool_cap, count, sizeof(*r->pools));
		memset(r->pools + r->pool_count, 0, (count - r->pool_count) * sizeof(*r->pools));
		r->pool_count = count;
	}
	struct pool_state *pool = &r->pools[allocator];
	if (AT_UNLIKELY(!pool->use)) {
		pool->use = use_of(r, allocator);
		pool->cost.epoch = r->epoch;
	}
	return pool;
}

static struct process_sums *process_of(struct replay *r, uint32_t index)
{
	if (index >= REPLAY_MAX_PROCESSES)
		return NULL;
	while (index >= r->process_count) {
		uint32_t fresh = (uint32_t)r->process_count++;
		r->processes = mem_grow(r->processes, &r->process_cap, r->process_count,
					sizeof(*r->processes));
		struct process_sums *p = &r->processes[fresh];
		memset(p, 0, sizeof(*p));
		p->tenures = REPLAY_NO_TENURE;
		p->counts = !r->filter.process || r->filter.process(r->filter.ctx, fresh);
	}
	return &r->processes[index];
}

static void begin_tenure(struct replay *r, uint32_t slot, uint32_t thread, uint32_t process)
{
	struct process_sums *p = slot < LIVE_MAX_SLOTS ? process_of(r, process) : NULL;
	if (!p) {
		r->profile->ignored_events++;
		return;
	}
	size_t index = r->tenure_count++;
	r->tenures = mem_grow(r->tenures, &r->tenure_cap, r->tenure_count, sizeof(*r->tenures));
	live_map_set_thread(&r->live, slot, (uint32_t)index);
	bool counts = p->counts && (!r->filter.thread || r->filter.thread(r->filter.ctx, thread));
	r->tenures[index] = (struct tenure){
		.cost = { .epoch = r->epoch },
		.first = r->live.slots[slot].first,
		.slot = slot,
		.thread = thread,
		.process = process,
		.next = p->tenures,
		.counts = counts,
	};
	p->tenures = (int32_t)index;
}

struct tenure *replay_unknown_tenure(struct replay *r, uint32_t slot)
{
	begin_tenure(r, slot, UINT32_MAX, 0);
	return slot < LIVE_MAX_SLOTS ? &r->tenures[r->tenure_count - 1] : NULL;
}

void replay_next_stretch(struct replay *r)
{
	struct profile *p = r->profile;
	if (p->timeline_count == PROFILE_TIMELINE_POINTS) {
		for (size_t i = 0; i < PROFILE_TIMELINE_POINTS / 2; i++) {
			uint64_t a = p->timeline[2 * i], b = p->timeline[2 * i + 1];
			p->timeline[i] = a > b ? a : b;
		}
		p->timeline_count /= 2;
		p->timeline_step_ns *= 2;
	}
	p->timeline[p->timeline_count++] = r->stretch_max;
	r->stretch_max = r->level.live_bytes;
	/* At the end of the representable time it stays there. */
	if (__builtin_mul_overflow(p->timeline_count + 1, p->timeline_step_ns, &r->stretch_end_ns))
		r->stretch_end_ns = UINT64_MAX;
}

/* ---- events ---- */

struct leaving {
	struct replay *replay;
	struct process_sums *process;
};

static void leave(struct left *left, struct cost *cost, uint64_t epoch, uint64_t size)
{
	cost_remove(cost, epoch, size);
	left->bytes += size;
	left->blocks++;
}

static void block_left(void *ctx, const struct live_found *block)
{
	const struct leaving *l = ctx;
	struct replay *r = l->replay;
	if (block->pool != r->filter.allocator) {
		struct pool_state *pool = replay_pool(r, block->pool);
		pool->heap.live_bytes -= block->size;
		pool->heap.live_blocks--;
		pool->left.bytes += block->size;
		pool->left.blocks++;
		if (pool->use != REPLAY_JOINED)
			return;
		cost_remove(&pool->cost, r->epoch, block->size);
	}
	struct tenure *t = &r->tenures[block->thread];
	unsigned size = size_class(block->size);
	leave(&t->left, &t->cost, r->epoch, block->size);
	leave(&r->stacks[block->stack].left, &r->stack_costs[block->stack], r->epoch, block->size);
	leave(&r->sizes_left[size], &r->sizes[size], r->epoch, block->size);
	level_remove(&r->level, block->size);
	level_remove(&l->process->level, block->size);
	l->process->left.bytes += block->size;
	l->process->left.blocks++;
}

static void process_end(struct replay *r, const struct trace_event *e)
{
	struct process_sums *p = process_of(r, e->process);
	if (!p || p->result.ended) {
		r->profile->ignored_events++;
		return;
	}
	p->result.ended = true;
	p->result.end_ns = e->time_ns;
	p->result.wait_status = e->value;
	struct leaving leaving = { r, p };
	for (int32_t i = p->tenures; i != REPLAY_NO_TENURE; i = r->tenures[i].next) {
		const struct tenure *t = &r->tenures[i];
		live_map_drain(&r->live, t->slot, (uint32_t)i, t->first, block_left, &leaving);
		scopes_thread_end(&r->tenures[i].scopes);
	}
	p->result.mapped_bytes = p->maps.bytes;
	map_sums_leave(&r->mapped, &p->maps);
}

static void process_start(struct replay *r, const struct trace_event *e)
{
	struct process_sums *p = process_of(r, e->process);
	if (!p) {
		r->profile->ignored_events++;
		return;
	}
	p->result.started = true;
	p->result.start_ns = e->time_ns;
}

static void thread_start(struct replay *r, const struct trace_event *e)
{
	begin_tenure(r, e->slot, e->thread, e->process);
}

static void add_mark(struct replay *r, const struct trace_event *e, uint32_t thread)
{
	struct profile *p = r->profile;
	if (p->mark_count == PROFILE_MAX_MARKS) {
		p->marks_dropped++;
		return;
	}
	p->marks = mem_grow(p->marks, &r->mark_cap, p->mark_count + 1, sizeof(*p->marks));
	p->marks[p->mark_count++] = (struct profile_mark){
		.time_ns = e->time_ns,
		.thread = thread,
		.type = (enum mark_type)e->role,
		.text = mem_strdup(e->text ? e->text : ""),
		.live_bytes = r->level.live_bytes,
	};
}

static void mark(struct replay *r, const struct trace_event *e)
{
	struct tenure *t = replay_tenure(r, e->slot);
	if (!t)
		return;
	struct scope_counts now = { e->time_ns, t->cost.allocs, t->cost.bytes, t->freed_bytes,
				    t->cost.temporary };
	const char *name = e->text ? e->text : "";
	if (e->role == MARK_SCOPE_BEGIN)
		scopes_begin(&r->scopes, &t->scopes, name, &now);
	else if (e->role == MARK_SCOPE_END)
		scopes_end(t->scopes, name, &now);
	else
		add_mark(r, e, t->thread);
}

/* Pools lie inside the heap: a report of one has nothing mapped. */
static void map(struct replay *r, const struct trace_event *e)
{
	const struct tenure *t = replay_tenure(r, e->slot);
	if (!t || (r->filtered && !t->counts) || r->filter.allocator)
		return;
	struct process_sums *p = &r->processes[t->process];
	if (e->role == ROLE_MUNMAP) {
		map_sums_remove(&r->mapped, &p->maps, e->address, e->size);
		r->role_counts[e->role]++;
		p->result.unmaps++;
		return;
	}
	uint32_t stack = replay_new_stack(r, e->stack);
	if (r->filtered && (!r->stacks[stack].counts || e->time_ns < r->filter.from_ns)) {
		/* It may be in the place of one that counts. */
		map_sums_remove(&r->mapped, &p->maps, e->address, e->size);
		return;
	}
	map_sums_add(&r->mapped, &p->maps, e->address, e->size, stack, e->time_ns);
	r->role_counts[e->role]++;
	p->result.maps++;
	if (p->maps.bytes > p->result.mapped_peak_bytes) {
		p->result.mapped_peak_bytes = p->maps.bytes;
		p->result.mapped_peak_ns = e->time_ns;
	}
}

static void loss(struct replay *r, const struct trace_event *e)
{
	if (e->role >= TRACE_LOSS_COUNT) {
		r->profile->ignored_events++;
		return;
	}
	/* How much was cut off nobody knows. */
	uint64_t lost = e->role == TRACE_LOSS_CUT ? 1 : e->value;
	struct process_sums *p = process_of(r, e->process);
	if (p)
		p->result.losses[e->role] += lost;
	r->profile->losses[e->role] += lost;
}

static void free_inherited(struct replay *r, const struct trace_event *e)
{
	const struct tenure *t = replay_tenure(r, e->slot);
	r->profile->events++;
	r->profile->inherited_frees++;
	if (t)
		r->processes[t->process].result.inherited_frees++;
}

void replay_other(struct replay *r, const struct trace_event *e)
{
	switch ((enum trace_op)e->op) {
	case TRACE_FREE_INHERITED:
		free_inherited(r, e);
		return;
	case TRACE_PROCESS_START:
		process_start(r, e);
		return;
	case TRACE_PROCESS_END:
		process_end(r, e);
		return;
	case TRACE_THREAD_START:
		thread_start(r, e);
		return;
	case TRACE_MARK:
		mark(r, e);
		return;
	case TRACE_MAP:
		map(r, e);
		return;
	case TRACE_LOSS:
		loss(r, e);
		return;
	case TRACE_THREAD_END:
	case TRACE_MODULE:
	case TRACE_FINDING:
	case TRACE_LEAK_SCAN:
		return;
	case TRACE_ALLOC:
	case TRACE_FREE:
	default:
		break;
	}
	r->profile->ignored_events++;
}
