/* growth_series.h - how many bytes of a site, or of a process, were live over time: in a bounded
 * number of buckets of equal length that double in length when they are full.
 *
 *	bucket   0       1       2       3   ...             127
 *	most     |  10 K |       |  14 K |   nothing changed: no point
 *	least    |   0   |       |  10 K |
 *	last     |  10 K |       |  12 K |
 *
 * Only buckets in which something changed have a point; all others are as the last one before
 * ended. The clock is the process's: every series of it has the same buckets. */
#ifndef ALLOCTRACE_ANALYSIS_GROWTH_SERIES_H
#define ALLOCTRACE_ANALYSIS_GROWTH_SERIES_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

enum {
	GROWTH_BUCKETS = 128,
	GROWTH_FIRST_STEP_NS = 1 << 20, /* 1 ms */
};

struct growth_point {
	uint64_t least_bytes; /* with what was live when the bucket began */
	uint64_t most_bytes;
	uint64_t last_bytes; /* live when the bucket ended */
	uint32_t least_blocks;
	uint32_t last_blocks;
	uint32_t bucket;
	uint32_t pad;
};

/* A bucket is step_ns long: GROWTH_FIRST_STEP_NS, doubled `halvings` times. */
struct growth_clock {
	uint64_t step_ns;
	uint64_t next_ns; /* the present bucket ends there, in the process's time */
	uint32_t halvings;
	uint32_t bucket;		 /* the present one */
	uint64_t events[GROWTH_BUCKETS]; /* in each bucket: where there are none, it was idle */
};

/* `live` runs ahead of `noted` between the two halves of a realloc. */
struct growth_series {
	struct growth_point *points;
	size_t count;
	size_t cap;
	uint64_t live_bytes, live_blocks;
	uint64_t noted_bytes, noted_blocks;
	uint32_t halvings;
	uint32_t pad;
};

void growth_clock_init(struct growth_clock *c);
AT_COLD void growth_clock_turn(struct growth_clock *c, uint64_t time_ns);

/* An event at time_ns since the process began; times never fall. */
static inline void growth_clock_reach(struct growth_clock *c, uint64_t time_ns)
{
	if (AT_UNLIKELY(time_ns >= c->next_ns))
		growth_clock_turn(c, time_ns);
	c->events[c->bucket]++;
}

AT_COLD void growth_series_turn(struct growth_series *s, const struct growth_clock *c);

/* Takes note of what is live now. */
static inline void growth_series_note(struct growth_series *s, const struct growth_clock *c)
{
	if (AT_UNLIKELY(!s->count || s->halvings != c->halvings ||
			s->points[s->count - 1].bucket != c->bucket))
		growth_series_turn(s, c);
	struct growth_point *p = &s->points[s->count - 1];
	uint32_t blocks = s->live_blocks < UINT32_MAX ? (uint32_t)s->live_blocks : UINT32_MAX;
	s->noted_bytes = s->live_bytes;
	s->noted_blocks = s->live_blocks;
	p->last_bytes = s->live_bytes;
	p->last_blocks = blocks;
	if (s->live_bytes > p->most_bytes)
		p->most_bytes = s->live_bytes;
	if (s->live_bytes < p->least_bytes)
		p->least_bytes = s->live_bytes;
	if (blocks < p->least_blocks)
		p->least_blocks = blocks;
}

/* Fills out[0..the clock's present bucket], and returns how many these are. */
size_t growth_series_spread(struct growth_series *s, const struct growth_clock *c,
			    struct growth_point out[GROWTH_BUCKETS]);
void growth_series_release(struct growth_series *s);

#endif
