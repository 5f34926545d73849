/* finding_why.h - how the two calls of a cross-allocator free, or of a mismatched one, came to the
 * functions that they came to, and of the former what would put it right.
 *
 * By the calling instructions, the files of the process's modules and the order in which they were
 * loaded. Not thread-safe: the collector's thread only. */
#ifndef ALLOCTRACE_COLLECT_FINDING_WHY_H
#define ALLOCTRACE_COLLECT_FINDING_WHY_H

#include "collect/allocator_names.h"
#include "collect/process_bindings.h"
#include "trace/trace.h"

struct whys {
	struct binding_files files;
	struct tables *tables;
	const struct allocator_names *allocators;
	bool refuses; /* files are not to be read */
};

void whys_init(struct whys *w, struct session *session, struct tables *tables,
	       const struct allocator_names *allocators);
void whys_release(struct whys *w);

/* The module of an allocator in the process with this record, in the session; UINT32_MAX: not known. */
uint32_t whys_allocator_module(const struct whys *w, uint32_t process, uint64_t allocator);

/* Sets f's why, fix and kinds where something is known; the strings are the caller's to free().
 * process: index of the record of the process that released it. */
void whys_explain(struct whys *w, uint32_t process, struct trace_finding *f);

#endif
