/* finding_log.c - see finding_log.h. */
#include "collect/finding_log.h"

#include <stdlib.h>

#include "base/atomics.h"
#include "util/mem.h"

void finding_log_init(struct finding_log *f, struct session *session, struct trace_writer *writer)
{
	*f = (struct finding_log){ .session = session, .writer = writer };
	f->told = mem_zalloc(SESSION_MAX_FINDINGS, sizeof(*f->told));
}

void finding_log_release(struct finding_log *f)
{
	for (size_t i = 0; i < f->count; i++) {
		free((char *)(uintptr_t)f->items[i].why);
		free((char *)(uintptr_t)f->items[i].fix);
		free((char *)(uintptr_t)f->items[i].call);
		free((char *)(uintptr_t)f->items[i].made_call);
	}
	free(f->items);
	free(f->indices);
	free(f->told);
}

bool finding_log_has(const struct finding_log *f, uint32_t index)
{
	return f->told[index];
}

uint32_t finding_log_add(struct finding_log *f, uint32_t index, const struct trace_finding *finding)
{
	if (f->told[index])
		return UINT32_MAX;
	f->told[index] = true;
	uint32_t number = (uint32_t)f->count++;
	f->items = mem_grow(f->items, &f->item_cap, f->count, sizeof(*f->items));
	f->indices = mem_grow(f->indices, &f->index_cap, f->count, sizeof(*f->indices));
	f->items[number] = *finding;
	f->indices[number] = index;
	trace_writer_finding(f->writer, number, finding);
	if (f->on_finding)
		f->on_finding(f->context, number, finding);
	return number;
}

uint64_t finding_log_end(struct finding_log *f)
{
	uint64_t untold = 0;
	for (uint32_t i = 0; i < f->count; i++) {
		struct trace_finding *finding = &f->items[i];
		uint64_t count = at_load_relaxed(&f->session->findings[f->indices[i]].count);
		if (count <= finding->count)
			continue;
		finding->count = count;
		trace_writer_finding(f->writer, i, finding);
	}
	for (uint32_t i = 0; i < SESSION_MAX_FINDINGS; i++)
		if (!f->told[i])
			untold += at_load_relaxed(&f->session->findings[i].count);
	return untold;
}
