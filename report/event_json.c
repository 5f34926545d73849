/* event_json.c - an event as one JSON object on one line; keys as in alloctrace-dump(1). Written
 * straight into the line: dumps are long. */
#include <inttypes.h>

#include "report/event_line.h"
#include "report/finding_words.h"
#include "report/leaks_words.h"
#include "report/report.h"
#include "report/trace_names.h"
#include "wire/events.h"
#include "wire/roles.h"

static const char *const op_names[TRACE_OP_COUNT] = {
	"alloc",	"free",	      "free_inherited", "process_start", "process_end",
	"thread_start", "thread_end", "module",		"mark",		 "map",
	"loss",		"finding",    "leak_scan",
};

static void key_text(struct strbuf *s, const char *key, const char *text)
{
	strbuf_addf(s, ",\"%s\":", key);
	strbuf_add_json(s, text);
}

static void key_number(struct strbuf *s, const char *key, uint64_t value)
{
	strbuf_addf(s, ",\"%s\":%" PRIu64, key, value);
}

static void add_function(struct event_context *c, const struct frame *frame)
{
	struct strbuf *s = &c->line;
	const struct frame_function *f = frames_function(c->names->frames, frame->function);
	strbuf_adds(s, "{\"function\":");
	if (f->name)
		strbuf_add_json(s, f->name);
	else
		strbuf_adds(s, "null");
	key_text(s, "module", trace_reader_module(c->names->reader, f->module)->path);
	if (!f->name)
		strbuf_addf(s, ",\"offset\":\"0x%" PRIx64 "\"", f->offset);
	if (frame->file)
		key_text(s, "file", frame->file);
	if (frame->line)
		key_number(s, "line", frame->line);
	if (frame->inlined)
		strbuf_adds(s, ",\"inlined\":true");
	strbuf_addc(s, '}');
}

static void add_stack(struct event_context *c, const char *key, uint32_t node)
{
	struct strbuf *s = &c->line;
	key_number(s, key, node);
	if (!c->request->stacks)
		return;
	const struct callstacks *stacks = c->stacks;
	uint32_t step = callstacks_step(c->stacks, node);
	bool some = false;
	strbuf_adds(s, ",\"frames\":[");
	for (; step >= STEP_FIRST; step = stacks->steps[step].parent) {
		size_t count;
		const struct frame *frames =
			frames_of_list(stacks->frames, stacks->steps[step].list, &count);
		for (size_t i = 0; i < count; i++) {
			if (some)
				strbuf_addc(s, ',');
			some = true;
			add_function(c, &frames[i]);
		}
	}
	strbuf_addc(s, ']');
}

static void add_block(struct strbuf *s, uint32_t slot, uint64_t counter, unsigned flags)
{
	strbuf_addf(s, ",\"block\":\"%" PRIu32 ".%" PRIu64 "\"", slot, counter);
	if (flags & EVENT_FLAG_REALLOC)
		strbuf_adds(s, ",\"realloc\":true");
}

static void add_who(struct event_context *c, const struct trace_event *e)
{
	struct event_slot who = event_slot_of(c, e);
	if (who.process != TRACE_NO_PROCESS) {
		key_number(&c->line, "pid",
			   trace_reader_process(c->names->reader, who.process)->pid);
		key_number(&c->line, "process", who.process);
	}
	if (who.thread != UINT32_MAX)
		key_number(&c->line, "tid", trace_reader_thread(c->names->reader, who.thread)->tid);
}

static void add_alloc(struct event_context *c, const struct trace_event *e)
{
	key_text(&c->line, "call", role_symbol(e->role));
	add_block(&c->line, e->slot, e->counter, e->flags);
	key_number(&c->line, "bytes", e->size);
	if (e->allocator)
		key_text(&c->line, "allocator",
			 trace_reader_allocator(c->names->reader, e->allocator)->name);
	add_stack(c, "stack", e->stack);
}

static void add_map(struct event_context *c, const struct trace_event *e)
{
	key_text(&c->line, "call", role_symbol(e->role));
	strbuf_addf(&c->line, ",\"address\":\"0x%" PRIx64 "\"", e->address);
	key_number(&c->line, "bytes", e->size);
	if (e->flags & EVENT_FLAG_REALLOC)
		strbuf_adds(&c->line, ",\"realloc\":true");
	add_stack(c, "stack", e->stack);
}

static void add_finding(struct event_context *c, uint32_t number)
{
	struct strbuf *s = &c->line;
	const struct trace_finding *f = trace_reader_finding(c->names->reader, number);
	key_number(s, "finding", number);
	key_text(s, "class", finding_class_word(f->class));
	key_text(s, "call", role_symbol(f->role));
	strbuf_addf(s, ",\"address\":\"0x%" PRIx64 "\"", f->address);
	add_stack(c, "stack", f->stack);
}

static void add_leak_scan(struct event_context *c, uint32_t number)
{
	struct strbuf *s = &c->line;
	const struct trace_leak_scan *scan = trace_reader_leak_scan(c->names->reader, number);
	key_number(s, "scan", number);
	key_text(s, "reason", scan_reason_key(scan->reason));
	key_text(s, "method", scan_method_key(scan->method));
	key_text(s, "label", scan->label);
	key_text(s, "problem", scan->problem);
	for (unsigned kind = 0; kind < TRACE_LEAK_KINDS; kind++)
		strbuf_addf(s, ",\"%s\":{\"blocks\":%" PRIu64 ",\"bytes\":%" PRIu64 "}",
			    leak_kind_key(kind), scan->kinds[kind].blocks, scan->kinds[kind].bytes);
}

static void add_details(struct event_context *c, const struct trace_event *e)
{
	struct strbuf *s = &c->line;
	switch ((enum trace_op)e->op) {
	case TRACE_ALLOC:
		add_alloc(c, e);
		break;
	case TRACE_FREE:
	case TRACE_FREE_INHERITED:
		key_text(s, "call", role_symbol(e->role));
		add_block(s, e->block_slot, e->counter, e->flags);
		add_stack(c, "site", e->stack);
		break;
	case TRACE_PROCESS_START:
		key_text(s, "exe", trace_reader_process(c->names->reader, e->process)->exe);
		break;
	case TRACE_PROCESS_END:
		if (e->value != TRACE_STATUS_UNKNOWN)
			key_number(s, "wait_status", e->value);
		break;
	case TRACE_THREAD_START:
	case TRACE_THREAD_END:
		key_number(s, "slot", e->slot);
		break;
	case TRACE_MODULE:
		key_text(s, "path", trace_reader_module(c->names->reader, e->module)->path);
		strbuf_addf(s, ",\"bias\":\"0x%" PRIx64 "\"", e->value);
		break;
	case TRACE_MARK:
		key_text(s, "type", mark_key(e->role));
		key_text(s, "text", e->text ? e->text : "");
		break;
	case TRACE_MAP:
		add_map(c, e);
		break;
	case TRACE_LOSS:
		key_text(s, "kind", loss_key(e->role));
		key_number(s, "lost", e->value);
		break;
	case TRACE_FINDING:
		add_finding(c, (uint32_t)e->value);
		break;
	case TRACE_LEAK_SCAN:
		add_leak_scan(c, (uint32_t)e->value);
		break;
	case TRACE_OP_COUNT:
		break;
	}
}

void event_add_json(struct event_context *c, const struct trace_event *e)
{
	strbuf_addf(&c->line, "{\"time_ns\":%" PRIu64 ",\"op\":\"%s\"", e->time_ns,
		    e->op < TRACE_OP_COUNT ? op_names[e->op] : "?");
	add_who(c, e);
	add_details(c, e);
	strbuf_adds(&c->line, "}\n");
}
