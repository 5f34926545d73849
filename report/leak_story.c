/* leak_story.c - see leak_story.h. */
#include "report/leak_story.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/demangle.h"
#include "util/path.h"
#include "util/strbuf.h"
#include "wire/roles.h"

static char *call_name(unsigned role)
{
	struct strbuf name = STRBUF_INIT;
	if (!demangle(role_symbol(role), &name))
		strbuf_adds(&name, role_symbol(role));
	return name.text;
}

void leak_story_read(struct leak_story *s, struct trace_names *names, const struct leak_places *p,
		     const struct leak_place *place)
{
	const struct trace_reader *reader = names->reader;
	const struct trace_leak_group *g = leak_place_example(p, place);
	const struct trace_leak_scan *scan = trace_reader_leak_scan(reader, place->scan);
	const struct trace_process *process = trace_reader_process(reader, scan->process);
	*s = (struct leak_story){
		.place = place,
		.example = g,
		.scan = scan,
		.process = scan->process,
		.pid = process->pid,
		.exe = process->exe,
		.tid = story_tid(reader, g->thread),
		.thread_name = trace_reader_thread(reader, g->thread)->name,
		.allocator = story_allocator_name(reader, g->allocator, scan->process),
		.call = call_name(g->role),
	};
	story_stack_read(&s->stack, names, g->stack);
	s->fingerprint = story_fingerprint("leak", &s->stack);
}

void leak_story_release(struct leak_story *s)
{
	free(s->stack.frames);
	free(s->allocator);
	free(s->call);
	*s = (struct leak_story){ 0 };
}

/* ---- what holds it ---- */

static void add_thread(struct strbuf *out, const struct trace_reader *reader, uint32_t thread)
{
	const struct trace_thread *t = trace_reader_thread(reader, thread);
	if (thread == TRACE_NO_THREAD) {
		strbuf_adds(out, "a thread");
		return;
	}
	strbuf_addf(out, "thread %" PRIu32, t->tid);
	if (*t->name)
		strbuf_addf(out, " (%s)", t->name);
}

static void add_variable(struct strbuf *out, const struct leak_story *s, struct trace_names *names)
{
	const struct trace_leak_group *g = s->example;
	struct strbuf name = STRBUF_INIT;
	if (!g->holder_module_plus_1) {
		strbuf_addf(out, "0x%" PRIx64, g->holder_address);
		return;
	}
	uint32_t module = g->holder_module_plus_1 - 1;
	strbuf_addf(out, "%s+0x%" PRIx64,
		    path_name(trace_reader_module(names->reader, module)->path), g->holder_address);
	if (trace_names_add_variable(&name, names, module, g->holder_address))
		strbuf_addf(out, " (%s)", name.text);
	strbuf_release(&name);
}

/* A block of another group: of which code. */
static void add_holding_block(struct strbuf *out, const struct leak_story *s,
			      struct trace_names *names)
{
	const struct trace_leak_group *g = s->example;
	strbuf_adds(out, "held by another block");
	if (g->holder_address)
		strbuf_addf(out, ", at 0x%" PRIx64, g->holder_address);
	if (!g->parent_plus_1 || g->parent_plus_1 > s->scan->group_count)
		return;
	struct story_stack stack = { 0 };
	story_stack_read(&stack, names, s->scan->groups[g->parent_plus_1 - 1].stack);
	const struct story_frame *frame = story_stack_place(&stack);
	if (frame) {
		strbuf_adds(out, ", made by ");
		if (frame->function)
			strbuf_adds(out, frame->function);
		else
			strbuf_addf(out, "%s+0x%" PRIx64, story_module_name(frame), frame->offset);
	}
	free(stack.frames);
}

void leak_story_add_holder(struct strbuf *out, const struct leak_story *s,
			   struct trace_names *names)
{
	const struct trace_leak_group *g = s->example;
	switch (g->holder) {
	case HOLDER_REGISTER:
		strbuf_adds(out, "held by a register of ");
		add_thread(out, names->reader, g->holder_thread);
		break;
	case HOLDER_STACK:
		strbuf_adds(out, "held on the stack of ");
		add_thread(out, names->reader, g->holder_thread);
		break;
	case HOLDER_TLS:
		strbuf_adds(out, "held by thread-local memory of ");
		add_thread(out, names->reader, g->holder_thread);
		break;
	case HOLDER_MODULE:
		strbuf_adds(out, "held by a global variable at ");
		add_variable(out, s, names);
		break;
	case HOLDER_MAPPING:
		strbuf_addf(out, "held by mapped memory, at 0x%" PRIx64, g->holder_address);
		break;
	case HOLDER_ROOT:
		strbuf_addf(out, "held by memory that the program has named a root, at 0x%" PRIx64,
			    g->holder_address);
		break;
	case HOLDER_BLOCK:
		add_holding_block(out, s, names);
		break;
	default:
		break;
	}
}
