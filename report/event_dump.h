/* event_dump.h - the events of a trace, one after the other, as lines of text or of JSON. */
#ifndef ALLOCTRACE_REPORT_EVENT_DUMP_H
#define ALLOCTRACE_REPORT_EVENT_DUMP_H

#include <stdio.h>

#include "analysis/filter.h"
#include "util/err.h"

struct dump_request {
	struct filter *filter;
	uint64_t limit; /* events to print; 0: all */
	bool stacks;	/* all frames */
	bool json;
};

/* Streams; stops early, without a message, when `to` takes no more. Sets *damage to NULL, or to
 * what is wrong with the trace; the caller frees it. -1 with the error when nothing could be read.
 */
int event_dump(const char *path, const struct dump_request *request, FILE *to, char **damage,
	       struct err *err);

#endif
