/* event_dump.c - see event_dump.h. The lines themselves are made in event_text.c and
 * event_json.c. */
#include "report/event_dump.h"

#include <stdlib.h>

#include "report/event_line.h"
#include "report/trace_names.h"
#include "util/mem.h"

enum { BATCH = 512 };

static void follow_slot(struct event_context *c, const struct trace_event *e)
{
	if (e->op != TRACE_THREAD_START || e->slot >= TRACE_MAX_SLOTS)
		return;
	c->slots = mem_grow(c->slots, &c->slot_cap, (size_t)e->slot + 1, sizeof(*c->slots));
	for (; c->slot_count <= e->slot; c->slot_count++)
		c->slots[c->slot_count] = (struct event_slot){ UINT32_MAX, TRACE_NO_PROCESS };
	c->slots[e->slot] = (struct event_slot){ e->thread, e->process };
}

struct event_slot event_slot_of(const struct event_context *c, const struct trace_event *e)
{
	switch ((enum trace_op)e->op) {
	case TRACE_PROCESS_START:
	case TRACE_PROCESS_END:
	case TRACE_MODULE:
	case TRACE_LOSS:
	case TRACE_LEAK_SCAN:
		return (struct event_slot){ UINT32_MAX, e->process };
	default:
		if (e->slot < c->slot_count)
			return c->slots[e->slot];
		return (struct event_slot){ UINT32_MAX, TRACE_NO_PROCESS };
	}
}

static bool has_stack(const struct trace_event *e)
{
	return e->op == TRACE_ALLOC || e->op == TRACE_FREE || e->op == TRACE_FREE_INHERITED ||
	       e->op == TRACE_MAP;
}

/* Events that have nothing of what a filter asks for do not pass it. */
static bool passes(const struct event_context *c, const struct replay_filter *f,
		   const struct trace_event *e)
{
	struct event_slot who = event_slot_of(c, e);
	if (e->time_ns < f->from_ns)
		return false;
	if (f->stack && (!has_stack(e) || !f->stack(f->ctx, e->stack)))
		return false;
	if (f->thread && (who.thread == UINT32_MAX || !f->thread(f->ctx, who.thread)))
		return false;
	if (f->process && (who.process == TRACE_NO_PROCESS || !f->process(f->ctx, who.process)))
		return false;
	if (!f->one_allocator)
		return true;
	return e->op == TRACE_ALLOC &&
	       (e->allocator == f->allocator ||
		(e->allocator && f->use(f->ctx, e->allocator) == REPLAY_JOINED));
}

static int dump_events(struct event_context *c, const struct replay_filter *f, FILE *to,
		       struct err *err)
{
	struct trace_event batch[BATCH];
	uint64_t printed = 0;
	long count;
	void (*add)(struct event_context *, const struct trace_event *) =
		c->request->json ? event_add_json : event_add_text;
	while ((count = trace_reader_next(c->names->reader, batch, BATCH, err)) > 0) {
		for (long i = 0; i < count; i++) {
			const struct trace_event *e = &batch[i];
			follow_slot(c, e);
			if (f->to_ns && e->time_ns >= f->to_ns)
				return 0;
			if (!passes(c, f, e))
				continue;
			strbuf_clear(&c->line);
			add(c, e);
			fwrite(c->line.text, 1, c->line.len, to);
			if (c->request->limit && ++printed == c->request->limit)
				return 0;
		}
		if (ferror(to))
			return 0;
	}
	return count < 0 ? -1 : 0;
}

int event_dump(const char *path, const struct dump_request *request, FILE *to, char **damage,
	       struct err *err)
{
	struct event_context c = { .request = request };
	struct replay_filter f;
	int result = -1;
	*damage = NULL;
	strbuf_init(&c.line);
	for (unsigned i = 0; i < ROLE_COUNT; i++)
		strbuf_init(&c.calls[i]);
	c.names = trace_names_open(path, err);
	if (!c.names)
		return -1;
	c.stacks = callstacks_new(c.names->frames, NULL, 0);
	if (filter_prepare(request->filter, c.names->frames, &f, err) == 0)
		result = dump_events(&c, &f, to, err);
	if (trace_reader_damage(c.names->reader))
		*damage = mem_strdup(trace_reader_damage(c.names->reader));
	callstacks_free(c.stacks);
	trace_names_close(c.names);
	strbuf_release(&c.line);
	for (unsigned i = 0; i < ROLE_COUNT; i++)
		strbuf_release(&c.calls[i]);
	free(c.slots);
	return result;
}
