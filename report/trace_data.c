/* trace_data.c - see trace_data.h. */
#include "report/trace_data.h"

#include <stdlib.h>

#include "analysis/replay.h"
#include "util/mem.h"

enum { BATCH = 512, BATCHES_PER_STEP = 256 };

/* Event `number` of the trace, from 1, is the first of these. False: nothing after them counts. */
static bool feed(struct replay *r, const struct filter *filter, uint64_t number,
		 const struct trace_event *events, size_t count)
{
	size_t muted = 0;
	if (filter->to_event && number + count > filter->to_event)
		count = filter->to_event > number ? filter->to_event - number : 0;
	if (filter->from_event > number)
		muted = filter->from_event - number < count ? filter->from_event - number : count;
	if (muted) {
		replay_mute(r, true);
		replay_feed(r, events, muted);
		replay_mute(r, false);
	}
	replay_feed(r, events + muted, count - muted);
	return !filter->to_event || number + count < filter->to_event;
}

static int replay_all(struct trace_data *d, struct replay *r, const struct event_sink *sink,
		      const struct progress_sink *progress, struct err *err)
{
	struct trace_event batch[BATCH];
	const struct filter *filter = d->filter ? d->filter : &d->everything;
	uint64_t all = trace_reader_file_bytes(d->reader), number = 1;
	bool counts = true;
	long count;
	for (unsigned i = 0; (count = trace_reader_next(d->reader, batch, BATCH, err)) > 0; i++) {
		counts = counts && feed(r, filter, number, batch, (size_t)count);
		number += (uint64_t)count;
		if (sink)
			sink->feed(sink->ctx, batch, (size_t)count);
		if (progress && i % BATCHES_PER_STEP == BATCHES_PER_STEP - 1)
			progress->step(progress->ctx, trace_reader_position(d->reader), all);
	}
	return count < 0 ? -1 : 0;
}

struct trace_data *trace_data_load(const char *path, struct filter *filter,
				   const struct progress_sink *progress, struct err *err)
{
	return trace_data_load_for(path, filter, NULL, progress, err);
}

struct trace_data *trace_data_load_for(const char *path, struct filter *filter,
				       const struct event_sink *sink,
				       const struct progress_sink *progress, struct err *err)
{
	struct replay_filter replay_filter = { 0 };
	struct replay *replay = NULL;
	struct trace_data *d = mem_zalloc(1, sizeof(*d));
	d->path = path;
	d->filter = filter;
	d->names = trace_names_open(path, err);
	if (!d->names)
		goto failed;
	d->reader = d->names->reader;
	d->frames = d->names->frames;
	if (filter_prepare(filter ? filter : &d->everything, d->frames, &replay_filter, err) < 0)
		goto failed;
	replay = replay_new(&replay_filter);
	if (sink)
		sink->begin(sink->ctx, &replay_filter);
	if (replay_all(d, replay, sink, progress, err) < 0)
		goto failed;
	d->profile = replay_finish(replay);
	const struct profile *p = d->profile;
	d->stacks = callstacks_new(d->frames, p->stacks, p->stack_count);
	if (p->mapped.stack_count)
		d->mapped_stacks =
			callstacks_new(d->frames, p->mapped.stacks, p->mapped.stack_count);
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
	callstacks_free(d->mapped_stacks);
	profile_free(d->profile);
	filter_release(&d->everything);
	trace_names_close(d->names);
	free(d);
}
