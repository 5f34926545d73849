/* write_leak_scan.c - the writer's record of a look for leaks. */
#include "trace/writer_state.h"
#include "wire/roles.h"

static void put_sum(struct bytes *body, struct trace_leak_sum sum)
{
	bytes_add_varint(body, sum.blocks);
	bytes_add_varint(body, sum.bytes);
}

static void put_head(struct trace_writer *w, struct bytes *body, const struct trace_leak_scan *s)
{
	bytes_add_varint(body, (uint32_t)(writer_checked_process(w, s->process) + 1));
	writer_put_thread_index(w, body, s->thread);
	bytes_add_varint(body, s->reason);
	bytes_add_varint(body, s->method);
	bytes_add_varint(body, s->time_ns);
	bytes_add_varint(body, s->stopped_ns);
	bytes_add_varint(body, s->took_ns);
	for (unsigned i = 0; i < TRACE_LEAK_KINDS; i++)
		put_sum(body, s->kinds[i]);
	put_sum(body, s->inherited);
	put_sum(body, s->ignored);
	put_sum(body, s->older);
	bytes_add_varint(body, s->root_bytes);
	bytes_add_varint(body, s->unreadable_bytes);
	bytes_add_varint(body, s->changing_pages);
	bytes_add_text(body, s->label);
	bytes_add_text(body, s->problem);
}

/* Mends what the reader would refuse; each counts once. */
static struct trace_leak_group checked_group(struct trace_writer *w, uint32_t number,
					     const struct trace_leak_group *group)
{
	struct trace_leak_group g = *group;
	uint64_t repairs = (g.role >= ROLE_COUNT) + (g.allocator >= TRACE_MAX_ALLOCATORS) +
			   (g.parent_plus_1 > number) + (g.peek_bytes > TRACE_MAX_PEEK_BYTES);
	if (AT_LIKELY(!repairs))
		return g;
	w->repairs += repairs;
	if (g.role >= ROLE_COUNT)
		g.role = ROLE_MALLOC;
	if (g.allocator >= TRACE_MAX_ALLOCATORS)
		g.allocator = 0;
	if (g.parent_plus_1 > number)
		g.parent_plus_1 = 0;
	if (g.peek_bytes > TRACE_MAX_PEEK_BYTES)
		g.peek_bytes = TRACE_MAX_PEEK_BYTES;
	return g;
}

static void put_group(struct trace_writer *w, struct bytes *body, uint32_t number,
		      const struct trace_leak_group *group)
{
	struct trace_leak_group g = checked_group(w, number, group);
	bytes_add_varint(body, g.kind);
	bytes_add_varint(body, g.role);
	bytes_add_varint(body, g.holder);
	bytes_add_varint(body, g.flags);
	writer_put_node_index(w, body, g.stack);
	writer_put_thread_index(w, body, g.thread);
	bytes_add_varint(body, g.allocator);
	bytes_add_varint(body, g.parent_plus_1);
	bytes_add_varint(body, g.blocks);
	bytes_add_varint(body, g.bytes);
	bytes_add_varint(body, g.indirect_blocks);
	bytes_add_varint(body, g.indirect_bytes);
	bytes_add_varint(body, g.least_bytes);
	bytes_add_varint(body, g.most_bytes);
	bytes_add_varint(body, g.youngest_ns);
	bytes_add_varint(body, g.oldest_ns);
	bytes_add_varint(body, g.sum_ns);
	bytes_add_varint(body, g.address);
	bytes_add_varint(body, g.holder_address);
	writer_put_thread_index(w, body, g.holder_thread);
	bytes_add_varint(body, writer_checked_module_plus_1(w, g.holder_module_plus_1));
	bytes_add_string(body, (const char *)g.peek, g.peek_bytes);
}

static void put_groups(struct trace_writer *w, struct bytes *body, const struct trace_leak_scan *s)
{
	uint32_t count =
		s->group_count < TRACE_MAX_LEAK_GROUPS ? s->group_count : TRACE_MAX_LEAK_GROUPS;
	struct trace_leak_sum cut = s->cut;
	for (uint32_t i = count; i < s->group_count; i++) {
		cut.blocks += s->groups[i].blocks;
		cut.bytes += s->groups[i].bytes;
	}
	bytes_add_varint(body, s->cut_groups + (s->group_count - count));
	put_sum(body, cut);
	bytes_add_varint(body, count);
	for (uint32_t i = 0; i < count; i++)
		put_group(w, body, i, &s->groups[i]);
}

void trace_writer_leak_scan(struct trace_writer *w, uint32_t number,
			    const struct trace_leak_scan *scan)
{
	if (number != w->leak_scan_count || number >= FORMAT_MAX_LEAK_SCANS) {
		w->repairs++;
		return;
	}
	struct bytes body = { 0 };
	w->leak_scan_count++;
	bytes_add_varint(&body, number);
	put_head(w, &body, scan);
	put_groups(w, &body, scan);
	writer_end_late_record(w, RECORD_LEAK_SCAN, &body);
	bytes_release(&body);
}
