/* watch_claim.c - see watch_claim.h. */
#include "collect/watch_claim.h"

#include "base/atomics.h"
#include "collect/clock.h"
#include "collect/proc_files.h"
#include "wire/claim.h"

static uint32_t record_count(struct session *s)
{
	uint32_t count = at_load_acquire(&s->header->process_count);
	return count < SESSION_MAX_PROCESSES ? count : SESSION_MAX_PROCESSES;
}

static bool is_live(struct session *s, uint32_t index, pid_t pid)
{
	struct session_process *p = &s->processes[index];
	uint32_t state = at_load_acquire(&p->state);
	return (state == PROCESS_READY || state == PROCESS_SEEN) &&
	       at_load_relaxed(&p->pid) == (uint32_t)pid && !at_load_relaxed(&p->foreign_pids);
}

size_t watch_earlier_images(struct session *s, pid_t pid, uint32_t earlier[WATCH_MAX_EARLIER])
{
	size_t found = 0;
	uint32_t count = pid > 0 ? record_count(s) : 0;
	for (uint32_t i = 0; i < count && found < WATCH_MAX_EARLIER; i++)
		if (is_live(s, i, pid))
			earlier[found++] = i;
	return found;
}

static uint32_t latest(struct session *s, const uint32_t *records, size_t count)
{
	uint32_t best = UINT32_MAX;
	uint64_t best_tsc = 0;
	for (size_t i = 0; i < count; i++) {
		uint64_t tsc = at_load_relaxed(&s->processes[records[i]].start_tsc);
		if (best != UINT32_MAX && tsc < best_tsc)
			continue;
		best = records[i];
		best_tsc = tsc;
	}
	return best;
}

static uint32_t find_parent(struct session *s, pid_t pid, const uint32_t *earlier, size_t count)
{
	uint32_t records[WATCH_MAX_EARLIER];
	if (count)
		return latest(s, earlier, count);
	pid_t parent = pid > 0 ? proc_parent(pid) : 0;
	return latest(s, records, watch_earlier_images(s, parent, records));
}

uint32_t watch_claim(struct session *s, pid_t pid, const uint32_t *earlier, size_t earlier_count)
{
	uint32_t parent = find_parent(s, pid, earlier, earlier_count);
	uint32_t from = (uint32_t)clock_monotonic_ns();
	uint32_t index = process_record_claim(s->header, s->processes, from);
	if (index == SESSION_MAX_PROCESSES)
		return UINT32_MAX;
	struct session_process *p = &s->processes[index];
	at_store_relaxed(&p->pid, (uint32_t)pid);
	at_store_relaxed(&p->parent, parent);
	at_store_relaxed(&p->origin, (uint32_t)PROCESS_FROM_EXEC);
	return index;
}

bool watch_session_is_on(const struct session *s)
{
	return at_load_relaxed(&s->header->state) != SESSION_ENDED;
}
