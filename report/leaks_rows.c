/* leaks_rows.c - leaks as a table, and as a tree; see leaks_report.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "analysis/allocator_name.h"
#include "report/humane.h"
#include "report/leak_story.h"
#include "report/leaks_report.h"
#include "report/leaks_words.h"
#include "util/path.h"
#include "wire/session.h"

/* ---- rows ---- */

static void add_function(struct strbuf *out, const struct leaks_report *r, uint32_t function)
{
	if (function == UINT32_MAX) {
		strbuf_adds(out, "[no stack]");
		return;
	}
	const struct frame_function *f = frames_function(r->names->frames, function);
	const struct trace_module *m = trace_reader_module(r->names->reader, f->module);
	if (f->name)
		strbuf_adds(out, f->name);
	else
		strbuf_addf(out, "%s+0x%" PRIx64,
			    *m->path ? path_name(m->path) : "[anonymous code]", f->offset);
}

static void add_thread(struct strbuf *out, const struct leaks_report *r, uint32_t thread)
{
	const struct trace_thread *t = trace_reader_thread(r->names->reader, thread);
	if (thread == TRACE_NO_THREAD) {
		strbuf_adds(out, "[unknown thread]");
		return;
	}
	strbuf_addf(out, "%" PRIu32, t->tid);
	if (*t->name)
		strbuf_addf(out, " %s", t->name);
	strbuf_addf(out, " of pid %" PRIu32,
		    trace_reader_process(r->names->reader, t->process)->pid);
}

void leaks_add_key(struct strbuf *out, const struct leaks_report *r, uint32_t key)
{
	const struct trace_reader *reader = r->names->reader;
	switch (r->request->by) {
	case LEAKS_BY_FUNCTION:
		add_function(out, r, key);
		break;
	case LEAKS_BY_MODULE:
		strbuf_adds(out, *trace_reader_module(reader, key)->path
					 ? trace_reader_module(reader, key)->path
					 : "[anonymous code]");
		break;
	case LEAKS_BY_ALLOCATOR:
		allocator_add_name(out, reader, key, TRACE_NO_PROCESS);
		break;
	case LEAKS_BY_THREAD:
		add_thread(out, r, key);
		break;
	case LEAKS_BY_PROCESS:
		strbuf_addf(out, "%" PRIu32 " %s", trace_reader_process(reader, key)->pid,
			    path_name(trace_reader_process(reader, key)->exe));
		break;
	case LEAKS_BY_STACK:
	case LEAKS_BY_COUNT:
		break;
	}
}

static const char *const by_words[LEAKS_BY_COUNT] = { "stack",	   "function", "module",
						      "allocator", "thread",   "process" };

enum { CELL_COLUMNS = 22 };

static void add_cell(struct strbuf *out, struct trace_leak_sum sum)
{
	char a[HUMANE_BYTES], b[HUMANE_BYTES], cell[2 * HUMANE_BYTES] = "-";
	if (sum.blocks)
		snprintf(cell, sizeof(cell), "%s in %s", humane_bytes(a, sum.bytes),
			 humane_count(b, sum.blocks));
	strbuf_addf(out, "%*s", CELL_COLUMNS, cell);
}

void leaks_print_rows(struct leaks_report *r, FILE *to)
{
	size_t count, shown;
	struct leak_row *rows = leaks_report_rows(r, &count);
	struct strbuf out = STRBUF_INIT, name = STRBUF_INIT;
	strbuf_addc(&out, '\n');
	for (unsigned kind = 0; kind < LEAK_KINDS; kind++)
		if (r->request->kinds >> kind & 1)
			strbuf_addf(&out, "%*s", CELL_COLUMNS, leak_kind_words(kind));
	strbuf_addf(&out, "  %s\n", by_words[r->request->by]);
	shown = leaks_report_shown(r, count);
	for (size_t i = 0; i < shown; i++) {
		for (unsigned kind = 0; kind < LEAK_KINDS; kind++)
			if (r->request->kinds >> kind & 1)
				add_cell(&out, rows[i].kinds[kind]);
		strbuf_clear(&name);
		leaks_add_key(&name, r, rows[i].key);
		strbuf_adds(&out, "  ");
		strbuf_add_escaped(&out, name.text);
		strbuf_addc(&out, '\n');
	}
	if (shown < count)
		strbuf_addf(&out, "... %zu more\n", count - shown);
	fwrite(out.text, 1, out.len, to);
	strbuf_release(&out);
	strbuf_release(&name);
	free(rows);
}

/* ---- the tree ---- */

enum { TREE_INDENT = 4, TREE_STEP = 2, TREE_LEVELS = 32 };

static void add_child(struct strbuf *out, const struct leaks_report *r,
		      const struct leak_place *place, unsigned level)
{
	struct leak_story s;
	struct strbuf line = STRBUF_INIT;
	leak_story_read(&s, r->names, &r->places, place);
	leaks_add_amount(&line, place->bytes, place->blocks);
	if (place->indirect_blocks) {
		strbuf_adds(&line, ", and ");
		leaks_add_amount(&line, place->indirect_bytes, place->indirect_blocks);
		strbuf_adds(&line, " below");
	}
	strbuf_adds(&line, ": ");
	const struct story_frame *frame = story_stack_place(&s.stack);
	if (frame)
		story_add_frame_name(&line, frame);
	else
		strbuf_adds(&line, "[no stack]");
	strbuf_addf(out, "%*s", (int)(TREE_INDENT + level * TREE_STEP), "");
	strbuf_add_escaped(out, line.text);
	strbuf_addc(out, '\n');
	strbuf_release(&line);
	leak_story_release(&s);
}

static void add_level(struct strbuf *out, const struct leaks_report *r, uint32_t child_plus_1,
		      unsigned level)
{
	for (; child_plus_1; child_plus_1 = r->places.places[child_plus_1 - 1].next_plus_1) {
		const struct leak_place *child = &r->places.places[child_plus_1 - 1];
		add_child(out, r, child, level);
		if (level < TREE_LEVELS)
			add_level(out, r, child->first_child_plus_1, level + 1);
		else if (child->first_child_plus_1)
			strbuf_addf(out, "%*s...\n", (int)(TREE_INDENT + level * TREE_STEP), "");
	}
}

void leaks_add_children(struct strbuf *out, const struct leaks_report *r,
			const struct leak_place *place)
{
	if (!place->first_child_plus_1)
		return;
	strbuf_addf(out, "%*spoints to:\n", TREE_INDENT, "");
	add_level(out, r, place->first_child_plus_1, 1);
}

void leaks_read_step(struct story_stack *stack, const struct leaks_report *r, uint32_t step)
{
	const struct callstacks *c = r->stacks;
	for (; step >= STEP_FIRST; step = c->steps[step].parent) {
		const struct trace_module *m =
			trace_reader_module(r->names->reader, c->steps[step].module);
		size_t count;
		const struct frame *frames = frames_of_list(c->frames, c->steps[step].list, &count);
		for (size_t i = 0; i < count; i++) {
			struct story_frame frame = {
				.function = frames_function(c->frames, frames[i].function)->name,
				.file = frames[i].file,
				.module = m->path,
				.build_id = m->build_id,
				.build_id_bytes = m->build_id_bytes,
				.line = frames[i].line,
				.offset = c->steps[step].offset,
				.inlined = frames[i].inlined,
			};
			story_stack_add(stack, &frame);
		}
	}
	stack->outside = step;
}
