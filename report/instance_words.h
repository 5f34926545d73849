/* instance_words.h - what is told of an allocator in a module, in words. */
#ifndef ALLOCTRACE_REPORT_INSTANCE_WORDS_H
#define ALLOCTRACE_REPORT_INSTANCE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "trace/trace.h"
#include "util/strbuf.h"

/* In how many of its processes it ... */
struct instance_uses {
	uint32_t served;   /* is the program's malloc */
	uint32_t recorded; /* and its calls are recorded */
	uint32_t copies;   /* is there several times */
};

struct instance_uses instance_uses(const struct trace_instance *in);
/* Whether calls of the function are recorded where the runtime stands before the allocator. */
bool instance_records(const struct trace_function *function);
/* Functions of which no call is recorded. */
size_t instance_unrecorded(const struct trace_instance *in);
const char *instance_linkage(const struct trace_instance *in); /* "static, hidden" */
/* "jemalloc 5.3.0", also with its prefix. */
void instance_title(struct strbuf *out, const struct trace_instance *in);
/* Whether and what of it is recorded, as a sentence without a point. */
void instance_status(struct strbuf *out, const struct trace_instance *in);

#endif
