/* scan_job.c - see scan_job.h. */
#include "collect/scan_job.h"

#include <stdlib.h>
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

/* Threads that began after the job was made: their rings tell. */
static bool ring_is_own(const struct scan_job *job, uint32_t slot, uint64_t counter)
{
	const struct session_ring *ring = &job->session->rings[slot];
	return at_load_acquire(&ring->state) == RING_ACTIVE &&
	       at_load_relaxed(&ring->process) == job->process_index &&
	       counter >= at_load_relaxed(&ring->first_counter);
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
	if (found && found->slot == slot && counter < found->end)
		return true;
	return slot < SESSION_MAX_RINGS && ring_is_own(job, slot, counter);
}
