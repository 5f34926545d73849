/* trace_data.h - a trace, read, replayed and with names: what every report is made from. */
#ifndef ALLOCTRACE_REPORT_TRACE_DATA_H
#define ALLOCTRACE_REPORT_TRACE_DATA_H

#include "analysis/callstacks.h"
#include "analysis/filter.h"
#include "analysis/profile.h"
#include "symbol/symbol.h"
#include "util/err.h"

/* Called now and then while a trace is read; `done` of `all` bytes. May be NULL. */
struct progress_sink {
	void (*step)(void *ctx, uint64_t done, uint64_t all);
	void *ctx;
};

struct trace_data {
	const char *path;
	struct trace_reader *reader; /* at its end; all tables are loaded */
	struct symbolizer *symbolizer;
	struct profile *profile;
	struct frames *frames;
	struct callstacks *stacks;
	const struct filter *filter;
	bool *module_has_symbols; /* private: of trace_data.c; NULL: not yet asked */
};

/* Reads all of a trace. filter may be NULL and must outlive the result. A damaged trace is read as
 * far as it goes: see trace_reader_damage(). NULL with the error when nothing could be read. */
struct trace_data *trace_data_load(const char *path, struct filter *filter,
				   const struct progress_sink *progress,
				   struct err *err) AT_MUST_CHECK;
void trace_data_free(struct trace_data *d);

#endif
