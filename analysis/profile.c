/* profile.c - see profile.h. */
#include "analysis/profile.h"

#include <stdlib.h>

void profile_free(struct profile *p)
{
	if (!p)
		return;
	for (size_t i = 0; i < p->mark_count; i++)
		free(p->marks[i].text);
	for (size_t i = 0; i < p->scope_count; i++)
		free(p->scopes[i].name);
	free(p->marks);
	free(p->scopes);
	free(p->stacks);
	free(p->mapped.stacks);
	free(p->threads);
	free(p->processes);
	free(p->pools);
	free(p->instances);
	free(p);
}

uint32_t profile_largest_process(const struct profile *p)
{
	uint32_t largest = 0;
	for (uint32_t i = 1; i < p->process_count; i++)
		if (p->processes[i].heap.peak_bytes > p->processes[largest].heap.peak_bytes)
			largest = i;
	return largest;
}

void metrics_add(struct metrics *sum, const struct metrics *m)
{
	sum->allocs += m->allocs;
	sum->bytes += m->bytes;
	sum->temporary += m->temporary;
	sum->peak_bytes += m->peak_bytes;
	sum->peak_blocks += m->peak_blocks;
	sum->live_bytes += m->live_bytes;
	sum->live_blocks += m->live_blocks;
	sum->lifetime_ns += m->lifetime_ns;
}
