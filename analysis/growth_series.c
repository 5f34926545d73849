/* growth_series.c - buckets that turn and double; see growth_series.h. */
#include "analysis/growth_series.h"

#include <stdlib.h>

#include "util/mem.h"

void growth_clock_init(struct growth_clock *c)
{
	*c = (struct growth_clock){ .step_ns = GROWTH_FIRST_STEP_NS,
				    .next_ns = GROWTH_FIRST_STEP_NS };
}

static void clock_halve(struct growth_clock *c)
{
	for (size_t i = 0; i < GROWTH_BUCKETS / 2; i++)
		c->events[i] = c->events[2 * i] + c->events[2 * i + 1];
	for (size_t i = GROWTH_BUCKETS / 2; i < GROWTH_BUCKETS; i++)
		c->events[i] = 0;
	c->step_ns *= 2;
	c->halvings++;
}

void growth_clock_turn(struct growth_clock *c, uint64_t time_ns)
{
	while (time_ns / c->step_ns >= GROWTH_BUCKETS)
		clock_halve(c);
	c->bucket = (uint32_t)(time_ns / c->step_ns);
	if (__builtin_add_overflow((uint64_t)c->bucket * c->step_ns, c->step_ns, &c->next_ns))
		c->next_ns = UINT64_MAX;
}

static void merge(struct growth_point *into, const struct growth_point *later)
{
	if (later->least_bytes < into->least_bytes)
		into->least_bytes = later->least_bytes;
	if (later->least_blocks < into->least_blocks)
		into->least_blocks = later->least_blocks;
	if (later->most_bytes > into->most_bytes)
		into->most_bytes = later->most_bytes;
	into->last_bytes = later->last_bytes;
	into->last_blocks = later->last_blocks;
}

/* A series that nothing happened to for long may be several halvings behind. */
static void series_halve(struct growth_series *s, uint32_t halvings)
{
	uint32_t shift = halvings - s->halvings;
	size_t kept = 0;
	if (shift > 31)
		shift = 31;
	for (size_t i = 0; i < s->count; i++) {
		struct growth_point p = s->points[i];
		p.bucket >>= shift;
		if (kept && s->points[kept - 1].bucket == p.bucket)
			merge(&s->points[kept - 1], &p);
		else
			s->points[kept++] = p;
	}
	s->count = kept;
	s->halvings = halvings;
}

void growth_series_turn(struct growth_series *s, const struct growth_clock *c)
{
	if (s->halvings != c->halvings)
		series_halve(s, c->halvings);
	if (s->count && s->points[s->count - 1].bucket == c->bucket)
		return;
	uint32_t blocks = s->noted_blocks < UINT32_MAX ? (uint32_t)s->noted_blocks : UINT32_MAX;
	s->points = mem_grow(s->points, &s->cap, s->count + 1, sizeof(*s->points));
	s->points[s->count++] = (struct growth_point){ .least_bytes = s->noted_bytes,
						       .most_bytes = s->noted_bytes,
						       .last_bytes = s->noted_bytes,
						       .least_blocks = blocks,
						       .last_blocks = blocks,
						       .bucket = c->bucket };
}

size_t growth_series_spread(struct growth_series *s, const struct growth_clock *c,
			    struct growth_point out[GROWTH_BUCKETS])
{
	struct growth_point now = { 0 };
	size_t at = 0;
	if (s->halvings != c->halvings)
		series_halve(s, c->halvings);
	for (uint32_t i = 0; i <= c->bucket; i++) {
		if (at < s->count && s->points[at].bucket == i) {
			now = s->points[at++];
		} else {
			now.least_bytes = now.most_bytes = now.last_bytes;
			now.least_blocks = now.last_blocks;
		}
		now.bucket = i;
		out[i] = now;
	}
	return (size_t)c->bucket + 1;
}

void growth_series_release(struct growth_series *s)
{
	free(s->points);
	*s = (struct growth_series){ 0 };
}
