/* cost.h - what a stack, a thread or a size class has cost, and how much of it was live at the
 * peak.
 *
 * The peak is the first moment at which the live bytes of the whole heap were highest. Asking at
 * every new peak what each stack holds would cost a copy of them all; instead the peaks are
 * numbered (the epoch) and a cost saves its live values just before it first changes after one:
 *
 *	epoch == current  peak_* are what was live at the peak: it has changed since
 *	epoch != current  it has not changed since the peak: live_* are what was live then
 *
 * So a new peak is `epoch++`, a change one compare, and both are exact. */
#ifndef ALLOCTRACE_ANALYSIS_COST_H
#define ALLOCTRACE_ANALYSIS_COST_H

#include <stdint.h>

struct cost {
	uint64_t allocs; /* ever made */
	uint64_t bytes;
	uint64_t temporary; /* freed before the same thread allocated again */
	uint64_t live_bytes;
	uint64_t peak_bytes;
	uint64_t epoch;
	uint32_t live_blocks;
	uint32_t peak_blocks;
	uint64_t lifetime_ns; /* sum over freed blocks */
};

_Static_assert(sizeof(struct cost) == 64, "one cache line");

static inline void cost_save(struct cost *c, uint64_t epoch)
{
	if (c->epoch == epoch)
		return;
	c->peak_bytes = c->live_bytes;
	c->peak_blocks = c->live_blocks;
	c->epoch = epoch;
}

static inline void cost_add(struct cost *c, uint64_t epoch, uint64_t size)
{
	cost_save(c, epoch);
	c->allocs++;
	c->bytes += size;
	c->live_bytes += size;
	c->live_blocks++;
}

static inline void cost_remove(struct cost *c, uint64_t epoch, uint64_t size)
{
	cost_save(c, epoch);
	c->live_bytes -= size;
	c->live_blocks--;
}

#endif
