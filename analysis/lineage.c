/* lineage.c - see lineage.h. */
#include "analysis/lineage.h"

#include <stdbool.h>
#include <stdlib.h>

#include "util/mem.h"
#include "wire/session.h"

/* Has the image come to be by the exec of a program in a process that had an image before? */
static bool is_replacement(const struct trace_reader *reader, uint32_t index)
{
	const struct trace_process *image = trace_reader_process(reader, index);
	return image->origin == PROCESS_FROM_EXEC && image->parent < index &&
	       trace_reader_process(reader, image->parent)->pid == image->pid;
}

/* A process: its first image stands for it. */
struct root {
	uint32_t image;
	bool main_counted; /* only of a first image */
};

static size_t count_threads(const struct trace_reader *reader, const struct profile *p,
			    struct root *roots, size_t images)
{
	size_t threads = 0;
	for (size_t i = 0; i < p->thread_count; i++) {
		const struct profile_thread *t = &p->threads[i];
		if (t->process >= images || trace_reader_thread(reader, t->thread)->tid !=
						    trace_reader_process(reader, t->process)->pid) {
			threads++;
			continue;
		}
		struct root *root = &roots[roots[t->process].image];
		threads += !root->main_counted;
		root->main_counted = true;
	}
	return threads;
}

struct lineage lineage_count(const struct trace_reader *reader, const struct profile *p)
{
	struct lineage l = { 0, 0, 0 };
	size_t known = trace_reader_process_count(reader);
	size_t images = p->process_count < known ? p->process_count : known;
	struct root *roots = mem_zalloc(images + 1, sizeof(*roots));
	for (uint32_t i = 0; i < images; i++) {
		const struct trace_process *image = trace_reader_process(reader, i);
		bool first = !is_replacement(reader, i);
		roots[i].image = first ? i : roots[image->parent].image;
		l.processes += first;
		l.programs += image->origin == PROCESS_FROM_EXEC;
	}
	l.threads = count_threads(reader, p, roots, images);
	free(roots);
	return l;
}
