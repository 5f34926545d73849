/* trace_data.c - reads a trace into a profile and gives its addresses names; see trace_data.h. */
#include "report/trace_data.h"

#include <stdlib.h>

#include "analysis/replay.h"
#include "util/mem.h"

enum { BATCH = 1024, BATCHES_PER_STEP = 256 };

/* One look through all nodes, the first time that an address has no symbol in the trace. */
static void find_modules_with_symbols(struct trace_data *d)
{
	size_t modules = trace_reader_module_count(d->reader);
	size_t nodes = trace_reader_node_count(d->reader), count;
	d->module_has_symbols = mem_zalloc(modules + 1, sizeof(bool));
	for (uint32_t i = 0; i < nodes; i++) {
		const struct trace_node *node = trace_reader_node(d->reader, i);
		if (node->module < modules && !d->module_has_symbols[node->module] &&
		    trace_reader_symbols(d->reader, node->module, node->offset, &count))
			d->module_has_symbols[node->module] = true;
	}
}

/* The trace's own symbols; for a module that has none there, those of the files on this machine. */
static size_t symbols_of(void *ctx, uint32_t module, uint64_t offset,
			 const struct trace_symbol **symbols)
{
	struct trace_data *d = ctx;
	size_t count = 0;
	*symbols = trace_reader_symbols(d->reader, module, offset, &count);
	if (*symbols)
		return count;
	if (module >= trace_reader_module_count(d->reader))
		return 0;
	if (!d->module_has_symbols)
		find_modules_with_symbols(d);
	if (d->module_has_symbols[module])
		return 0;
	if (!d->symbolizer)
		d->symbolizer = symbolizer_new();
	const struct trace_module *m = trace_reader_module(d->reader, module);
	uint32_t pid = 0;
	if (m->anonymous_process_plus_1)
		pid = trace_reader_process(d->reader, m->anonymous_process_plus_1 - 1)->pid;
	return symbolizer_resolve(d->symbolizer, m, pid, offset, symbols);
}

static int replay_all(struct trace_data *d, struct replay *r, const struct progress_sink *progress,
		      struct err *err)
{
	struct trace_event *batch = mem_alloc(BATCH * sizeof(*batch));
	uint64_t all = trace_reader_file_bytes(d->reader);
	long count;
	for (unsigned i = 0; (count = trace_reader_next(d->reader, batch, BATCH, err)) > 0; i++) {
		replay_feed(r, batch, (size_t)count);
		if (progress && i % BATCHES_PER_STEP == BATCHES_PER_STEP - 1)
			progress->step(progress->ctx, trace_reader_position(d->reader), all);
	}
	free(batch);
	return count < 0 ? -1 : 0;
}

struct trace_data *trace_data_load(const char *path, struct filter *filter,
				   const struct progress_sink *progress, struct err *err)
{
	struct replay_filter replay_filter = { 0 };
	struct replay *replay = NULL;
	struct trace_data *d = mem_zalloc(1, sizeof(*d));
	d->path = path;
	d->filter = filter;
	d->reader = trace_reader_open(path, err);
	if (!d->reader || trace_reader_load_tables(d->reader, err) < 0)
		goto failed;
	d->frames = frames_new(d->reader, symbols_of, d);
	if (filter && filter_prepare(filter, d->frames, &replay_filter, err) < 0)
		goto failed;
	replay = replay_new(&replay_filter);
	if (replay_all(d, replay, progress, err) < 0)
		goto failed;
	d->profile = replay_finish(replay);
	d->stacks = callstacks_new(d->frames, d->profile);
	return d;
failed:
	replay_free(replay);
	trace_data_free(d);
	return NULL;
}

void trace_data_free(struct trace_data *d)
{
	if (!d)
		return;
	callstacks_free(d->stacks);
	frames_free(d->frames);
	profile_free(d->profile);
	if (d->symbolizer)
		symbolizer_free(d->symbolizer);
	if (d->reader)
		trace_reader_close(d->reader);
	free(d->module_has_symbols);
	free(d);
}
