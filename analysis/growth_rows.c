/* growth_rows.c - see growth_rows.h. */
#include "analysis/growth_rows.h"

#include <stdlib.h>

#include "util/mem.h"

struct key {
	uint32_t step, site; /* index */
	enum growth_verdict verdict;
	uint32_t allocator;
};

static int same_first(const void *a, const void *b)
{
	const struct key *x = a, *y = b;
	if (x->verdict != y->verdict)
		return x->verdict < y->verdict ? -1 : 1;
	if (x->step != y->step)
		return x->step < y->step ? -1 : 1;
	if (x->allocator != y->allocator)
		return x->allocator < y->allocator ? -1 : 1;
	return x->site < y->site ? -1 : x->site > y->site;
}

static void add(struct growth_row *row, const struct growth_site *site)
{
	const struct growth_judgement *j = &site->judgement;
	row->sites++;
	row->processes += row->site->process != site->process || row->processes == 0;
	if (j->bytes_per_s > row->site->judgement.bytes_per_s)
		row->site = site;
	row->bytes_per_s += j->bytes_per_s;
	row->blocks_per_s += j->blocks_per_s;
	row->grown_bytes += j->to_bytes - j->from_bytes;
	row->live_bytes += site->live_bytes;
	row->live_blocks += site->live_blocks;
	row->allocs += site->allocs;
	for (unsigned i = 0; i < GROWTH_AGES; i++) {
		row->live_ages[i] += site->live_ages[i];
		row->freed_ages[i] += site->freed_ages[i];
	}
}

static int faster_first(const void *a, const void *b)
{
	const struct growth_row *x = a, *y = b;
	if (x->verdict != y->verdict)
		return x->verdict < y->verdict ? -1 : 1;
	if (x->bytes_per_s > y->bytes_per_s || x->bytes_per_s < y->bytes_per_s)
		return x->bytes_per_s > y->bytes_per_s ? -1 : 1;
	if (x->grown_bytes != y->grown_bytes)
		return x->grown_bytes > y->grown_bytes ? -1 : 1;
	if (x->live_bytes != y->live_bytes)
		return x->live_bytes > y->live_bytes ? -1 : 1;
	return x->site < y->site ? -1 : x->site > y->site;
}

void growth_rows_make(struct growth_rows *r, const struct growth_result *growth,
		      struct callstacks *stacks)
{
	struct key *keys = mem_zalloc(growth->site_count + 1, sizeof(*keys));
	*r = (struct growth_rows){ .rows = mem_zalloc(growth->site_count + 1, sizeof(*r->rows)) };
	for (uint32_t i = 0; i < growth->site_count; i++) {
		const struct growth_site *s = &growth->sites[i];
		keys[i] = (struct key){ callstacks_step(stacks, s->node), i, s->judgement.verdict,
					s->allocator };
	}
	qsort(keys, growth->site_count, sizeof(*keys), same_first);
	for (size_t i = 0; i < growth->site_count; i++) {
		const struct growth_site *site = &growth->sites[keys[i].site];
		if (!i || keys[i].verdict != keys[i - 1].verdict ||
		    keys[i].step != keys[i - 1].step || keys[i].allocator != keys[i - 1].allocator)
			r->rows[r->count++] = (struct growth_row){ .step = keys[i].step,
								   .verdict = keys[i].verdict,
								   .site = site };
		add(&r->rows[r->count - 1], site);
	}
	qsort(r->rows, r->count, sizeof(*r->rows), faster_first);
	for (size_t i = 0; i < r->count; i++) {
		struct growth_row *row = &r->rows[i];
		r->verdicts[row->verdict]++;
		if (row->verdict == GROWTH_GROWING && growth->bytes_per_s > 0 && !row->site->pool)
			row->share = row->bytes_per_s / growth->bytes_per_s;
	}
	free(keys);
}

void growth_rows_release(struct growth_rows *r)
{
	free(r->rows);
	*r = (struct growth_rows){ 0 };
}

int growth_age_of_part(const uint64_t ages[GROWTH_AGES], double part)
{
	uint64_t all = 0, sum = 0;
	for (unsigned i = 0; i < GROWTH_AGES; i++)
		all += ages[i];
	for (int i = 0; i < GROWTH_AGES; i++) {
		sum += ages[i];
		if (sum && (double)sum >= part * (double)all)
			return i;
	}
	return -1;
}
