/* text_info.c - the text output of `info`: what a trace holds. */
#include <inttypes.h>
#include <string.h>

#include "analysis/allocator_name.h"
#include "report/humane.h"
#include "report/text_parts.h"
#include "util/path.h"

enum { LABEL = 2, VALUE = 17 };

static void label(struct sheet *s, const char *name)
{
	sheet_to_column(s, LABEL);
	sheet_text(s, STYLE_DIM, name);
	sheet_to_column(s, VALUE);
}

static void pair(struct sheet *s, const char *name, const char *value)
{
	if (!value || !*value)
		return;
	label(s, name);
	sheet_text(s, STYLE_PLAIN, value);
	sheet_end_line(s);
}

static void fact(struct sheet *s, const char *name, const char *key)
{
	pair(s, name, trace_reader_fact(s->data->reader, key));
}

static void session(struct sheet *s)
{
	const struct trace_process *first = trace_reader_process(s->data->reader, 0);
	struct strbuf command = STRBUF_INIT;
	char buf[HUMANE_BYTES];
	text_command(&command, first->command, first->command_bytes);
	sheet_text(s, STYLE_BOLD, "Session");
	sheet_end_line(s);
	pair(s, "command", command.text);
	pair(s, "program", first->exe);
	fact(s, "directory", "cwd");
	fact(s, "started", "started");
	pair(s, "duration", humane_time(buf, s->data->profile->end_ns));
	const char *ended = trace_reader_fact(s->data->reader, "ended");
	pair(s, "recording end", ended && strcmp(ended, "exit") == 0 ? "with the program" : ended);
	fact(s, "host", "host");
	fact(s, "kernel", "kernel");
	fact(s, "recorded by", "tool");
	fact(s, "options", "options");
	fact(s, "not found", "families_not_found");
	strbuf_release(&command);
}

static void file(struct sheet *s)
{
	const struct trace_reader *reader = s->data->reader;
	const struct profile *p = s->data->profile;
	char a[HUMANE_BYTES], b[HUMANE_BYTES];
	sheet_heading(s, "File", NULL);
	pair(s, "path", s->data->path);
	label(s, "size");
	sheet_format(s, STYLE_PLAIN, "%s, format version %u",
		     humane_bytes(a, trace_reader_file_bytes(reader)),
		     trace_reader_version(reader));
	sheet_end_line(s);
	label(s, "events");
	sheet_format(s, STYLE_PLAIN, "%s", humane_count(a, p->events));
	if (p->events)
		sheet_format(s, STYLE_PLAIN, ", %.2f bytes each",
			     (double)trace_reader_file_bytes(reader) / (double)p->events);
	sheet_end_line(s);
	label(s, "stacks");
	sheet_format(s, STYLE_PLAIN, "%s, of ", humane_count(a, p->stack_count));
	sheet_format(s, STYLE_PLAIN, "%s frames", humane_count(b, trace_reader_node_count(reader)));
	sheet_end_line(s);
	label(s, "wrong frees");
	text_findings_count(s);
	sheet_end_line(s);
	if (trace_reader_crash_count(reader)) {
		label(s, "crashes");
		sheet_format(s, STYLE_PLAIN, "%s, explained by alloctrace errors",
			     humane_count(a, trace_reader_crash_count(reader)));
		sheet_end_line(s);
	}
	const char *damage = trace_reader_damage(reader);
	label(s, "condition");
	sheet_text(s, damage ? STYLE_WARN : STYLE_PLAIN, damage ? damage : "complete");
	sheet_end_line(s);
}

/* "glibc 2.36, /lib/libc.so.6" */
static void add_allocator(struct sheet *s, uint32_t allocator)
{
	const struct trace_reader *reader = s->data->reader;
	const struct trace_instance *serving = allocator ? NULL : instance_serving(reader, 0);
	const char *path = allocator ? ""
			   : serving ? trace_reader_module(reader, serving->module)->path
				     : trace_reader_allocator(reader, 0)->name;
	struct strbuf name = STRBUF_INIT;
	allocator_add_name(&name, reader, allocator, TRACE_NO_PROCESS);
	if (*path && strcmp(name.text, path_name(path)) == 0)
		sheet_text(s, STYLE_PLAIN, path);
	else if (*path)
		sheet_format(s, STYLE_PLAIN, "%s, %s", name.text, path);
	else
		sheet_text(s, STYLE_PLAIN, name.text);
	strbuf_release(&name);
}

static void allocators(struct sheet *s)
{
	const struct trace_reader *reader = s->data->reader;
	char number[HUMANE_BYTES];
	sheet_heading(s, "Allocators", NULL);
	for (uint32_t i = 0; i < trace_reader_allocator_count(reader); i++) {
		const struct trace_allocator *a = trace_reader_allocator(reader, i);
		if (i && !*a->name)
			continue; /* a number that nobody has */
		if (i)
			snprintf(number, sizeof(number), "%s %" PRIu32,
				 a->kind == TRACE_ALLOCATOR_INSTANCE ? "instance" : "pool", i);
		else
			snprintf(number, sizeof(number), "heap");
		label(s, number);
		add_allocator(s, i);
		sheet_end_line(s);
	}
}

static void threads(struct sheet *s)
{
	const struct profile *p = s->data->profile;
	uint64_t top = s->request->top && s->request->top < p->thread_count ? s->request->top
									    : p->thread_count;
	char a[HUMANE_BYTES];
	sheet_heading(s, "Threads", NULL);
	static const struct sheet_title titles[] = {
		{ 12, "tid" }, { 24, "pid" }, { 40, "allocations" }, { 54, "frees" }, { 0, NULL }
	};
	sheet_titles(s, titles, 56, "name");
	for (size_t i = 0; i < top; i++) {
		const struct profile_thread *t = &p->threads[i];
		const struct trace_thread *thread = trace_reader_thread(s->data->reader, t->thread);
		snprintf(a, sizeof(a), "%" PRIu32, thread->tid);
		sheet_right(s, STYLE_PLAIN, 12, a);
		snprintf(a, sizeof(a), "%" PRIu32,
			 trace_reader_process(s->data->reader, t->process)->pid);
		sheet_right(s, STYLE_PLAIN, 24, a);
		sheet_right(s, STYLE_PLAIN, 40, humane_count(a, t->metrics.allocs));
		sheet_right(s, STYLE_PLAIN, 54, humane_count(a, t->frees));
		sheet_to_column(s, 56);
		sheet_text(s, STYLE_PLAIN, thread->name);
		sheet_end_line(s);
	}
	if (top < p->thread_count) {
		sheet_format(s, STYLE_DIM, "            ... %s more",
			     humane_count(a, p->thread_count - top));
		sheet_end_line(s);
	}
}

static void modules(struct sheet *s)
{
	const struct trace_reader *reader = s->data->reader;
	sheet_heading(s, "Modules", "build-id and path");
	for (uint32_t i = 0; i < trace_reader_module_count(reader); i++)
		text_module(s, trace_reader_module(reader, i));
}

void text_info(const struct trace_data *d, const struct report_request *request, FILE *to)
{
	struct sheet s;
	sheet_init(&s, d, request, to);
	session(&s);
	file(&s);
	allocators(&s);
	text_instances(&s);
	text_process_tree(&s);
	threads(&s);
	modules(&s);
	text_warnings(&s);
	sheet_release(&s);
}
