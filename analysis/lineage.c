/* lineage.c - see lineage.h. */
#include "analysis/lineage.h"

#include <stdbool.h>

#include "wire/session.h"

/* Has the image come to be by the exec of a program in a process that had an image before? */
static bool is_replacement(const struct trace_reader *reader, uint32_t index)
{
	const struct trace_process *image = trace_reader_process(reader, index);
	return image->origin == PROCESS_FROM_EXEC && image->parent < index &&
	       trace_reader_process(reader, image->parent)->pid == image->pid;
}

struct lineage lineage_count(const struct trace_reader *reader, size_t images)
{
	struct lineage l = { 0, 0 };
	for (uint32_t i = 0; i < images && i < trace_reader_process_count(reader); i++) {
		l.processes += !is_replacement(reader, i);
		l.programs += trace_reader_process(reader, i)->origin == PROCESS_FROM_EXEC;
	}
	return l;
}
