/* growth_judge.h - whether a series of live bytes keeps rising.
 *
 * What is judged are troughs: the least that was live in each of some windows of time. A site that
 * is emptied now and then has low troughs however high it climbs; what is in the troughs stayed.
 *
 *  - *Windows*: the time is cut into 24, 16, 12 and 8 windows in turn, so that there is a cut in
 *    which each window has a trough of a site that is emptied up to eight times.
 *  - *Significance*: the rises from window to window must be more than a walk at random makes: a
 *    t-test of their mean, or - where they are uneven, as in bursts - a sign test of rises against
 *    falls. Both hold for sums that wander, where tests of a trend (Mann-Kendall) do not.
 *  - *Rate*: the median of the slopes between all pairs of windows (Theil 1950, Sen 1968,
 *    "Estimates of the Regression Coefficient Based on Kendall's Tau", J. Am. Stat. Assoc. 63):
 *    up to 29% of the windows may be anything.
 *  - *Warm-up*: if the second half rises much less than the first, the beginning is taken away, an
 *    eighth of the time after the other, up to half of it. What still rises evenly grows.
 *
 * Stretches in which the whole process did nothing count for rates, but not for the shape. */
#ifndef ALLOCTRACE_ANALYSIS_GROWTH_JUDGE_H
#define ALLOCTRACE_ANALYSIS_GROWTH_JUDGE_H

#include <stdbool.h>

#include "analysis/growth_series.h"

/* Stored nowhere; the order is that of lists. */
enum growth_verdict {
	GROWTH_GROWING,	      /* until the end */
	GROWTH_FREED_AT_END,  /* grew until the end, where it was freed */
	GROWTH_RECENT,	      /* began so late that it may be a warm-up */
	GROWTH_LEVELLING_OFF, /* rises less and less: as a cache does that fills up */
	GROWTH_STEADY,	      /* grew, and then stayed as it was */
	GROWTH_STEPS,	      /* rose in a few steps */
	GROWTH_SAWTOOTH,      /* rises and is emptied again */
	GROWTH_QUIET,	      /* nothing of these */
	GROWTH_TOO_SHORT,     /* cannot be told */
	GROWTH_VERDICTS
};

struct growth_judgement {
	enum growth_verdict verdict;
	/* Of the time since it began and of what stayed: */
	uint64_t began_ns; /* in the process's time: when what grows began to, after any warm-up */
	uint64_t until_ns;
	uint64_t from_bytes, to_bytes;
	double bytes_per_s, blocks_per_s;
	double chance;	/* that sums which only wander rise like this */
	uint32_t rises; /* buckets in which it rose */
	uint32_t pad;
};

enum { GROWTH_LEAST_MS = 2000 }; /* shorter runs are TOO_SHORT */

/* points: count of them, as growth_series_spread() gives them. */
struct growth_judgement growth_judge(const struct growth_point *points, size_t count,
				     const struct growth_clock *clock, uint64_t duration_ns);

#endif
