/* clock.h - from time-stamp counter values to nanoseconds of the session.
 *
 * The traced threads stamp their events with the TSC, which costs them a few ns and no call. Each
 * pass of the collector reads TSC and CLOCK_MONOTONIC together; a stamp between the readings of
 * two passes is placed on the line between them. So no frequency needs to be known, and a TSC
 * whose speed changes costs accuracy only inside one pass (some ms). On a machine whose TSCs
 * differ between processors, times and the order of events between threads are off by that
 * difference; that an allocation comes before its free does not depend on the clock. */
#ifndef ALLOCTRACE_COLLECT_CLOCK_H
#define ALLOCTRACE_COLLECT_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

struct clock {
	uint64_t began_ns;   /* CLOCK_MONOTONIC at clock_start() */
	uint64_t began_tsc;
	uint64_t from_tsc, from_ns; /* reading of the last pass; ns since the session began */
	uint64_t now_tsc, now_ns;   /* reading of this pass */
	double ns_per_tick;
};

static inline uint64_t clock_tsc(void)
{
	return __builtin_ia32_rdtsc();
}

void clock_start(struct clock *c);
/* Reads both clocks: a new pass begins. */
void clock_advance(struct clock *c);
/* Nanoseconds since the session began; at most the time of the last reading. */
uint64_t clock_ns(const struct clock *c, uint64_t tsc);
/* How long so many ticks take, by what is known of the speed. */
uint64_t clock_duration_ns(const struct clock *c, uint64_t ticks);
/* How many ticks a nanosecond count takes, by what is known of the speed. */
uint64_t clock_ticks(const struct clock *c, uint64_t ns);
/* Ticks per second over the whole session. */
uint64_t clock_hz(const struct clock *c);
uint64_t clock_monotonic_ns(void);
/* Whether the kernel says that the TSC runs at one speed and never stops. */
bool clock_is_steady(void);

#endif
