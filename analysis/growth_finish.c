/* growth_finish.c - a process ends and its sites are judged; and what is kept of them. */
#include <stdlib.h>
#include <string.h>

#include "analysis/growth_state.h"
#include "util/mem.h"

enum { KEPT_OF_A_VERDICT = 16 }; /* of a process, of those that do not grow */

static bool is_kept_always(enum growth_verdict verdict)
{
	return verdict <= GROWTH_RECENT;
}

static bool is_kept(enum growth_verdict verdict)
{
	return verdict < GROWTH_QUIET;
}

/* ---- one process ---- */

static struct growth_point *points_of(struct growth_series *s, const struct growth_clock *clock,
				      size_t *count)
{
	struct growth_point *points = mem_alloc(GROWTH_BUCKETS * sizeof(*points));
	*count = growth_series_spread(s, clock, points);
	return points;
}

static void add_site(struct growth_result *r, size_t *cap, const struct growth_site *site)
{
	r->sites = mem_grow(r->sites, cap, r->site_count + 1, sizeof(*r->sites));
	r->sites[r->site_count++] = *site;
}

static void judge_site(struct growth *g, uint32_t process, uint32_t track,
		       struct growth_process *out)
{
	struct growth_track *t = &g->tracks[track];
	struct growth_tracks *p = &g->processes[process];
	size_t count;
	struct growth_point *points = points_of(&t->series, p->clock, &count);
	struct growth_site site = {
		.node = t->node,
		.allocator = t->allocator,
		.process = process,
		.pool = t->pool,
		.judgement = growth_judge(points, count, p->clock, out->duration_ns),
		.allocs = t->allocs,
		.bytes = t->bytes,
		.live_bytes = t->series.live_bytes,
		.live_blocks = t->series.live_blocks,
		.points = points,
	};
	out->verdicts[site.judgement.verdict]++;
	/* Ages are still to come: where the track is, is noted in their place. */
	memcpy(site.freed_ages, t->freed_ages, sizeof(site.freed_ages));
	site.live_ages[0] = track;
	if (is_kept(site.judgement.verdict))
		add_site(g->result, &g->result_site_cap, &site);
	else
		free(points);
}

static int larger_first(const void *a, const void *b)
{
	const struct growth_site *x = a, *y = b;
	const struct growth_judgement *i = &x->judgement, *k = &y->judgement;
	if (i->verdict != k->verdict)
		return i->verdict < k->verdict ? -1 : 1;
	if (i->bytes_per_s > k->bytes_per_s || i->bytes_per_s < k->bytes_per_s)
		return i->bytes_per_s > k->bytes_per_s ? -1 : 1;
	if (i->to_bytes != k->to_bytes)
		return i->to_bytes > k->to_bytes ? -1 : 1;
	if (x->live_bytes != y->live_bytes)
		return x->live_bytes > y->live_bytes ? -1 : 1;
	if (x->process != y->process)
		return x->process < y->process ? -1 : 1;
	return x->node < y->node ? -1 : x->node > y->node;
}

/* Of those that do not grow the largest are enough. */
static void thin_out(struct growth_result *r, size_t from)
{
	size_t kept = from, of_verdict = 0;
	if (r->site_count == from)
		return;
	qsort(r->sites + from, r->site_count - from, sizeof(*r->sites), larger_first);
	for (size_t i = from; i < r->site_count; i++) {
		enum growth_verdict verdict = r->sites[i].judgement.verdict;
		if (i == from || r->sites[i - 1].judgement.verdict != verdict)
			of_verdict = 0;
		if (!is_kept_always(verdict) && of_verdict++ >= KEPT_OF_A_VERDICT)
			free(r->sites[i].points);
		else
			r->sites[kept++] = r->sites[i];
	}
	r->site_count = kept;
}

struct aging {
	struct growth *growth;
	uint64_t now_ns;
};

static void block_ages(void *ctx, const struct live_found *block)
{
	const struct aging *a = ctx;
	uint32_t *ages = a->growth->tracks[block->stack].live_ages;
	uint64_t age = a->now_ns > block->time_ns ? a->now_ns - block->time_ns : 0;
	unsigned class = 0;
	while (class + 1 < GROWTH_AGES && age >= growth_age_end_ns(class))
		class ++;
	ages[class] += ages[class] != UINT32_MAX;
}

static void drain(struct growth *g, const struct growth_tracks *p)
{
	struct aging aging = { g, g->result->end_ns };
	for (int32_t i = p->tenures; i != GROWTH_NONE; i = g->tenures[i].next) {
		const struct growth_tenure *t = &g->tenures[i];
		live_map_drain(&g->live, t->slot, (uint32_t)i, t->first, block_ages, &aging);
	}
}

static void settle_all(struct growth *g, struct growth_tracks *p)
{
	for (int32_t i = p->tenures; i != GROWTH_NONE; i = g->tenures[i].next) {
		struct growth_tenure *t = &g->tenures[i];
		if (t->pending != GROWTH_NONE) {
			growth_series_note(&g->tracks[t->pending].series, p->clock);
			growth_series_note(&p->heap, p->clock);
		}
		t->pending = GROWTH_NONE;
	}
}

static void release(struct growth *g, struct growth_tracks *p)
{
	for (size_t i = 0; i < p->count; i++) {
		growth_series_release(&g->tracks[p->list[i]].series);
		g->spare = mem_grow(g->spare, &g->spare_cap, g->spare_count + 1, sizeof(*g->spare));
		g->spare[g->spare_count++] = p->list[i];
	}
	growth_series_release(&p->heap);
	free(p->clock);
	free(p->table);
	free(p->list);
	p->clock = NULL;
	p->table = p->list = NULL;
	p->room = p->count = p->cap = 0;
}

static void judge_heap(struct growth_tracks *p, struct growth_process *out)
{
	struct growth_site *heap = &out->heap;
	heap->process = out->process;
	heap->live_bytes = p->heap.live_bytes;
	heap->live_blocks = p->heap.live_blocks;
	heap->points = points_of(&p->heap, p->clock, &out->buckets);
	heap->judgement = growth_judge(heap->points, out->buckets, p->clock, out->duration_ns);
}

static uint64_t pauses_until(const struct growth *g, uint64_t time_ns)
{
	uint64_t paused = g->paused_ns;
	if (g->paused && time_ns > g->pause_began_ns)
		paused += time_ns - g->pause_began_ns;
	return paused;
}

static void judge_process(struct growth *g, struct growth_tracks *p, struct growth_process *out)
{
	struct growth_result *r = g->result;
	size_t from = r->site_count;
	judge_heap(p, out);
	out->too_short = out->heap.judgement.verdict == GROWTH_TOO_SHORT;
	if (out->too_short)
		out->verdicts[GROWTH_TOO_SHORT] = p->count;
	else
		for (size_t i = 0; i < p->count; i++)
			judge_site(g, out->process, p->list[i], out);
	thin_out(r, from);
	drain(g, p);
	for (size_t i = from; i < r->site_count; i++)
		memcpy(r->sites[i].live_ages, g->tracks[r->sites[i].live_ages[0]].live_ages,
		       sizeof(r->sites[i].live_ages));
}

void growth_close_process(struct growth *g, uint32_t process, bool ended)
{
	struct growth_tracks *p = &g->processes[process];
	struct growth_result *r = g->result;
	if (p->ended)
		return;
	if (p->begun) {
		uint64_t paused = pauses_until(g, p->last_ns) - p->paused_ns;
		struct growth_process out = {
			.process = process,
			.ended = ended,
			.began_ns = p->began_ns,
			.duration_ns = p->last_ns - p->began_ns - paused,
			.paused_ns = paused,
			.events = p->events,
			.step_ns = p->clock->step_ns,
			.sites = p->count,
		};
		settle_all(g, p);
		judge_process(g, p, &out);
		r->processes = mem_grow(r->processes, &g->result_process_cap, r->process_count + 1,
					sizeof(*r->processes));
		r->processes[r->process_count++] = out;
	}
	release(g, p);
	p->ended = true;
}

/* ---- all of them ---- */

static int by_number(const void *a, const void *b)
{
	const struct growth_process *x = a, *y = b;
	return x->process < y->process ? -1 : x->process > y->process;
}

struct growth_result *growth_finish(struct growth *g)
{
	struct growth_result *r = g->result;
	for (uint32_t i = 0; i < g->process_count; i++)
		growth_close_process(g, i, false);
	if (r->site_count)
		qsort(r->sites, r->site_count, sizeof(*r->sites), larger_first);
	if (r->process_count)
		qsort(r->processes, r->process_count, sizeof(*r->processes), by_number);
	for (size_t i = 0; i < r->site_count; i++)
		if (r->sites[i].judgement.verdict == GROWTH_GROWING && !r->sites[i].pool)
			r->bytes_per_s += r->sites[i].judgement.bytes_per_s;
	r->paused_ns = pauses_until(g, r->end_ns);
	g->result = NULL;
	growth_free(g);
	return r;
}

void growth_result_free(struct growth_result *r)
{
	if (!r)
		return;
	for (size_t i = 0; i < r->site_count; i++)
		free(r->sites[i].points);
	for (size_t i = 0; i < r->process_count; i++)
		free(r->processes[i].heap.points);
	free(r->sites);
	free(r->processes);
	free(r);
}

const struct growth_process *growth_process_of(const struct growth_result *r, uint32_t process)
{
	const struct growth_process key = { .process = process };
	return r->process_count ? bsearch(&key, r->processes, r->process_count,
					  sizeof(*r->processes), by_number)
				: NULL;
}
