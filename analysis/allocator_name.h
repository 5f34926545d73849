/* allocator_name.h - what an allocator of a trace is called: the same words in every table, text and
 * filter.
 *
 * An instance beside the program's malloc has a name of its own in the trace ("jemalloc 5.3.0 in
 * libplug.so"), as a pool has; that of malloc is known by the allocators in the modules. */
#ifndef ALLOCTRACE_ANALYSIS_ALLOCATOR_NAME_H
#define ALLOCTRACE_ANALYSIS_ALLOCATOR_NAME_H

#include "trace/trace.h"
#include "util/strbuf.h"

/* "jemalloc 5.3.0", also with its prefix. */
void instance_title(struct strbuf *out, const struct trace_instance *in);

/* The one that serves malloc in the process, NULL if that is not known. */
const struct trace_instance *instance_serving(const struct trace_reader *reader, uint32_t process);

/* The name of an allocator in a process. Of malloc, "glibc 2.36"; the name of its module's file, if
 * its kind is not known; "heap", if nothing is. With TRACE_NO_PROCESS those of all processes, the
 * first one's first. Not escaped. */
void allocator_add_name(struct strbuf *out, const struct trace_reader *reader, uint32_t allocator,
			uint32_t process);

#endif
