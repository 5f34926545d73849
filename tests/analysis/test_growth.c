/* test_growth.c - what is called growing, in many shapes of programs, most of which do not. */
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "analysis/growth.h"
#include "tests/analysis/growth_shapes.h"
#include "wire/events.h"
#include "wire/session.h"

static unsigned failures;
static const char *shape_name = "";

static const char *const verdict_names[] = {
	"growing", "freed at the end", "recent", "levelling off", "steady",
	"steps",   "sawtooth",	       "quiet",	 "too short"
};

static struct growth_result *judge(struct shape *s)
{
	struct growth *g = growth_new(NULL);
	growth_feed(g, s->events, s->count);
	struct growth_result *r = growth_finish(g);
	shape_release(s);
	return r;
}

static const struct growth_site *find(const struct growth_result *r, uint32_t site)
{
	for (size_t i = 0; i < r->site_count; i++)
		if (r->sites[i].node == NODE_FIRST + site)
			return &r->sites[i];
	return NULL;
}

static void expect(const struct growth_result *r, uint32_t site, enum growth_verdict want)
{
	const struct growth_site *at = find(r, site);
	enum growth_verdict got = at ? at->judgement.verdict : GROWTH_QUIET;
	if (got == want)
		return;
	failures++;
	fprintf(stderr, "%s: site %" PRIu32 " is %s, should be %s\n", shape_name, site,
		verdict_names[got], verdict_names[want]);
	if (at)
		fprintf(stderr,
			"   %.0f B/s, chance %g, %u rises, %" PRIu64 " to %" PRIu64
			" B, began %.2f s\n",
			at->judgement.bytes_per_s, at->judgement.chance, at->judgement.rises,
			at->judgement.from_bytes, at->judgement.to_bytes,
			(double)at->judgement.began_ns / 1e9);
}

static void expect_near(const char *what, double got, double want, double part)
{
	if (fabs(got - want) <= part * want)
		return;
	failures++;
	fprintf(stderr, "%s: %s is %g, should be about %g\n", shape_name, what, got, want);
}

static void expect_count(const char *what, uint64_t got, uint64_t want)
{
	if (got == want)
		return;
	failures++;
	fprintf(stderr, "%s: %s is %" PRIu64 ", should be %" PRIu64 "\n", shape_name, what, got,
		want);
}

static double rate_of(const struct growth_result *r, uint32_t site)
{
	const struct growth_site *at = find(r, site);
	return at ? at->judgement.bytes_per_s : -1;
}

static double first_rate(const struct growth_result *r)
{
	return r->site_count ? r->sites[0].judgement.bytes_per_s : -1;
}

/* Only these grow. */
static void expect_growing(const struct growth_result *r, size_t count)
{
	size_t growing = 0;
	for (size_t i = 0; i < r->site_count; i++)
		growing += r->sites[i].judgement.verdict <= GROWTH_RECENT;
	expect_count("number of sites that grow", growing, count);
}

static void begin(struct shape *s, const char *name)
{
	shape_name = name;
	shape_init(s);
	shape_process(s, 0);
}

#define MS UINT64_C(1000000)

/* Requests of some ms for so many seconds; step() is called for each, i from 0. */
static void run_ms(struct shape *s, uint64_t ms, uint64_t step_us,
		   void (*step)(struct shape *s, uint64_t i, uint64_t all))
{
	uint64_t all = ms * 1000 / step_us, start = s->now_ns;
	for (uint64_t i = 0; i < all; i++) {
		s->now_ns = start + i * step_us * 1000;
		step(s, i, all);
	}
	s->now_ns = start + ms * MS;
}

/* ---- shapes ---- */

/* Site 0: a block for each request, of which some are in work at a time. */
static void in_work(struct shape *s)
{
	shape_alloc(s, 0, 0, 100 + shape_random(s, 1000));
	if (shape_random(s, 100) < 50 || s->sites[0].count - s->sites[0].first > 40)
		while (s->sites[0].count - s->sites[0].first > shape_random(s, 30))
			shape_free_oldest(s, 0, 0);
}

/* Site 1 loses the block of one request in a hundred; site 2 is a cache that is full after a
 * third of the time. */
static void server(struct shape *s, uint64_t i, uint64_t all)
{
	in_work(s);
	shape_alloc(s, 0, 1, 64);
	if (shape_random(s, 100))
		shape_free_newest(s, 0, 1);
	if (i < all / 3)
		shape_alloc(s, 0, 2, 256);
}

static void slow_leak(void)
{
	struct shape s;
	begin(&s, "slow leak");
	run_ms(&s, 30000, 5000, server);
	shape_process_end(&s, 0);
	struct growth_result *r = judge(&s);
	expect(r, 1, GROWTH_GROWING);
	expect(r, 2, GROWTH_STEADY);
	expect_growing(r, 1);
	expect_near("rate", first_rate(r), 128, 0.25);
	expect_near("blocks", (r->site_count ? r->sites[0].judgement.blocks_per_s : -1), 2, 0.25);
	expect_near("sum of rates", r->bytes_per_s, 128, 0.25);
	growth_result_free(r);
}

/* Random keys: the cache fills ever more slowly. */
static void random_keys(struct shape *s, uint64_t i, uint64_t all)
{
	static bool has[1000];
	uint64_t key = shape_random(s, 1000);
	in_work(s);
	if (!i)
		for (size_t k = 0; k < 1000; k++)
			has[k] = false;
	(void)all;
	if (!has[key])
		shape_alloc(s, 0, 3, 200);
	has[key] = true;
}

static void cache(uint64_t ms, enum growth_verdict want)
{
	struct shape s;
	begin(&s, "cache with random keys");
	run_ms(&s, ms, 10000, random_keys);
	struct growth_result *r = judge(&s);
	expect(r, 3, want);
	growth_result_free(r);
}

static void teeth(struct shape *s, uint64_t i, uint64_t all)
{
	static const uint64_t periods[] = { 3, 17, 60, 100 };
	for (uint32_t k = 0; k < 4; k++) {
		shape_alloc(s, 0, 4 + k, 32);
		if (i % (all / periods[k]) == all / periods[k] - 1)
			shape_free_all(s, 0, 4 + k);
	}
}

static void sawtooth(void)
{
	struct shape s;
	begin(&s, "sawtooth");
	run_ms(&s, 20000, 2000, teeth);
	run_ms(&s, 1200, 2000, teeth);
	struct growth_result *r = judge(&s);
	expect_growing(r, 0);
	expect(r, 4, GROWTH_SAWTOOTH);
	expect(r, 5, GROWTH_SAWTOOTH);
	growth_result_free(r);
}

/* A tooth and a half: the second is no trend as long as it is not higher than the first. */
static void two_teeth(struct shape *s, uint64_t i, uint64_t all)
{
	shape_alloc(s, 0, 4, 32);
	if (i == all * 6 / 10)
		shape_free_all(s, 0, 4);
}

static void long_sawtooth(void)
{
	struct shape s;
	begin(&s, "long sawtooth");
	run_ms(&s, 20000, 2000, two_teeth);
	struct growth_result *r = judge(&s);
	expect(r, 4, GROWTH_SAWTOOTH);
	growth_result_free(r);
}

/* Emptied ten times, but not of all. */
static void leaky_teeth(struct shape *s, uint64_t i, uint64_t all)
{
	shape_alloc(s, 0, 4, 32);
	if (i % 50 == 0)
		shape_alloc(s, 0, 5, 32);
	if (i % (all / 10) != all / 10 - 1)
		return;
	size_t keep = (size_t)(i / 20);
	while (s->sites[4].count - s->sites[4].first > keep)
		shape_free_newest(s, 0, 4);
}

static void leaky_sawtooth(void)
{
	struct shape s;
	begin(&s, "sawtooth that leaks");
	run_ms(&s, 20000, 2000, leaky_teeth);
	struct growth_result *r = judge(&s);
	expect(r, 4, GROWTH_GROWING);
	expect(r, 5, GROWTH_GROWING);
	expect_near("rate by its troughs", rate_of(r, 4), 800, 0.2);
	growth_result_free(r);
}

static void ramp(struct shape *s, uint64_t i, uint64_t all)
{
	if (i < all * 6 / 10)
		shape_alloc(s, 0, 6, 48);
	if (i >= all * 6 / 10)
		shape_alloc(s, 0, 7, 48); /* late */
	if (i >= all * 85 / 100)
		shape_alloc(s, 0, 8, 48); /* too late to tell */
	if (i < all / 10)
		shape_alloc(s, 0, 9, 4096); /* a warm-up, and a leak behind it */
	else if (i % 20 == 0)
		shape_alloc(s, 0, 9, 16);
}

static void ramps(void)
{
	struct shape s;
	begin(&s, "ramps");
	run_ms(&s, 20000, 2000, ramp);
	struct growth_result *r = judge(&s);
	expect(r, 6, GROWTH_STEADY);
	expect(r, 7, GROWTH_GROWING);
	expect(r, 8, GROWTH_RECENT);
	expect(r, 9, GROWTH_GROWING);
	if (find(r, 7))
		expect_near("late start", (double)find(r, 7)->judgement.began_ns, 12e9, 0.05);
	expect_near("rate behind the warm-up", rate_of(r, 9), 400, 0.1);
	expect(r, 0, GROWTH_QUIET);
	growth_result_free(r);
}

/* Sites 10 to 13: noise around a level, sums that wander, bursts that go and bursts that stay. */
static void noise(struct shape *s, uint64_t i, uint64_t all)
{
	for (uint64_t k = shape_random(s, 8); k; k--)
		shape_alloc(s, 0, 10, 40);
	while (s->sites[10].count - s->sites[10].first > 100 + shape_random(s, 100))
		shape_free_oldest(s, 0, 10);
	if (!i)
		for (unsigned k = 0; k < 500; k++)
			shape_alloc(s, 0, 11, 40);
	if (shape_random(s, 2))
		shape_alloc(s, 0, 11, 40);
	else
		shape_free_oldest(s, 0, 11);
	if (i % (all / 15) < 20) {
		shape_alloc(s, 0, 12, 400);
		shape_alloc(s, 0, 13, 400);
	}
	if (i % (all / 15) == 400)
		shape_free_all(s, 0, 12);
}

static void noises(void)
{
	for (uint64_t seed = 1; seed <= 40; seed++) {
		struct shape s;
		begin(&s, "noise");
		s.random = seed * 1234567;
		run_ms(&s, 20000, 2000, noise);
		struct growth_result *r = judge(&s);
		expect_growing(r, 1);
		expect(r, 13, GROWTH_GROWING);
		growth_result_free(r);
	}
}

static void steps(struct shape *s, uint64_t i, uint64_t all)
{
	if (i == all / 2)
		shape_alloc(s, 0, 14, 100 << 20); /* once */
	if (i % (all / 4) == 100)
		shape_alloc(s, 0, 15, 10 << 20); /* rarely */
	uint64_t size = 1024;
	while (size <= i)
		size *= 2;
	if (i == 0 || size == i * 2)
		shape_realloc(s, 0, 16, size * 32); /* doubles when it is full */
	if (i % 10 == 0)
		shape_realloc(s, 0, 17, 64 + i); /* one block that grows */
}

static void few_steps(void)
{
	struct shape s;
	begin(&s, "steps");
	run_ms(&s, 20000, 2000, steps);
	struct growth_result *r = judge(&s);
	expect_growing(r, 1);
	expect(r, 17, GROWTH_GROWING);
	expect(r, 15, GROWTH_STEPS);
	growth_result_free(r);
}

static void two(struct shape *s, uint64_t i, uint64_t all)
{
	(void)all;
	in_work(s);
	if (i % 7 == 0)
		shape_alloc(s, 0, 18, 16);
	if (i % 3 == 0)
		shape_alloc(s, 0, 19, 160);
}

static void two_leaks(bool free_at_end)
{
	struct shape s;
	begin(&s, free_at_end ? "two leaks, freed at the end" : "two leaks");
	run_ms(&s, 10000, 1000, two);
	if (free_at_end) {
		shape_free_all(&s, 0, 18);
		shape_free_all(&s, 0, 19);
		shape_free_all(&s, 0, 0);
		s.now_ns += 10 * MS;
		shape_process_end(&s, 0);
	}
	struct growth_result *r = judge(&s);
	enum growth_verdict want = free_at_end ? GROWTH_FREED_AT_END : GROWTH_GROWING;
	expect(r, 18, want);
	expect(r, 19, want);
	expect_growing(r, 2);
	expect_count("the faster is first", r->site_count ? r->sites[0].node : 0, NODE_FIRST + 19);
	expect_near("rate", first_rate(r), 160 * 1000.0 / 3, 0.05);
	growth_result_free(r);
}

static void too_short(void)
{
	struct shape s;
	begin(&s, "short run");
	run_ms(&s, 1500, 1000, two);
	struct growth_result *r = judge(&s);
	expect_growing(r, 0);
	expect_count("too short", r->processes[0].too_short, true);
	growth_result_free(r);
	begin(&s, "empty");
	r = judge(&s);
	expect_count("processes", r->process_count, 0);
	growth_result_free(r);
}

/* 5 s, then a pause of an hour in which it is emptied, 5 s. */
static void paused(void)
{
	struct shape s;
	begin(&s, "paused");
	run_ms(&s, 5000, 1000, two);
	shape_mark(&s, MARK_PAUSE, "");
	s.now_ns += 1800000 * MS;
	shape_free_all(&s, 0, 0);
	s.now_ns += 1800000 * MS;
	shape_mark(&s, MARK_RESUME, "");
	run_ms(&s, 5000, 1000, two);
	struct growth_result *r = judge(&s);
	expect_growing(r, 2);
	expect_near("recorded time", (double)r->processes[0].duration_ns, 10e9, 0.01);
	expect_near("rate", first_rate(r), 160 * 1000.0 / 3, 0.05);
	growth_result_free(r);
}

/* Nothing happens for half of the time. */
static void idle(void)
{
	struct shape s;
	begin(&s, "idle");
	run_ms(&s, 10000, 1000, two);
	s.now_ns += 10000 * MS;
	shape_free_oldest(&s, 0, 0);
	struct growth_result *r = judge(&s);
	expect_growing(r, 2);
	growth_result_free(r);
}

/* A worker that leaks, one that does not, and one that ends before. */
static void processes(void)
{
	struct shape s;
	begin(&s, "processes");
	shape_process(&s, 1);
	shape_process(&s, 2);
	for (uint64_t i = 0; i < 10000; i++) {
		shape_alloc(&s, 0, 20, 64);
		shape_free_newest(&s, 0, 20);
		shape_alloc(&s, 1, 21, 64);
		if (i < 1000)
			shape_alloc(&s, 2, 22, 64);
		if (i == 1000)
			shape_process_end(&s, 2);
		s.now_ns += MS;
	}
	struct growth_result *r = judge(&s);
	expect_growing(r, 1);
	expect(r, 21, GROWTH_GROWING);
	expect_count("its process", r->site_count ? r->sites[0].process : 0, 1);
	expect_count("the short one", growth_process_of(r, 2)->too_short, true);
	expect_count("has ended", growth_process_of(r, 2)->ended, true);
	expect_count("has not ended", growth_process_of(r, 1)->ended, false);
	growth_result_free(r);
}

static void ages(void)
{
	struct shape s;
	begin(&s, "ages");
	for (uint64_t i = 0; i < 5000; i++) {
		shape_alloc(&s, 0, 23, 64);
		s.now_ns += MS;
		if (i % 100)
			shape_free_newest(&s, 0, 23);
	}
	struct growth_result *r = judge(&s);
	expect_growing(r, 1);
	const struct growth_site *at = find(r, 23);
	if (!at)
		return;
	expect_count("live", at->live_blocks, 50);
	expect_count("freed within 10 ms", at->freed_ages[3], 4950);
	expect_count("live for 1 to 10 s", at->live_ages[6], 41);
	growth_result_free(r);
}

int main(void)
{
	slow_leak();
	cache(10000, GROWTH_GROWING); /* 63% full: nobody can know */
	cache(25000, GROWTH_LEVELLING_OFF);
	cache(40000, GROWTH_LEVELLING_OFF);
	cache(150000, GROWTH_STEADY);
	sawtooth();
	long_sawtooth();
	leaky_sawtooth();
	ramps();
	noises();
	few_steps();
	two_leaks(false);
	two_leaks(true);
	too_short();
	paused();
	idle();
	processes();
	ages();
	if (failures)
		fprintf(stderr, "%u failures\n", failures);
	return failures != 0;
}
