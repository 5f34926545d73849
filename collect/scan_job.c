/* scan_job.c - see scan_job.h. */
#include "collect/scan_job.h"

#include <linux/futex.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/atomics.h"
#include "util/mem.h"

static void add_own(struct scan_job *job, uint32_t slot, uint64_t first, uint64_t end)
{
	job->own = mem_grow(job->own, &job->own_cap, job->own_count + 1, sizeof(*job->own));
	job->own[job->own_count++] = (struct own_blocks){ slot, first, end };
}

static void note_own_blocks(struct scan_job *job, const struct slots *slots)
{
	for (uint32_t i = 0; i < slots->count; i++) {
		const struct slot *slot = &slots->items[i];
		for (size_t k = 0; k < slot->owner_count; k++) {
			const struct slot_owner *next = &slot->owners[k + 1];
			if (slot->owners[k].process == job->process_id)
				add_own(job, i, slot->owners[k].first_counter,
					k + 1 < slot->owner_count ? next->first_counter
								  : UINT64_MAX);
		}
	}
}

struct scan_job *scan_job_new(const struct slots *slots, uint32_t process_index)
{
	struct scan_job *job = mem_zalloc(1, sizeof(*job));
	const struct process_note *note = &slots->processes->notes[process_index];
	job->session = slots->session;
	job->process_index = process_index;
	job->process_id = note->id;
	job->pid = note->foreign ? 0 : (pid_t)note->pid;
	job->asked_by = -1;
	note_own_blocks(job, slots);
	return job;
}

void scan_job_free(struct scan_job *job)
{
	leak_scan_release(&job->scan);
	if (job->asked_by >= 0)
		close(job->asked_by);
	free(job->own);
	free(job);
}

static int by_slot(const void *a, const void *b)
{
	const struct own_blocks *x = a, *y = b;
	if (x->slot != y->slot)
		return x->slot < y->slot ? -1 : 1;
	return (x->first > y->first) - (x->first < y->first);
}

void scan_job_note_stopped(struct scan_job *job)
{
	const struct session *s = job->session;
	uint32_t count = at_load_acquire(&s->header->ring_count);
	job->block_roots = at_load_relaxed(&s->processes[job->process_index].block_roots);
	job->memory_tables = at_load_relaxed(&s->processes[job->process_index].memory_tables);
	for (uint32_t i = 0; i < count && i < SESSION_MAX_RINGS; i++) {
		const struct session_ring *ring = &s->rings[i];
		if (at_load_acquire(&ring->state) == RING_ACTIVE &&
		    at_load_relaxed(&ring->process) == job->process_index)
			add_own(job, i, at_load_relaxed(&ring->first_counter), UINT64_MAX);
	}
	if (job->own_count)
		qsort(job->own, job->own_count, sizeof(*job->own), by_slot);
}

bool scan_job_is_own(const struct scan_job *job, uint32_t slot, uint64_t counter)
{
	size_t low = 0, high = job->own_count; /* the last that does not begin behind the block */
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct own_blocks *o = &job->own[middle];
		if (o->slot < slot || (o->slot == slot && o->first <= counter))
			low = middle + 1;
		else
			high = middle;
	}
	const struct own_blocks *found = low ? &job->own[low - 1] : NULL;
	return found && found->slot == slot && counter < found->end;
}

void scan_job_fail(struct scan_job *job, const char *why)
{
	job->method = SCAN_IMPOSSIBLE;
	err_set(&job->problem, "%s", why);
	leak_scan_release(&job->scan);
}

void scan_job_let_go_on(struct session_scan *r)
{
	uint32_t seen = SCAN_TAKEN;
	if (!r)
		return;
	if (at_cas_acq_rel(&r->state, &seen, (uint32_t)SCAN_DONE))
		syscall(SYS_futex, &r->state, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
	else
		at_store_release(&r->state, (uint32_t)SCAN_FREE);
}
