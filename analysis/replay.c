/* replay.c - the two events that matter for speed; see replay.h. The others are in
 * replay_other.c, the sums in replay_finish.c. */
#include "analysis/replay.h"

#include "analysis/replay_state.h"

enum { LOOK_AHEAD = 16 }; /* events: a few hundred ns, as long as memory takes */

static bool passes(const struct replay *r, const struct trace_event *e, const struct tenure *t,
		   uint32_t stack)
{
	return t->counts && r->stacks[stack].counts && e->time_ns >= r->filter.from_ns && !r->muted;
}

static inline uint32_t stack_index(struct replay *r, uint32_t node)
{
	uint32_t index = node < r->stack_of_count ? r->stack_of[node] : 0;
	return AT_LIKELY(index) ? index : replay_new_stack(r, node);
}

void replay_mute(struct replay *r, bool muted)
{
	r->muted = muted;
	r->filtered |= muted;
}

/* Another allocator than the one looked at: pools and instances have their own sums. True if the
 * block counts as one of the heap, too, and is still to be added. */
static AT_NOINLINE bool other_alloc(struct replay *r, const struct trace_event *e,
				    struct live_slot *slot)
{
	struct pool_state *pool = replay_pool(r, e->allocator);
	if (pool->use == REPLAY_LEFT_OUT) {
		live_map_add(&r->live, slot, LIVE_NONE, 0, 0, e->time_ns);
		return false;
	}
	if (pool->use == REPLAY_JOINED)
		cost_add(&pool->cost, r->epoch, e->size);
	else
		live_map_add(&r->live, slot, REPLAY_STACK_OTHER, e->size, e->allocator, e->time_ns);
	struct heap *h = &pool->heap;
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
	return pool->use == REPLAY_JOINED;
}

/* Times are kept to 1024 ns: see live_map.h. */
static inline uint64_t lifetime_of(const struct live_found *block, uint64_t time_ns)
{
	uint64_t now = time_ns & ~UINT64_C(1023);
	return now > block->time_ns ? now - block->time_ns : 0;
}

/* True as for other_alloc(). */
static AT_NOINLINE bool other_free(struct replay *r, const struct live_found *block, bool temporary,
				   uint64_t time_ns)
{
	struct pool_state *pool = replay_pool(r, block->pool);
	struct heap *h = &pool->heap;
	uint64_t lifetime = lifetime_of(block, time_ns);
	h->frees++;
	h->temporary += temporary;
	h->lifetime_ns += lifetime;
	h->live_bytes -= block->size;
	h->live_blocks--;
	if (pool->use != REPLAY_JOINED)
		return false;
	cost_remove(&pool->cost, r->epoch, block->size);
	pool->cost.temporary += temporary;
	pool->cost.lifetime_ns += lifetime;
	return true;
}

static AT_COLD void new_largest(struct replay *r, const struct trace_event *e)
{
	r->profile->largest_bytes = e->size;
	r->profile->largest_node = e->stack;
	r->profile->largest_ns = e->time_ns;
}

static inline void on_alloc(struct replay *r, const struct trace_event *e)
{
	r->profile->events++;
	struct tenure *t = replay_tenure(r, e->slot);
	struct live_slot *slot = t ? &r->live.slots[e->slot] : NULL;
	if (AT_UNLIKELY(!slot || e->counter != slot->next || e->size > EVENT_VALUE_MAX)) {
		r->profile->ignored_events++;
		return;
	}
	uint32_t stack = stack_index(r, e->stack);
	if (AT_UNLIKELY(r->filtered && !passes(r, e, t, stack))) {
		live_map_add(&r->live, slot, LIVE_NONE, 0, 0, e->time_ns);
		return;
	}
	if (AT_UNLIKELY(e->allocator != r->filter.allocator) && !other_alloc(r, e, slot))
		return;
	live_map_add(&r->live, slot, stack, e->size, e->allocator, e->time_ns);
	r->role_counts[e->role]++;
	t->reallocs += e->flags & EVENT_FLAG_REALLOC;
	struct process_sums *process = &r->processes[t->process];
	cost_add(&t->cost, r->epoch, e->size);
	cost_add(&r->stack_costs[stack], r->epoch, e->size);
	cost_add(&r->sizes[size_class(e->size)], r->epoch, e->size);
	level_add(&process->level, e->size);
	level_rise(&process->level, e->time_ns);
	level_add(&r->level, e->size);
	if (level_rise(&r->level, e->time_ns))
		r->epoch++;
	if (r->level.live_bytes > r->stretch_max)
		r->stretch_max = r->level.live_bytes;
	if (AT_UNLIKELY(e->size > r->profile->largest_bytes))
		new_largest(r, e);
}

static AT_COLD void unknown_free(struct replay *r, const struct trace_event *e,
				 const struct tenure *t)
{
	/* With a filter, a block that is not there may well be one that it left out. */
	if (r->filtered || r->filter.one_allocator)
		return;
	r->profile->unknown_frees++;
	if (t)
		r->processes[t->process].result.unknown_frees++;
}

static inline void on_free(struct replay *r, const struct trace_event *e)
{
	r->profile->events++;
	struct live_found block;
	struct tenure *t = replay_tenure(r, e->slot);
	struct live_slot *slot =
		e->block_slot < r->live.slot_count ? &r->live.slots[e->block_slot] : NULL;
	if (AT_UNLIKELY(!t || !slot || !live_map_remove(&r->live, slot, e->counter, &block))) {
		unknown_free(r, e, t);
		return;
	}
	/* The last block of the thread that has the slot now, and freed by it. */
	bool temporary = e->slot == e->block_slot && e->counter + 1 == slot->next &&
			 e->counter >= slot->first;
	if (AT_UNLIKELY(block.pool != r->filter.allocator) &&
	    !other_free(r, &block, temporary, e->time_ns))
		return;
	r->role_counts[e->role]++;
	struct tenure *owner = &r->tenures[block.thread];
	struct cost *stack = &r->stack_costs[block.stack];
	uint64_t lifetime = lifetime_of(&block, e->time_ns);
	t->frees++;
	t->freed_bytes += block.size;
	t->free_reallocs += e->flags & EVENT_FLAG_REALLOC;
	t->foreign_frees += owner->thread != t->thread;
	cost_remove(&owner->cost, r->epoch, block.size);
	owner->cost.temporary += temporary;
	owner->cost.lifetime_ns += lifetime;
	cost_remove(stack, r->epoch, block.size);
	stack->temporary += temporary;
	stack->lifetime_ns += lifetime;
	struct cost *size = &r->sizes[size_class(block.size)];
	cost_remove(size, r->epoch, block.size);
	size->temporary += temporary;
	size->lifetime_ns += lifetime;
	level_remove(&r->processes[owner->process].level, block.size);
	level_remove(&r->level, block.size);
}

/* False when the filter says that nothing happens any more. */
static AT_COLD bool reach(struct replay *r, uint64_t time_ns)
{
	if (r->filter.to_ns && time_ns >= r->filter.to_ns) {
		r->ended = true;
		return false;
	}
	while (time_ns >= r->stretch_end_ns && r->stretch_end_ns != UINT64_MAX)
		replay_next_stretch(r);
	r->check_ns = r->stretch_end_ns;
	if (r->filter.to_ns && r->filter.to_ns < r->check_ns)
		r->check_ns = r->filter.to_ns;
	return true;
}

void replay_feed(struct replay *r, const struct trace_event *events, size_t count)
{
	for (size_t i = 0; i < count && !r->ended; i++) {
		const struct trace_event *e = &events[i];
		if (AT_UNLIKELY(e->time_ns >= r->check_ns) && !reach(r, e->time_ns))
			return;
		r->now_ns = e->time_ns;
		if (i + LOOK_AHEAD < count && e[LOOK_AHEAD].op == TRACE_FREE)
			live_map_prefetch(&r->live, e[LOOK_AHEAD].block_slot,
					  e[LOOK_AHEAD].counter);
		if (e->op == TRACE_ALLOC)
			on_alloc(r, e);
		else if (e->op == TRACE_FREE)
			on_free(r, e);
		else
			replay_other(r, e);
	}
}
