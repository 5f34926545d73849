/* leaks.c - which scans; see leaks.h. */
#include "analysis/leaks.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

bool leaks_is_at_an_end(const struct trace_leak_scan *scan)
{
	return scan->reason == SCAN_AT_EXIT || scan->reason == SCAN_BEFORE_EXIT ||
	       scan->reason == SCAN_AT_EXEC || scan->reason == SCAN_AT_CRASH;
}

static bool is_meant(const struct leaks_selection *s, const struct trace_leak_scan *scan,
		     uint32_t number)
{
	switch (s->at) {
	case LEAKS_AT_EXIT:
		return leaks_is_at_an_end(scan);
	case LEAKS_AT_MARK:
		return strcmp(scan->label, s->mark) == 0;
	case LEAKS_AT_NUMBER:
		return number == s->number;
	case LEAKS_AT_LAST:
		break;
	}
	return true;
}

/* A scan for a test's scope tells of what is new alone: any other says more of the process. */
static unsigned worth(const struct trace_leak_scan *scan)
{
	if (scan->method == SCAN_IMPOSSIBLE)
		return 1;
	return scan->reason == SCAN_BY_API ? 2 : 3;
}

static bool wants_process(const struct leaks_selection *s, uint32_t process)
{
	const struct replay_filter *f = s->filter;
	return !f || !f->process || f->process(f->ctx, process);
}

/* The best scan of each process, the last of equals; UINT32_MAX: none. */
static uint32_t *best_scans(const struct trace_reader *reader, const struct leaks_selection *s)
{
	size_t processes = trace_reader_process_count(reader);
	uint32_t *best = mem_zalloc(processes + 1, sizeof(*best));
	memset(best, 0xff, (processes + 1) * sizeof(*best));
	for (uint32_t i = 0; i < trace_reader_leak_scan_count(reader); i++) {
		const struct trace_leak_scan *scan = trace_reader_leak_scan(reader, i);
		uint32_t process = scan->process < processes ? scan->process : (uint32_t)processes;
		if (!is_meant(s, scan, i) || !wants_process(s, scan->process))
			continue;
		if (best[process] == UINT32_MAX ||
		    worth(scan) >= worth(trace_reader_leak_scan(reader, best[process])))
			best[process] = i;
	}
	return best;
}

void leaks_choose(struct leaks_chosen *c, const struct trace_reader *reader,
		  const struct leaks_selection *selection)
{
	uint32_t processes = (uint32_t)trace_reader_process_count(reader);
	uint32_t *best = best_scans(reader, selection);
	*c = (struct leaks_chosen){ .scans = mem_zalloc(processes + 1, sizeof(*c->scans)),
				    .unseen = mem_zalloc(processes + 1, sizeof(*c->unseen)) };
	for (uint32_t i = 0; i <= processes; i++) {
		bool is_there = best[i] != UINT32_MAX;
		if (is_there)
			c->scans[c->count++] = best[i];
		if (i == processes || selection->at == LEAKS_AT_NUMBER ||
		    !wants_process(selection, i))
			continue;
		if (!is_there || worth(trace_reader_leak_scan(reader, best[i])) == 1)
			c->unseen[c->unseen_count++] = i;
	}
	free(best);
}

void leaks_chosen_release(struct leaks_chosen *c)
{
	free(c->scans);
	free(c->unseen);
	*c = (struct leaks_chosen){ 0 };
}
