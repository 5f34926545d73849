/* allocator_name.c - see allocator_name.h. */
#include "analysis/allocator_name.h"

#include <stdbool.h>
#include <string.h>

#include "util/path.h"

void instance_title(struct strbuf *out, const struct trace_instance *in)
{
	bool is_known = strcmp(in->family, "unknown") != 0;
	strbuf_adds(out, is_known ? in->family : "allocator of an unknown kind");
	if (*in->version)
		strbuf_addf(out, " %s", in->version);
	if (*in->prefix)
		strbuf_addf(out, " (%s)", in->prefix);
}

/* C++ operators may be another entry of the same module. */
static bool has_malloc(const struct trace_instance *in)
{
	for (uint32_t i = 0; i < in->function_count; i++)
		if (strcmp(in->functions[i].name, "malloc") == 0)
			return true;
	return false;
}

static bool serves(const struct trace_instance *in, uint32_t process)
{
	for (uint32_t i = 0; i < in->user_count; i++)
		if (in->users[i].flags & TRACE_USER_SERVED &&
		    (process == TRACE_NO_PROCESS || in->users[i].process == process))
			return has_malloc(in);
	return false;
}

const struct trace_instance *instance_serving(const struct trace_reader *reader, uint32_t process)
{
	for (uint32_t i = 0; i < trace_reader_instance_count(reader); i++) {
		const struct trace_instance *in = trace_reader_instance(reader, i);
		if (serves(in, process))
			return in;
	}
	return NULL;
}

/* Behind the first one's, those of other processes that are called otherwise. */
static void add_others(struct strbuf *out, const struct trace_reader *reader, size_t begin)
{
	struct strbuf title = STRBUF_INIT;
	for (uint32_t i = 0; i < trace_reader_instance_count(reader); i++) {
		const struct trace_instance *in = trace_reader_instance(reader, i);
		if (!serves(in, TRACE_NO_PROCESS))
			continue;
		strbuf_clear(&title);
		instance_title(&title, in);
		if (!strstr(out->text + begin, title.text))
			strbuf_addf(out, ", %s", title.text);
	}
	strbuf_release(&title);
}

static void add_heap(struct strbuf *out, const struct trace_reader *reader, uint32_t process)
{
	const size_t begin = out->len;
	bool all = process == TRACE_NO_PROCESS;
	const struct trace_instance *in = instance_serving(reader, all ? 0 : process);
	const char *path = trace_reader_allocator(reader, 0)->name;
	if (in)
		instance_title(out, in);
	else
		strbuf_adds(out, *path ? path_name(path) : "heap");
	if (all)
		add_others(out, reader, begin);
}

void allocator_add_name(struct strbuf *out, const struct trace_reader *reader, uint32_t allocator,
			uint32_t process)
{
	if (allocator)
		strbuf_adds(out, trace_reader_allocator(reader, allocator)->name);
	else
		add_heap(out, reader, process);
}
