/* growth.c - the events, one after the other; see growth.h. What comes of them is in
 * growth_finish.c. */
#include "analysis/growth.h"

#include <stdlib.h>
#include <string.h>

#include "analysis/growth_state.h"
#include "base/hash.h"
#include "util/mem.h"
#include "wire/events.h"

enum { MAX_PROCESSES = 1 << 20, MAX_ALLOCATORS = 1 << 16 };

uint64_t growth_age_end_ns(unsigned age)
{
	uint64_t end = 10000;
	for (unsigned i = 0; i < age; i++)
		end *= 10;
	return age + 1 < GROWTH_AGES ? end : UINT64_MAX;
}

static unsigned age_class(uint64_t age_ns)
{
	unsigned age = 0;
	for (uint64_t end = 10000; age + 1 < GROWTH_AGES && age_ns >= end; end *= 10)
		age++;
	return age;
}

static void count_age(uint32_t *ages, uint64_t made_ns, uint64_t now_ns)
{
	uint32_t *count = &ages[age_class(now_ns > made_ns ? now_ns - made_ns : 0)];
	*count += *count != UINT32_MAX;
}

/* ---- time ---- */

/* Recorded time: pauses are no part of it. */
static uint64_t recorded_ns(const struct growth *g, uint64_t time_ns)
{
	uint64_t paused = g->paused_ns;
	if (g->paused)
		paused += time_ns - g->pause_began_ns;
	return time_ns - paused;
}

static void reach(struct growth *g, struct growth_tracks *p, uint64_t time_ns)
{
	uint64_t now = recorded_ns(g, time_ns);
	if (AT_UNLIKELY(!p->begun)) {
		p->begun = true;
		p->began_ns = time_ns;
		p->paused_ns = time_ns - now;
		p->clock = mem_alloc(sizeof(*p->clock));
		growth_clock_init(p->clock);
	}
	uint64_t begin = p->began_ns - p->paused_ns;
	p->last_ns = time_ns;
	p->events++;
	growth_clock_reach(p->clock, now > begin ? now - begin : 0);
}

static void mark(struct growth *g, const struct trace_event *e)
{
	if (e->role == MARK_PAUSE && !g->paused) {
		g->paused = true;
		g->pause_began_ns = e->time_ns;
	} else if (e->role == MARK_RESUME && g->paused) {
		g->paused = false;
		g->paused_ns += e->time_ns - g->pause_began_ns;
	}
}

/* ---- processes, threads ---- */

static struct growth_tracks *process_of(struct growth *g, uint32_t index)
{
	if (index >= MAX_PROCESSES)
		return NULL;
	while (index >= g->process_count) {
		uint32_t fresh = (uint32_t)g->process_count++;
		g->processes = mem_grow(g->processes, &g->process_cap, g->process_count,
					sizeof(*g->processes));
		g->processes[fresh] = (struct growth_tracks){
			.tenures = GROWTH_NONE,
			.counts = !g->filter.process || g->filter.process(g->filter.ctx, fresh),
		};
	}
	return &g->processes[index];
}

static void begin_tenure(struct growth *g, uint32_t slot, uint32_t thread, uint32_t process)
{
	struct growth_tracks *p = slot < LIVE_MAX_SLOTS ? process_of(g, process) : NULL;
	if (!p)
		return;
	size_t index = g->tenure_count++;
	g->tenures = mem_grow(g->tenures, &g->tenure_cap, g->tenure_count, sizeof(*g->tenures));
	live_map_set_thread(&g->live, slot, (uint32_t)index);
	g->tenures[index] = (struct growth_tenure){
		.first = g->live.slots[slot].first,
		.slot = slot,
		.process = process,
		.next = p->tenures,
		.pending = GROWTH_NONE,
		.counts =
			p->counts && (!g->filter.thread || g->filter.thread(g->filter.ctx, thread)),
	};
	p->tenures = (int32_t)index;
}

static struct growth_tenure *tenure_of(struct growth *g, uint32_t slot)
{
	if (slot >= LIVE_MAX_SLOTS)
		return NULL;
	if (slot >= g->live.slot_count || !g->live.slots[slot].span_count)
		begin_tenure(g, slot, UINT32_MAX, 0);
	return &g->tenures[g->live.slots[slot].thread];
}

/* ---- sites ---- */

static size_t home(const struct growth_tracks *p, uint32_t node, uint32_t allocator)
{
	return hash_u64((uint64_t)allocator << 32 | node) >> 16 & (p->room - 1);
}

static void table_place(struct growth *g, struct growth_tracks *p, uint32_t track)
{
	size_t i = home(p, g->tracks[track].node, g->tracks[track].allocator);
	while (p->table[i])
		i = (i + 1) & (p->room - 1);
	p->table[i] = track + 1;
}

static void table_grow(struct growth *g, struct growth_tracks *p)
{
	free(p->table);
	p->room = p->room ? p->room * 2 : 64;
	p->table = mem_zalloc(p->room, sizeof(*p->table));
	for (size_t i = 0; i < p->count; i++)
		table_place(g, p, p->list[i]);
}

static uint32_t new_track(struct growth *g, struct growth_tracks *p, uint32_t node,
			  uint32_t allocator, bool pool)
{
	uint32_t index;
	if (g->spare_count) {
		index = g->spare[--g->spare_count];
	} else {
		index = (uint32_t)g->track_count++;
		g->tracks = mem_grow(g->tracks, &g->track_cap, g->track_count, sizeof(*g->tracks));
	}
	g->tracks[index] =
		(struct growth_track){ .node = node, .allocator = allocator, .pool = pool };
	if (p->count * 4 >= p->room * 3)
		table_grow(g, p);
	p->list = mem_grow(p->list, &p->cap, p->count + 1, sizeof(*p->list));
	p->list[p->count++] = index;
	table_place(g, p, index);
	return index;
}

static uint32_t find_track(struct growth *g, struct growth_tracks *p, uint32_t node,
			   uint32_t allocator, bool pool)
{
	if (p->room)
		for (size_t i = home(p, node, allocator); p->table[i];
		     i = (i + 1) & (p->room - 1)) {
			const struct growth_track *t = &g->tracks[p->table[i] - 1];
			if (t->node == node && t->allocator == allocator)
				return p->table[i] - 1;
		}
	return new_track(g, p, node, allocator, pool);
}

static enum replay_use use_of(struct growth *g, uint32_t allocator)
{
	allocator &= MAX_ALLOCATORS - 1;
	if (allocator == g->filter.allocator)
		return REPLAY_JOINED;
	if (!g->uses[allocator]) {
		enum replay_use use = REPLAY_APART;
		if (!allocator)
			use = REPLAY_LEFT_OUT;
		else if (g->filter.use)
			use = g->filter.use(g->filter.ctx, allocator);
		g->uses[allocator] =
			(uint8_t)(g->filter.one_allocator && use == REPLAY_APART ? REPLAY_LEFT_OUT
										 : use);
	}
	return (enum replay_use)g->uses[allocator];
}

/* ---- events ---- */

static void note(struct growth *g, struct growth_tracks *p, uint32_t track)
{
	growth_series_note(&g->tracks[track].series, p->clock);
	if (!g->tracks[track].pool)
		growth_series_note(&p->heap, p->clock);
}

/* A realloc takes its block out and brings it back; between them it is not gone. */
static void settle(struct growth *g, struct growth_tenure *t)
{
	if (t->pending == GROWTH_NONE)
		return;
	note(g, &g->processes[t->process], (uint32_t)t->pending);
	t->pending = GROWTH_NONE;
}

static void on_alloc(struct growth *g, const struct trace_event *e)
{
	struct growth_tenure *t = tenure_of(g, e->slot);
	struct live_slot *slot = t ? &g->live.slots[e->slot] : NULL;
	if (!slot || e->counter != slot->next || e->size > EVENT_VALUE_MAX)
		return;
	struct growth_tracks *p = &g->processes[t->process];
	enum replay_use use = use_of(g, e->allocator);
	if (!t->counts || use == REPLAY_LEFT_OUT || p->ended || e->time_ns < g->filter.from_ns ||
	    (g->filter.stack && !g->filter.stack(g->filter.ctx, e->stack))) {
		live_map_add(&g->live, slot, LIVE_NONE, 0, 0, e->time_ns);
		return;
	}
	reach(g, p, e->time_ns);
	uint32_t track = find_track(g, p, e->stack, e->allocator, use == REPLAY_APART);
	if (t->pending != GROWTH_NONE &&
	    (!(e->flags & EVENT_FLAG_REALLOC) || (uint32_t)t->pending != track))
		settle(g, t);
	t->pending = GROWTH_NONE;
	struct growth_track *at = &g->tracks[track];
	live_map_add(&g->live, slot, track, e->size, e->allocator, e->time_ns);
	at->allocs++;
	at->bytes += e->size;
	at->series.live_bytes += e->size;
	at->series.live_blocks++;
	if (!at->pool) {
		p->heap.live_bytes += e->size;
		p->heap.live_blocks++;
	}
	note(g, p, track);
}

static void on_free(struct growth *g, const struct trace_event *e)
{
	struct live_found block;
	struct growth_tenure *t = tenure_of(g, e->slot);
	struct live_slot *slot =
		e->block_slot < g->live.slot_count ? &g->live.slots[e->block_slot] : NULL;
	if (!t || !slot || !live_map_remove(&g->live, slot, e->counter, &block)) {
		g->result->unknown_frees++;
		return;
	}
	/* Its maker's process: that it was another's would be a damaged trace. */
	struct growth_tenure *maker = &g->tenures[block.thread];
	struct growth_tracks *p = &g->processes[maker->process];
	struct growth_track *at = &g->tracks[block.stack];
	reach(g, p, e->time_ns);
	settle(g, t);
	at->series.live_bytes -= block.size;
	at->series.live_blocks--;
	count_age(at->freed_ages, block.time_ns, e->time_ns);
	if (!at->pool) {
		p->heap.live_bytes -= block.size;
		p->heap.live_blocks--;
	}
	if ((e->flags & EVENT_FLAG_REALLOC) && t == maker)
		t->pending = (int32_t)block.stack;
	else
		note(g, p, block.stack);
}

static void on_other(struct growth *g, const struct trace_event *e)
{
	switch (e->op) {
	case TRACE_PROCESS_START:
		process_of(g, e->process);
		break;
	case TRACE_PROCESS_END:
		if (process_of(g, e->process))
			growth_close_process(g, e->process, true);
		break;
	case TRACE_THREAD_START:
		begin_tenure(g, e->slot, e->thread, e->process);
		break;
	case TRACE_MARK:
		mark(g, e);
		break;
	default:
		break;
	}
}

void growth_feed(struct growth *g, const struct trace_event *events, size_t count)
{
	for (size_t i = 0; i < count && !g->ended; i++) {
		const struct trace_event *e = &events[i];
		if (g->filter.to_ns && e->time_ns >= g->filter.to_ns) {
			g->ended = true;
			return;
		}
		g->result->end_ns = e->time_ns;
		if (e->op == TRACE_ALLOC)
			on_alloc(g, e);
		else if (e->op == TRACE_FREE)
			on_free(g, e);
		else
			on_other(g, e);
	}
}

/* ---- beginning ---- */

struct growth *growth_new(const struct replay_filter *filter)
{
	struct growth *g = mem_zalloc(1, sizeof(*g));
	if (filter)
		g->filter = *filter;
	g->uses = mem_zalloc(MAX_ALLOCATORS, 1);
	g->result = mem_zalloc(1, sizeof(*g->result));
	live_map_init(&g->live);
	return g;
}

void growth_free(struct growth *g)
{
	if (!g)
		return;
	for (size_t i = 0; i < g->process_count; i++) {
		struct growth_tracks *p = &g->processes[i];
		for (size_t k = 0; k < p->count; k++)
			growth_series_release(&g->tracks[p->list[k]].series);
		growth_series_release(&p->heap);
		free(p->clock);
		free(p->table);
		free(p->list);
	}
	live_map_release(&g->live);
	free(g->tracks);
	free(g->spare);
	free(g->tenures);
	free(g->processes);
	free(g->uses);
	growth_result_free(g->result);
	free(g);
}
