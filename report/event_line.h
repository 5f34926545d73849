/* event_line.h - one event as a line; between event_dump.c and its two outputs. */
#ifndef ALLOCTRACE_REPORT_EVENT_LINE_H
#define ALLOCTRACE_REPORT_EVENT_LINE_H

#include "analysis/callstacks.h"
#include "report/event_dump.h"
#include "util/strbuf.h"
#include "wire/roles.h"

struct event_slot {
	uint32_t thread;  /* UINT32_MAX: nobody has it */
	uint32_t process; /* or TRACE_NO_PROCESS */
};

struct event_context {
	const struct dump_request *request;
	struct trace_names *names;
	struct callstacks *stacks;
	struct event_slot *slots;
	size_t slot_count;
	size_t slot_cap;
	struct strbuf line;
	struct strbuf calls[ROLE_COUNT]; /* names for people; empty: not asked for yet */
};

/* Whose event it is; no thread for what concerns a whole process. */
struct event_slot event_slot_of(const struct event_context *c, const struct trace_event *e);

/* Add the event, with its line break, to c->line. */
void event_add_text(struct event_context *c, const struct trace_event *e);
void event_add_json(struct event_context *c, const struct trace_event *e);

#endif
