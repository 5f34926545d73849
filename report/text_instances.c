/* text_instances.c - the allocators of the processes; see text_parts.h. */
#include <string.h>

#include "report/instance_words.h"
#include "report/text_parts.h"
#include "util/path.h"
#include "wire/families.h"

enum { INDENT = 2, STATUS_INDENT = 4 };

static uint32_t flags_in_first_process(const struct trace_instance *in)
{
	return in->user_count && in->users[0].process == 0 ? in->users[0].flags : 0;
}

/* What of the program's allocator is not recorded, if it is not all. */
static void shortcoming(struct sheet *s, const struct trace_instance *in)
{
	size_t count = instance_unrecorded(in);
	if (!(flags_in_first_process(in) & TRACE_USER_RECORDED) && !instance_is_inline(in))
		sheet_text(s, STYLE_WARN, ": its calls are not recorded");
	else if (count)
		sheet_format(s, STYLE_DIM, "; %zu function%s beside malloc's %s not recorded",
			     count, count == 1 ? "" : "s", count == 1 ? "is" : "are");
}

static void add_place(struct strbuf *list, const struct sheet *s, const struct trace_instance *in)
{
	const char *path = trace_reader_module(s->data->reader, in->module)->path;
	if (list->len)
		strbuf_adds(list, ", ");
	instance_title(list, in);
	strbuf_addf(list, " in %s", s->request->long_names ? path : path_name(path));
}

/* Those beside the program's malloc whose own functions are hooked. */
static void also_recorded(struct sheet *s, const struct trace_instance *but)
{
	const struct trace_reader *reader = s->data->reader;
	struct strbuf list = STRBUF_INIT;
	for (uint32_t i = 0; i < trace_reader_instance_count(reader); i++) {
		const struct trace_instance *in = trace_reader_instance(reader, i);
		if (in == but || in->flags & TRACE_INSTANCE_LAYER || !instance_is_inline(in))
			continue;
		add_place(&list, s, in);
		strbuf_addf(&list, " (%s; hooked inline", instance_linkage(in));
		instance_add_unrecorded(&list, in);
		strbuf_addc(&list, ')');
	}
	if (list.len) {
		sheet_text(s, STYLE_PLAIN, "also recorded: ");
		sheet_wrapped(s, list.text);
	}
	strbuf_release(&list);
}

static void also_seen(struct sheet *s, const struct trace_instance *but)
{
	const struct trace_reader *reader = s->data->reader;
	struct strbuf list = STRBUF_INIT;
	for (uint32_t i = 0; i < trace_reader_instance_count(reader); i++) {
		const struct trace_instance *in = trace_reader_instance(reader, i);
		if (in == but || in->flags & TRACE_INSTANCE_LAYER || instance_is_recorded(in))
			continue;
		add_place(&list, s, in);
		if (in->linkage != ALLOCATOR_SHARED)
			strbuf_addf(&list, " (%s)", instance_linkage(in));
		instance_add_why_not(&list, in);
	}
	if (list.len) {
		sheet_text(s, STYLE_PLAIN, "also seen, but not recorded: ");
		sheet_wrapped(s, list.text);
	}
	strbuf_release(&list);
}

/* Modules with C++ operators of their own, which are no allocator, and may have a heap. */
static void own_operators(struct sheet *s)
{
	const struct trace_reader *reader = s->data->reader;
	struct strbuf list = STRBUF_INIT;
	for (uint32_t i = 0; i < trace_reader_instance_count(reader); i++) {
		const struct trace_instance *in = trace_reader_instance(reader, i);
		const char *path = trace_reader_module(reader, in->module)->path;
		if (instance_is_own_operators(in, path))
			strbuf_addf(&list, "%s%s (%s)", list.len ? ", " : "",
				    s->request->long_names ? path : path_name(path),
				    instance_linkage(in));
	}
	if (list.len) {
		sheet_text(s, STYLE_PLAIN, "with C++ operators of their own: ");
		sheet_wrapped(s, list.text);
	}
	strbuf_release(&list);
}

void text_allocator(struct sheet *s)
{
	const struct trace_allocator *heap = trace_reader_allocator(s->data->reader, 0);
	const struct trace_instance *in = instance_serving(s->data->reader, 0);
	if (in) {
		struct strbuf title = STRBUF_INIT;
		instance_title(&title, in);
		sheet_format(s, STYLE_PLAIN, "allocator: %s, %s", title.text,
			     trace_reader_module(s->data->reader, in->module)->path);
		strbuf_release(&title);
	} else if (*heap->name) {
		sheet_format(s, STYLE_PLAIN, "allocator: %s", heap->name);
	} else {
		return;
	}
	size_t pools = s->data->profile->pool_count;
	if (pools)
		sheet_format(s, STYLE_PLAIN, ", and %zu of the program's own", pools);
	if (in)
		shortcoming(s, in);
	sheet_end_line(s);
	also_recorded(s, in);
	also_seen(s, in);
	own_operators(s);
}

static void hooked(struct sheet *s, const struct trace_instance *in, enum function_hooking how,
		   const char *title)
{
	struct strbuf list = STRBUF_INIT;
	for (uint32_t i = 0; i < in->function_count; i++) {
		const struct trace_function *f = &in->functions[i];
		if (function_hooking(in, f) == how)
			strbuf_addf(&list, "%s%s", list.len ? ", " : title, f->name);
	}
	if (list.len) {
		sheet_to_column(s, STATUS_INDENT);
		sheet_wrapped(s, list.text);
	}
	strbuf_release(&list);
}

/* Of an allocator that is hooked. */
static void not_hooked(struct sheet *s, const struct trace_instance *in)
{
	struct strbuf list = STRBUF_INIT;
	for (uint32_t i = 0; i < in->function_count && !(in->flags & TRACE_INSTANCE_LAYER); i++) {
		const struct trace_function *f = &in->functions[i];
		const char *why = function_why_not(f);
		if (!instance_lacks(in, f) || (!why && !instance_is_recorded(in)))
			continue;
		strbuf_addf(&list, "%s%s", list.len ? ", " : "not: ", f->name);
		if (why)
			strbuf_addf(&list, " (%s)", why);
	}
	if (list.len) {
		sheet_to_column(s, STATUS_INDENT);
		sheet_wrapped(s, list.text);
	}
	strbuf_release(&list);
}

void text_instances(struct sheet *s)
{
	const struct trace_reader *reader = s->data->reader;
	if (!trace_reader_instance_count(reader))
		return;
	sheet_heading(s, "Allocators in the modules", "what is recorded of each");
	for (uint32_t i = 0; i < trace_reader_instance_count(reader); i++) {
		const struct trace_instance *in = trace_reader_instance(reader, i);
		struct strbuf text = STRBUF_INIT;
		instance_title(&text, in);
		sheet_to_column(s, INDENT);
		sheet_text(s, STYLE_PLAIN, text.text);
		sheet_format(s, STYLE_DIM, ", %s, ", instance_linkage(in));
		sheet_text(s, STYLE_PLAIN, trace_reader_module(reader, in->module)->path);
		sheet_end_line(s);
		strbuf_clear(&text);
		instance_status(&text, in, trace_reader_module(reader, in->module)->path);
		sheet_to_column(s, STATUS_INDENT);
		sheet_wrapped(s, text.text);
		strbuf_release(&text);
		hooked(s, in, FUNCTION_BY_NAME, "by name: ");
		hooked(s, in, FUNCTION_INLINE, "inline: ");
		not_hooked(s, in);
	}
}
