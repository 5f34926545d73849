/* event_text.c - an event as a line of text:
 *
 *	  0.001234  1200/1201   malloc            b3.17     24 bytes  main  a.c:12
 *
 * time in seconds, pid/tid, what, block (slot.counter), and where. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "report/event_line.h"
#include "report/finding_words.h"
#include "report/leaks_words.h"
#include "report/report.h"
#include "report/text_parts.h"
#include "report/trace_names.h"
#include "symbol/demangle.h"
#include "wire/events.h"
#include "wire/roles.h"

/* Columns of the called function: up to "alloctrace_pool_alloc", and up to
 * "operator delete(void*, unsigned long)". Rare operators are longer. */
enum { CALL_COLUMNS = 21, LONG_CALL_COLUMNS = 37 };

/* Fields are filled up with spaces: none at the end of a line. */
static void end_line(struct event_context *c)
{
	size_t len = c->line.len;
	while (len > 0 && c->line.text[len - 1] == ' ')
		len--;
	strbuf_truncate(&c->line, len);
	strbuf_addc(&c->line, '\n');
}

static void add_who(struct event_context *c, const struct trace_event *e)
{
	const struct trace_reader *reader = c->names->reader;
	struct event_slot who = event_slot_of(c, e);
	char text[32] = "-";
	if (who.thread != UINT32_MAX)
		snprintf(text, sizeof(text), "%" PRIu32 "/%" PRIu32,
			 trace_reader_process(reader, who.process)->pid,
			 trace_reader_thread(reader, who.thread)->tid);
	else if (who.process != TRACE_NO_PROCESS)
		snprintf(text, sizeof(text), "%" PRIu32,
			 trace_reader_process(reader, who.process)->pid);
	strbuf_addf(&c->line, "%5" PRIu64 ".%06" PRIu64 "  %-15s ", e->time_ns / 1000000000,
		    e->time_ns / 1000 % 1000000, text);
}

static void add_function(struct event_context *c, uint32_t index, const struct frame *frame)
{
	const struct frame_function *f = frames_function(c->names->frames, index);
	if (f->name) {
		strbuf_add_escaped(&c->line, f->name);
	} else {
		const struct trace_module *m = trace_reader_module(c->names->reader, f->module);
		strbuf_add_escaped(&c->line, m->anonymous_process_plus_1 ? "[anonymous code]"
					     : *m->path			 ? m->path
									 : "[unknown module]");
		strbuf_addf(&c->line, "+0x%" PRIx64, f->offset);
	}
	if (frame && frame->file) {
		strbuf_adds(&c->line, "  ");
		strbuf_add_escaped(&c->line, frame->file);
		if (frame->line)
			strbuf_addf(&c->line, ":%" PRIu32, frame->line);
	}
	if (frame && frame->inlined)
		strbuf_adds(&c->line, " (inlined)");
}

static void add_frames(struct event_context *c, uint32_t step)
{
	const struct callstacks *stacks = c->stacks;
	for (; step >= STEP_FIRST; step = stacks->steps[step].parent) {
		size_t count;
		const struct frame *frames =
			frames_of_list(stacks->frames, stacks->steps[step].list, &count);
		for (size_t i = 0; i < count; i++) {
			strbuf_adds(&c->line, "                                 ");
			add_function(c, frames[i].function, &frames[i]);
			strbuf_addc(&c->line, '\n');
		}
	}
}

/* The frame that allocations are charged to, or with --stacks all of them on lines of their own. */
static void add_where(struct event_context *c, uint32_t node)
{
	const struct frame *frame;
	uint32_t step = callstacks_step(c->stacks, node);
	if (c->request->stacks) {
		end_line(c);
		add_frames(c, step);
		return;
	}
	uint32_t function = callstacks_charged(c->stacks, step, &frame);
	if (function != UINT32_MAX) {
		strbuf_adds(&c->line, "  ");
		add_function(c, function, frame);
	}
	end_line(c);
}

static void add_block(struct event_context *c, uint32_t slot, uint64_t counter)
{
	char text[48];
	snprintf(text, sizeof(text), "b%" PRIu32 ".%" PRIu64, slot, counter);
	strbuf_addf(&c->line, "%-14s", text);
}

static void add_call(struct event_context *c, unsigned role)
{
	struct strbuf *name = role < ROLE_COUNT ? &c->calls[role] : NULL;
	if (name && !name->len && !demangle(role_symbol(role), name))
		strbuf_adds(name, role_symbol(role));
	const char *text = name ? name->text : role_symbol(role);
	int columns = strlen(text) > CALL_COLUMNS ? LONG_CALL_COLUMNS : CALL_COLUMNS;
	strbuf_addf(&c->line, "%-*s ", columns, text);
}

static void add_alloc(struct event_context *c, const struct trace_event *e)
{
	add_call(c, e->role);
	add_block(c, e->slot, e->counter);
	strbuf_addf(&c->line, " %" PRIu64 " bytes", e->size);
	if (e->flags & EVENT_FLAG_REALLOC)
		strbuf_adds(&c->line, " (new)");
	if (e->allocator) {
		strbuf_adds(&c->line, " from ");
		strbuf_add_escaped(&c->line,
				   trace_reader_allocator(c->names->reader, e->allocator)->name);
	}
	add_where(c, e->stack);
}

static void add_free(struct event_context *c, const struct trace_event *e)
{
	add_call(c, e->role);
	add_block(c, e->block_slot, e->counter);
	if (e->flags & EVENT_FLAG_REALLOC)
		strbuf_adds(&c->line, " (old)");
	if (e->op == TRACE_FREE_INHERITED)
		strbuf_adds(&c->line, " (made before the fork)");
	add_where(c, e->stack);
}

static void add_process_end(struct event_context *c, const struct trace_event *e)
{
	char status[64];
	text_wait_status(status, sizeof(status), e->value);
	strbuf_addf(&c->line, "process ends%s%s\n", *status ? ": " : "", status);
}

static void add_map(struct event_context *c, const struct trace_event *e)
{
	/* An mremap is recorded as two halves: what it took away has the role of munmap. */
	bool moved = e->flags & EVENT_FLAG_REALLOC, old = moved && e->role == ROLE_MUNMAP;
	add_call(c, old ? ROLE_MREMAP : e->role);
	strbuf_addf(&c->line, "0x%-12" PRIx64 " %" PRIu64 " bytes", e->address, e->size);
	if (moved)
		strbuf_adds(&c->line, old ? " (old)" : " (new)");
	add_where(c, e->stack);
}

static void add_mark(struct event_context *c, const struct trace_event *e)
{
	static const char *const types[] = { "mark", "scope begins", "scope ends", "pause",
					     "resume" };
	strbuf_addf(&c->line, "%s", types[e->role % AT_COUNT_OF(types)]);
	if (e->text && *e->text) {
		strbuf_adds(&c->line, ": ");
		strbuf_add_escaped(&c->line, e->text);
	}
	end_line(c);
}

static void add_finding(struct event_context *c, const struct trace_event *e)
{
	const struct trace_finding *f =
		trace_reader_finding(c->names->reader, (uint32_t)e->value);
	add_call(c, f->role);
	strbuf_addf(&c->line, "0x%-12" PRIx64 " %s", f->address, finding_title(f->class, f->role));
	add_where(c, f->stack);
}

/* "looked for leaks at exit: 24 bytes in 1 block definitely lost, ..." */
static void add_leak_scan(struct event_context *c, const struct trace_event *e)
{
	const struct trace_leak_scan *scan =
		trace_reader_leak_scan(c->names->reader, (uint32_t)e->value);
	strbuf_addf(&c->line, "looked for leaks %s", scan_reason_words(scan->reason));
	if (*scan->label) {
		strbuf_addc(&c->line, ' ');
		strbuf_add_escaped(&c->line, scan->label);
	}
	for (unsigned kind = 0; kind < TRACE_LEAK_KINDS; kind++)
		strbuf_addf(&c->line, "%s %" PRIu64 " bytes in %" PRIu64 " blocks %s",
			    kind ? "," : ":", scan->kinds[kind].bytes, scan->kinds[kind].blocks,
			    leak_kind_words(kind));
	if (*scan->problem) {
		strbuf_adds(&c->line, "; ");
		strbuf_add_escaped(&c->line, scan->problem);
	}
	end_line(c);
}

void event_add_text(struct event_context *c, const struct trace_event *e)
{
	const struct trace_reader *reader = c->names->reader;
	add_who(c, e);
	switch ((enum trace_op)e->op) {
	case TRACE_ALLOC:
		add_alloc(c, e);
		return;
	case TRACE_FREE:
	case TRACE_FREE_INHERITED:
		add_free(c, e);
		return;
	case TRACE_PROCESS_START:
		strbuf_adds(&c->line, "process starts: ");
		strbuf_add_escaped(&c->line, trace_reader_process(reader, e->process)->exe);
		break;
	case TRACE_PROCESS_END:
		add_process_end(c, e);
		return;
	case TRACE_THREAD_START:
		strbuf_addf(&c->line, "thread starts in slot %" PRIu32, e->slot);
		break;
	case TRACE_THREAD_END:
		strbuf_adds(&c->line, "thread ends");
		break;
	case TRACE_MODULE:
		strbuf_addf(&c->line, "module at 0x%" PRIx64 ": ", e->value);
		strbuf_add_escaped(&c->line, trace_reader_module(reader, e->module)->path);
		break;
	case TRACE_MARK:
		add_mark(c, e);
		return;
	case TRACE_MAP:
		add_map(c, e);
		return;
	case TRACE_LOSS:
		strbuf_adds(&c->line, "lost: ");
		if (e->role != TRACE_LOSS_CUT)
			strbuf_addf(&c->line, "%" PRIu64 " ", e->value);
		strbuf_adds(&c->line, loss_explained(e->role, e->value));
		break;
	case TRACE_FINDING:
		add_finding(c, e);
		return;
	case TRACE_LEAK_SCAN:
		add_leak_scan(c, e);
		return;
	case TRACE_OP_COUNT:
		break;
	}
	end_line(c);
}
