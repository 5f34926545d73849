/* growth_judge.c - see growth_judge.h. */
#include "analysis/growth_judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
	LEAST_BUCKETS = 24,
	LEAST_RISES = 10, /* fewer are steps */
	MOST_WINDOWS = 24,
	PHASES = 5, /* beginnings that are tried: 0 to 4 eighths of the time */
	PHASE_PARTS = 8,
	SHUTDOWN_PART =
		20,	/* of the buckets, one in so many may be the end in which all is freed */
	IDLE_PART = 16, /* idle for one in so many: left out */
	RECENT_PART = 5,
	LEAST_TOOTH = 4, /* rises between two falls */
	TAIL_GAPS = 6,	 /* without a rise for so many usual gaps: it has stopped */
};

#define CHANCE_MOST 0.001
#define EVEN_ENOUGH 0.8	 /* of all rises and falls, what is left in the end: for the sign test */
#define SECOND_HALF 0.5	 /* at least so much of the rise of the first */
#define SLOWING	    0.8	 /* each quarter at most so much of the one before: it levels off ... */
#define SLOWED_DOWN 0.25 /* ... if the last one is so much of the first at most */
#define JUMP_PART   0.5	 /* one rise of more than this part of all: no trend */

/* What is judged: buckets without long idle stretches. */
struct curve {
	struct growth_point points[GROWTH_BUCKETS];
	uint64_t kept[GROWTH_BUCKETS]; /* the least that was live from here to the end */
	double time_s[GROWTH_BUCKETS]; /* when the bucket ended */
	size_t count;
	bool shut_down; /* the end, in which it was freed, is cut off */
};

struct windows {
	double bytes[MOST_WINDOWS], blocks[MOST_WINDOWS], time_s[MOST_WINDOWS];
	double rise[MOST_WINDOWS]; /* from window i to i + 1 */
	size_t count, rises;	   /* rises == count - 1 */
};

static void take(struct curve *c, const struct growth_point *points, size_t count,
		 const struct growth_clock *clock)
{
	c->count = 0;
	for (size_t i = 0; i < count;) {
		size_t idle = 0;
		while (i + idle < count && !clock->events[i + idle])
			idle++;
		if (idle > 4 && idle * IDLE_PART > count)
			i += idle;
		if (i == count)
			break;
		for (size_t n = idle > 4 && idle * IDLE_PART > count ? 1 : idle + 1; n && i < count;
		     n--, i++) {
			c->time_s[c->count] = (double)(i + 1) * (double)clock->step_ns / 1e9;
			c->points[c->count++] = points[i];
		}
	}
}

/* Where in the last few buckets more than half of it went, the rest is judged without them. */
static void cut_shutdown(struct curve *c)
{
	size_t most = c->count / SHUTDOWN_PART + 2;
	if (c->count < LEAST_BUCKETS + most)
		return;
	uint64_t before = c->points[c->count - 1 - most].last_bytes;
	if (c->points[c->count - 1].last_bytes >= before / 2 || !before)
		return;
	size_t end = c->count - most;
	while (end < c->count && c->points[end].least_bytes >= before - before / 20)
		end++;
	c->count = end;
	c->shut_down = true;
}

static void find_kept(struct curve *c)
{
	uint64_t least = UINT64_MAX;
	for (size_t i = c->count; i-- > 0;) {
		if (c->points[i].least_bytes < least)
			least = c->points[i].least_bytes;
		c->kept[i] = least;
	}
}

/* Where what stays in the end leaves the level it had in the beginning. */
static size_t find_begin(const struct curve *c)
{
	uint64_t first = c->kept[0], rise = c->kept[c->count - 1] - first;
	size_t i = 0;
	while (i + 1 < c->count && c->kept[i] <= first + rise / 64)
		i++;
	return i ? i - 1 : 0;
}

static bool cut(struct windows *w, const struct curve *c, size_t from, size_t count)
{
	size_t length = c->count - from;
	if (length < count)
		return false;
	w->count = count;
	w->rises = count - 1;
	for (size_t i = 0; i < count; i++) {
		size_t begin = from + i * length / count, end = from + (i + 1) * length / count;
		uint64_t bytes = UINT64_MAX, blocks = UINT64_MAX;
		for (size_t k = begin; k < end; k++) {
			if (c->points[k].least_bytes < bytes)
				bytes = c->points[k].least_bytes;
			if (c->points[k].least_blocks < blocks)
				blocks = c->points[k].least_blocks;
		}
		w->bytes[i] = (double)bytes;
		w->blocks[i] = (double)blocks;
		w->time_s[i] = (c->time_s[begin] + c->time_s[end - 1]) / 2;
		if (i)
			w->rise[i - 1] = w->bytes[i] - w->bytes[i - 1];
	}
	return true;
}

/* ---- significance ---- */

/* P(T >= t) with n degrees of freedom: the sums of Abramowitz and Stegun 26.7.3 and 26.7.4. */
static double t_chance(double t, size_t n)
{
	double angle = atan(t / sqrt((double)n)), cosine = cos(angle), term = 1, sum = 0;
	for (size_t k = n % 2 ? 3 : 2; k <= n; k += 2) {
		sum += term;
		term *= cosine * cosine * (double)(k - 1) / (double)k;
	}
	double inside = n % 2 ? 2 / M_PI * (angle + sin(angle) * cosine * sum) : sin(angle) * sum;
	return inside < 1 ? (1 - inside) / 2 : 0;
}

static double rises_chance(const struct windows *w)
{
	double n = (double)w->rises, mean = 0, square = 0;
	for (size_t i = 0; i < w->rises; i++)
		mean += w->rise[i] / n;
	for (size_t i = 0; i < w->rises; i++)
		square += (w->rise[i] - mean) * (w->rise[i] - mean);
	double error = sqrt(square / (n - 1) / n);
	if (mean <= 0)
		return 1;
	/* Rises that are all the same prove no more than their number does. */
	double least = pow(0.5, n);
	double chance = error > mean / 1000 ? t_chance(mean / error, w->rises - 1) : least;
	return chance > least * least ? chance : least * least;
}

/* Rises against falls, where the falls take little back. */
static double sign_chance(const struct windows *w)
{
	double up = 0, down = 0, chance = 0, term;
	unsigned ups = 0, downs = 0;
	for (size_t i = 0; i < w->rises; i++) {
		if (w->rise[i] > 0) {
			up += w->rise[i];
			ups++;
		} else if (w->rise[i] < 0) {
			down -= w->rise[i];
			downs++;
		}
	}
	if (up - down < EVEN_ENOUGH * (up + down) || !ups)
		return 1;
	unsigned all = ups + downs;
	term = pow(0.5, all); /* downs or fewer falls among all */
	for (unsigned k = 0; k <= downs; k++) {
		chance += term;
		term = term * (all - k) / (k + 1);
	}
	return chance;
}

static double window_chance(const struct windows *w)
{
	double a = rises_chance(w), b = sign_chance(w);
	double chance = a < b ? a : b;
	return w->bytes[w->count - 1] > w->bytes[0] ? chance : 1;
}

/* ---- shape ---- */

/* Whether the second half rises as the first did, as far as the noise lets one tell. */
static bool is_even(const struct windows *w)
{
	double first = 0, second = 0, noise = 0;
	size_t half = w->rises / 2;
	for (size_t i = 0; i < half; i++)
		first += w->rise[i];
	for (size_t i = w->rises - half; i < w->rises; i++)
		second += w->rise[i];
	for (size_t i = 1; i < w->rises; i++)
		noise += (w->rise[i] - w->rise[i - 1]) * (w->rise[i] - w->rise[i - 1]) / 2;
	noise = sqrt(noise / (double)(w->rises - 1) * (double)w->rises);
	if (second <= 0)
		return false;
	return second >= SECOND_HALF * first || (first - second < 2 * noise && second > first / 4);
}

static bool levels_off(const struct curve *c, size_t from)
{
	double quarter[4];
	size_t length = c->count - from;
	for (size_t i = 0; i < 4; i++) {
		size_t a = from + i * length / 4, b = from + (i + 1) * length / 4 - 1;
		quarter[i] = (double)c->kept[b] - (double)c->kept[a];
	}
	for (size_t i = 1; i < 4; i++)
		if (quarter[i] > SLOWING * quarter[i - 1])
			return false;
	return quarter[3] < SLOWED_DOWN * quarter[0];
}

struct rise_count {
	size_t rises, last; /* buckets in which what is kept rises, and the last of them */
	uint64_t largest;
};

static struct rise_count count_rises(const struct curve *c, size_t from)
{
	struct rise_count r = { 0, from, 0 };
	for (size_t i = from + 1; i < c->count; i++) {
		uint64_t rise = c->kept[i] - c->kept[i - 1];
		if (!rise)
			continue;
		r.rises++;
		r.last = i;
		if (rise > r.largest)
			r.largest = rise;
	}
	return r;
}

static bool has_stopped(const struct curve *c, size_t from, const struct rise_count *r)
{
	size_t tail = c->count - 1 - r->last;
	return tail * 20 > c->count && tail * r->rises > TAIL_GAPS * (r->last - from);
}

/* Before this rise there was a like one, which was taken back. */
static bool was_emptied(const struct curve *c, size_t begin)
{
	uint64_t most = 0, rise = c->kept[c->count - 1] - c->kept[begin];
	size_t at = 0;
	for (size_t i = 0; i <= begin; i++)
		if (c->points[i].most_bytes >= most) {
			most = c->points[i].most_bytes;
			at = i;
		}
	uint64_t fell = most > c->kept[begin] ? most - c->kept[begin] : 0;
	return fell > rise / 2 && fell > most / 2 && at * 3 > c->count - begin;
}

/* Falls by more than half, each after it has risen for some buckets: of what is live when a bucket
 * ends, for a block that comes and goes within one makes no tooth. */
static unsigned count_falls(const struct curve *c)
{
	uint64_t high = 0, before = 0;
	unsigned falls = 0, rises = 0;
	for (size_t i = 0; i < c->count; i++) {
		uint64_t now = c->points[i].last_bytes;
		rises += now > before;
		if (now > high)
			high = now;
		if (now < high / 2) {
			falls += rises >= LEAST_TOOTH;
			high = now;
			rises = 0;
		}
		before = now;
	}
	return falls;
}

/* ---- rate ---- */

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

static double theil_sen(const double *value, const double *time_s, size_t count)
{
	double slopes[MOST_WINDOWS * MOST_WINDOWS / 2];
	size_t n = 0;
	for (size_t i = 0; i < count; i++)
		for (size_t k = i + 1; k < count; k++)
			if (time_s[k] > time_s[i])
				slopes[n++] = (value[k] - value[i]) / (time_s[k] - time_s[i]);
	if (!n)
		return 0;
	qsort(slopes, n, sizeof(*slopes), by_value);
	return n % 2 ? slopes[n / 2] : (slopes[n / 2 - 1] + slopes[n / 2]) / 2;
}

/* In bursts half of the slopes may be 0 where there is a rise all the same: then that of the
 * whole. */
static double rate(const double *value, const struct windows *w)
{
	double slope = theil_sen(value, w->time_s, w->count);
	double time_s = w->time_s[w->count - 1] - w->time_s[0];
	double rise = value[w->count - 1] - value[0];
	if (slope <= 0 && time_s > 0 && rise >= LEAST_RISES)
		slope = rise / time_s;
	return slope > 0 ? slope : 0;
}

static void tell_rise(struct growth_judgement *j, const struct curve *c, size_t from,
		      const struct windows *w)
{
	j->began_ns = from ? (uint64_t)(c->time_s[from - 1] * 1e9) : 0;
	j->until_ns = (uint64_t)(c->time_s[c->count - 1] * 1e9);
	j->from_bytes = c->kept[from];
	j->to_bytes = c->kept[c->count - 1];
	if (!w)
		return;
	j->bytes_per_s = rate(w->bytes, w);
	j->blocks_per_s = rate(w->blocks, w);
	j->chance = window_chance(w);
}

/* The cut that shows best that it rises; false: none does. */
static bool rises_from(const struct curve *c, size_t from, struct windows *best)
{
	static const size_t counts[] = { MOST_WINDOWS, 16, 12, 8 };
	double least = CHANCE_MOST;
	bool found = false;
	for (size_t i = 0; i < AT_COUNT_OF(counts); i++) {
		struct windows w;
		if (!cut(&w, c, from, counts[i]))
			continue;
		double chance = window_chance(&w);
		if (chance >= least)
			continue;
		least = chance;
		*best = w;
		found = true;
	}
	return found;
}

static enum growth_verdict verdict_of_rise(const struct curve *c, size_t begin, size_t from)
{
	size_t length = c->count - from;
	struct rise_count r = count_rises(c, from);
	uint64_t rise = c->kept[c->count - 1] - c->kept[from];
	if (was_emptied(c, begin))
		return GROWTH_SAWTOOTH;
	if (has_stopped(c, from, &r))
		return GROWTH_STEADY;
	if (r.rises < LEAST_RISES || (double)r.largest > JUMP_PART * (double)rise)
		return GROWTH_STEPS;
	if (levels_off(c, begin))
		return GROWTH_LEVELLING_OFF;
	if (length * RECENT_PART < c->count)
		return GROWTH_RECENT;
	return c->shut_down ? GROWTH_FREED_AT_END : GROWTH_GROWING;
}

/* Whether falls take little back of the rises, after the beginning. */
static bool rises_alone(const struct windows *w)
{
	double up = 0, down = 0;
	for (size_t i = 1; i < w->rises; i++) {
		up += w->rise[i] > 0 ? w->rise[i] : 0;
		down -= w->rise[i] < 0 ? w->rise[i] : 0;
	}
	return up > 0 && up - down >= EVEN_ENOUGH * (up + down);
}

/* What does not rise until the end. What is live in the very end is no rise: it may go. */
static enum growth_verdict verdict_of_rest(const struct curve *c, size_t begin)
{
	struct rise_count r = count_rises(c, begin);
	struct windows w;
	uint64_t most = 0;
	for (size_t i = 0; i < c->count; i++)
		if (c->points[i].most_bytes > most)
			most = c->points[i].most_bytes;
	if (!cut(&w, c, 0, PHASE_PARTS))
		return GROWTH_QUIET;
	double rise = w.bytes[PHASE_PARTS - 1] - w.bytes[0];
	if (rise < (double)most / 4 && count_falls(c) >= 2)
		return GROWTH_SAWTOOTH;
	if (rise < (double)most / 4 || c->shut_down)
		return GROWTH_QUIET;
	if (was_emptied(c, begin))
		return GROWTH_SAWTOOTH;
	if (has_stopped(c, begin, &r) || w.bytes[PHASE_PARTS - 2] >= w.bytes[PHASE_PARTS - 1])
		return GROWTH_STEADY;
	if (r.rises < LEAST_RISES)
		return rises_alone(&w) ? GROWTH_STEPS : GROWTH_STEADY;
	return levels_off(c, begin) ? GROWTH_LEVELLING_OFF : GROWTH_QUIET;
}

struct growth_judgement growth_judge(const struct growth_point *points, size_t count,
				     const struct growth_clock *clock, uint64_t duration_ns)
{
	struct growth_judgement j = { .verdict = GROWTH_TOO_SHORT, .chance = 1 };
	struct curve c = { .shut_down = false };
	struct windows w;
	take(&c, points, count, clock);
	if (duration_ns / 1000000 < GROWTH_LEAST_MS || c.count < LEAST_BUCKETS)
		return j;
	cut_shutdown(&c);
	find_kept(&c);
	size_t begin = find_begin(&c), length = c.count - begin;
	for (size_t k = 0; k < PHASES; k++) {
		size_t from = begin + k * length / PHASE_PARTS;
		if (!rises_from(&c, from, &w) || !is_even(&w))
			continue;
		j.verdict = verdict_of_rise(&c, begin, from);
		tell_rise(&j, &c, from, &w);
		j.rises = (uint32_t)count_rises(&c, from).rises;
		return j;
	}
	j.verdict = verdict_of_rest(&c, begin);
	tell_rise(&j, &c, begin, NULL);
	j.rises = (uint32_t)count_rises(&c, begin).rises;
	return j;
}
