/* read_leak_scan.c - the record of a look for leaks, for entry_tables.c. */
#include <stdlib.h>

#include "trace/entry_tables.h"
#include "util/mem.h"
#include "wire/roles.h"

/* Each group takes at least that many bytes, which bounds the room asked for. */
enum { GROUP_LEAST_BYTES = 23 };

static struct trace_leak_sum read_sum(struct cursor *in)
{
	struct trace_leak_sum sum;
	sum.blocks = cursor_varint(in);
	sum.bytes = cursor_varint(in);
	return sum;
}

static void read_peek(struct trace_leak_group *g, struct cursor *in)
{
	size_t bytes;
	g->peek = (const uint8_t *)cursor_string(in, &bytes);
	if (bytes > TRACE_MAX_PEEK_BYTES)
		cursor_fail(in);
	g->peek_bytes = (uint32_t)bytes;
}

static void read_group(const struct tables *t, uint64_t number, struct trace_leak_group *g,
		       struct cursor *in)
{
	g->kind = (uint8_t)cursor_below(in, UINT8_MAX + 1);
	g->role = (uint8_t)cursor_below(in, ROLE_COUNT);
	g->holder = (uint8_t)cursor_below(in, UINT8_MAX + 1);
	g->flags = (uint8_t)cursor_below(in, UINT8_MAX + 1);
	g->stack = (uint32_t)cursor_below(in, t->node_count);
	g->thread = tables_thread_index(t, in);
	g->allocator = (uint32_t)cursor_below(in, TRACE_MAX_ALLOCATORS);
	g->parent_plus_1 = (uint32_t)cursor_below(in, number + 1);
	g->blocks = cursor_varint(in);
	g->bytes = cursor_varint(in);
	g->indirect_blocks = cursor_varint(in);
	g->indirect_bytes = cursor_varint(in);
	g->least_bytes = cursor_varint(in);
	g->most_bytes = cursor_varint(in);
	g->youngest_ns = cursor_varint(in);
	g->oldest_ns = cursor_varint(in);
	g->sum_ns = cursor_varint(in);
	g->address = cursor_varint(in);
	g->holder_address = cursor_varint(in);
	g->holder_thread = tables_thread_index(t, in);
	g->holder_module_plus_1 = (uint32_t)cursor_below(in, t->module_count + 1);
	read_peek(g, in);
}

static void read_groups(const struct tables *t, struct trace_leak_scan *s, struct cursor *in)
{
	uint64_t count = cursor_below(in, cursor_left(in) / GROUP_LEAST_BYTES + 1);
	if (count > TRACE_MAX_LEAK_GROUPS)
		count = cursor_fail(in);
	struct trace_leak_group *groups = mem_zalloc(count + 1, sizeof(*groups));
	for (uint64_t i = 0; i < count && !in->bad; i++)
		read_group(t, i, &groups[i], in);
	s->groups = groups;
	s->group_count = (uint32_t)count;
}

static void read_head(const struct tables *t, struct trace_leak_scan *s, struct cursor *in)
{
	s->process = tables_process_index(t, in);
	s->thread = tables_thread_index(t, in);
	s->reason = (uint32_t)cursor_below(in, UINT32_MAX);
	s->method = (uint32_t)cursor_below(in, UINT32_MAX);
	s->time_ns = cursor_varint(in);
	s->stopped_ns = cursor_varint(in);
	s->took_ns = cursor_varint(in);
	for (unsigned i = 0; i < TRACE_LEAK_KINDS; i++)
		s->kinds[i] = read_sum(in);
	s->inherited = read_sum(in);
	s->ignored = read_sum(in);
	s->older = read_sum(in);
	s->root_bytes = cursor_varint(in);
	s->unreadable_bytes = cursor_varint(in);
	s->changing_pages = cursor_varint(in);
	s->label = cursor_text(in);
	s->problem = cursor_text(in);
	s->cut_groups = (uint32_t)cursor_below(in, (uint64_t)UINT32_MAX + 1);
	s->cut = read_sum(in);
}

const char *tables_read_leak_scan(struct tables *t, struct cursor *in)
{
	struct trace_leak_scan s = { 0 };
	uint64_t number = cursor_below(in, t->leak_scan_count + 1);
	read_head(t, &s, in);
	read_groups(t, &s, in);
	bool is_wrong = in->bad || number >= FORMAT_MAX_LEAK_SCANS;
	if (is_wrong || number < t->leak_scan_count) {
		free((void *)(uintptr_t)s.groups);
		return is_wrong ? "a leak scan is malformed" : NULL;
	}
	t->leak_scans =
		mem_grow(t->leak_scans, &t->leak_scan_cap, number + 1, sizeof(*t->leak_scans));
	t->leak_scans[t->leak_scan_count++] = s;
	return NULL;
}

void tables_release_leak_scans(struct tables *t)
{
	for (size_t i = 0; i < t->leak_scan_count; i++)
		free((void *)(uintptr_t)t->leak_scans[i].groups);
	free(t->leak_scans);
}
