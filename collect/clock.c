/* clock.c - see clock.h. */
#include "collect/clock.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
	FIRST_READING_NS = 100000,
	SHORTEST_LINE_NS = 20000, /* below this, two readings give no good slope */
};

uint64_t clock_monotonic_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* The two clocks cannot be read at one moment; of a few tries the one with the least between the
 * TSC readings around it is the best, as no interrupt came in. */
static void read_both(uint64_t *tsc, uint64_t *ns)
{
	uint64_t best = UINT64_MAX;
	for (int i = 0; i < 3; i++) {
		uint64_t before = clock_tsc();
		uint64_t mono = clock_monotonic_ns();
		uint64_t between = clock_tsc() - before;
		if (between >= best)
			continue;
		best = between;
		*tsc = before + between / 2;
		*ns = mono;
		if (between < 200)
			break;
	}
}

void clock_start(struct clock *c)
{
	memset(c, 0, sizeof(*c));
	read_both(&c->began_tsc, &c->began_ns);
	c->now_tsc = c->from_tsc = c->began_tsc;
	while (clock_monotonic_ns() < c->began_ns + FIRST_READING_NS)
		;
	clock_advance(c);
}

void clock_advance(struct clock *c)
{
	uint64_t tsc = c->now_tsc, ns = c->now_ns + c->began_ns;
	read_both(&tsc, &ns);
	ns -= c->began_ns;
	if (tsc <= c->now_tsc || ns < c->now_ns + SHORTEST_LINE_NS) {
		if (tsc > c->now_tsc && ns >= c->now_ns) {
			c->now_tsc = tsc;
			c->now_ns = ns;
		}
		return;
	}
	c->from_tsc = c->now_tsc;
	c->from_ns = c->now_ns;
	c->now_tsc = tsc;
	c->now_ns = ns;
	c->ns_per_tick = (double)(ns - c->from_ns) / (double)(tsc - c->from_tsc);
}

uint64_t clock_ns(const struct clock *c, uint64_t tsc)
{
	if (tsc >= c->now_tsc)
		return c->now_ns;
	double back = (double)(c->now_tsc - tsc) * c->ns_per_tick;
	return back >= (double)c->now_ns ? 0 : c->now_ns - (uint64_t)back;
}

uint64_t clock_duration_ns(const struct clock *c, uint64_t ticks)
{
	return c->ns_per_tick > 0 ? (uint64_t)((double)ticks * c->ns_per_tick) : ticks;
}

uint64_t clock_ticks(const struct clock *c, uint64_t ns)
{
	return c->ns_per_tick > 0 ? (uint64_t)((double)ns / c->ns_per_tick) : ns;
}

uint64_t clock_hz(const struct clock *c)
{
	if (c->now_ns == 0)
		return 0;
	return (uint64_t)((double)(c->now_tsc - c->began_tsc) / (double)c->now_ns * 1e9);
}

bool clock_is_steady(void)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[8192];
	bool steady = false;
	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "flags", 5) != 0)
			continue;
		steady = strstr(line, " constant_tsc") && strstr(line, " nonstop_tsc");
		break;
	}
	if (file)
		fclose(file);
	return steady;
}
