/* stream.h - synthetic traces by seed, remembered so that reading can be compared with writing. */
#ifndef ALLOCTRACE_TESTS_TRACE_STREAM_H
#define ALLOCTRACE_TESTS_TRACE_STREAM_H

#include "trace/trace.h"

struct stream_shape {
	uint64_t seed;
	size_t events;
	unsigned slots;
	unsigned stacks;	 /* distinct ones per slot's behaviour */
	unsigned random_percent; /* of the choices that are not the usual next one */
	unsigned rare_percent;	 /* of events that are neither ALLOC nor FREE */
	size_t flush_every;	 /* events; 0: never by hand */
	bool extreme;		 /* values from the whole range of each field */
};

/* What was written, as the reader must give it. Texts are owned by the stream. */
struct stream {
	struct trace_event *events;
	size_t count;
	size_t cap;
	struct trace_node *nodes;
	size_t node_count;
	size_t node_cap;
	struct trace_finding *findings; /* as last written */
	size_t finding_count;
	size_t finding_cap;
	struct trace_leak_scan *leak_scans; /* own their groups and texts */
	size_t leak_scan_count;
	size_t leak_scan_cap;
	size_t modules;
	size_t processes;
	size_t threads;
};

/* Writes a trace of the shape to path and closes it; dies when the writer reports an error. */
void stream_write(struct stream *s, const struct stream_shape *shape, const char *path);
/* Reads path and compares; stops the test at the first difference. When `whole` is not set the
 * trace may end early. Returns the events read. */
size_t stream_compare(const struct stream *s, const char *path, bool whole);
void stream_release(struct stream *s);

/* A path in the test's own folder; the caller frees it. */
char *stream_temp_path(const char *name);

#endif
