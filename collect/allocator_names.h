/* allocator_names.h - the pools and instances that processes have told of, as the trace has them.
 */
#ifndef ALLOCTRACE_COLLECT_ALLOCATOR_NAMES_H
#define ALLOCTRACE_COLLECT_ALLOCATOR_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "trace/trace.h"

/* By number; the names are its own, NULL: not known. Zero-initialised it is empty. */
struct allocator_names {
	struct trace_allocator *items;
	size_t count, cap;
};

void allocator_names_set(struct allocator_names *names, uint32_t allocator,
			 const struct trace_allocator *is);
/* NULL if it is not known. */
const char *allocator_names_get(const struct allocator_names *names, uint64_t allocator);
void allocator_names_release(struct allocator_names *names);

#endif
