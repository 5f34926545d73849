/* trace_data.h - a trace, read, replayed and with names: what every report is made from. */
#ifndef ALLOCTRACE_REPORT_TRACE_DATA_H
#define ALLOCTRACE_REPORT_TRACE_DATA_H

#include "analysis/callstacks.h"
#include "analysis/filter.h"
#include "analysis/profile.h"
#include "report/trace_names.h"
#include "util/err.h"

/* Called now and then while a trace is read; `done` of `all` bytes. */
struct progress_sink {
	void (*step)(void *ctx, uint64_t done, uint64_t all);
	void *ctx;
};

struct trace_data {
	const char *path;
	struct trace_names *names;
	struct trace_reader *reader; /* of names; at its end */
	struct frames *frames;	     /* of names */
	struct profile *profile;
	struct callstacks *stacks;
	struct callstacks *mapped_stacks; /* NULL: no memory was seen to be mapped */
	const struct filter *filter;
	struct filter everything; /* in place of one that is NULL */
};

/* What else takes the events, in order, while a trace is read. */
struct event_sink {
	void (*begin)(void *ctx, const struct replay_filter *filter); /* which stays */
	void (*feed)(void *ctx, const struct trace_event *events, size_t count);
	void *ctx;
};

/* Reads all of a trace. filter and progress may be NULL; filter and path must outlive the result. A
 * damaged trace is read as far as it goes: see trace_reader_damage(). NULL with the error when
 * nothing could be read. */
struct trace_data *trace_data_load(const char *path, struct filter *filter,
				   const struct progress_sink *progress,
				   struct err *err) AT_MUST_CHECK;
/* The same; the sink has its events, too. NULL: nobody. */
struct trace_data *trace_data_load_for(const char *path, struct filter *filter,
				       const struct event_sink *sink,
				       const struct progress_sink *progress,
				       struct err *err) AT_MUST_CHECK;
void trace_data_free(struct trace_data *d);

#endif
