/* stream.c - see stream.h. */
#include "tests/trace/stream.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "tests/trace/check.h"
#include "util/mem.h"
#include "wire/events.h"
#include "wire/findings.h"
#include "wire/roles.h"
#include "wire/scans.h"
#include "wire/session.h"

enum { MAX_LIVE = 4096, MAX_STREAM_SLOTS = 64, READ_BATCH = 1000 };

struct live_block {
	uint32_t slot;
	uint64_t counter;
};

struct generator {
	const struct stream_shape *shape;
	struct stream *s;
	struct trace_writer *w;
	struct rng rng;
	uint64_t time_ns;
	uint64_t counter[MAX_STREAM_SLOTS];
	uint32_t program[MAX_STREAM_SLOTS]; /* where each slot stands in its round of stacks */
	struct live_block live[MAX_LIVE];
	size_t live_count;
};

static struct trace_event *add_event(struct generator *g, unsigned op)
{
	struct stream *s = g->s;
	s->events = mem_grow(s->events, &s->cap, s->count + 1, sizeof(*s->events));
	struct trace_event *e = &s->events[s->count++];
	memset(e, 0, sizeof(*e));
	e->op = (uint8_t)op;
	e->time_ns = g->time_ns / 1000 * 1000;
	return e;
}

static void add_node(struct generator *g)
{
	struct stream *s = g->s;
	struct trace_node n;
	n.parent = (uint32_t)rng_below(&g->rng, NODE_FIRST + s->node_count);
	n.module =
		rng_below(&g->rng, 20) ? (uint32_t)rng_below(&g->rng, s->modules) : TRACE_NO_MODULE;
	n.offset = rng_next(&g->rng) >> rng_below(&g->rng, 64);
	s->nodes = mem_grow(s->nodes, &s->node_cap, s->node_count + 1, sizeof(*s->nodes));
	s->nodes[s->node_count++] = n;
	trace_writer_node(g->w, &n);
}

static uint32_t any_node(struct generator *g)
{
	return (uint32_t)rng_below(&g->rng, NODE_FIRST + g->s->node_count);
}

static bool by_chance(struct generator *g, unsigned percent)
{
	return rng_below(&g->rng, 100) < percent;
}

static uint64_t any_value(struct generator *g)
{
	return rng_next(&g->rng) >> rng_below(&g->rng, 64);
}

static void do_alloc(struct generator *g, uint32_t slot)
{
	static const unsigned roles[] = { ROLE_MALLOC, ROLE_NEW, ROLE_CALLOC };
	struct trace_event *e = add_event(g, TRACE_ALLOC);
	uint32_t step = g->program[slot]++ % g->shape->stacks;
	if (by_chance(g, g->shape->random_percent))
		step = (uint32_t)rng_below(&g->rng, g->shape->stacks);
	e->slot = slot;
	e->stack = NODE_FIRST + step % (uint32_t)g->s->node_count;
	e->size = 16 + step * 24;
	e->role = (uint8_t)roles[step % 3];
	if (by_chance(g, g->shape->random_percent))
		e->size = rng_below(&g->rng, 1000);
	if (g->shape->extreme && by_chance(g, 20)) {
		e->stack = any_node(g);
		e->size = any_value(g);
		e->role = (uint8_t)rng_below(&g->rng, ROLE_COUNT);
		e->flags = (uint8_t)rng_below(&g->rng, 64);
		e->allocator = (uint32_t)rng_below(&g->rng, TRACE_MAX_ALLOCATORS);
	}
	e->counter = g->counter[slot]++;
	struct live_block b = { slot, e->counter };
	if (g->live_count < MAX_LIVE)
		g->live[g->live_count++] = b;
	else
		g->live[rng_below(&g->rng, MAX_LIVE)] = b;
	trace_writer_alloc(g->w, e->slot, e->role, e->flags, e->stack, e->size, e->allocator);
}

static void do_free(struct generator *g, uint32_t slot)
{
	struct trace_event *e = add_event(g, TRACE_FREE);
	size_t i = g->live_count - 1;
	if (by_chance(g, g->shape->random_percent))
		i = rng_below(&g->rng, g->live_count);
	struct live_block b = g->live[i];
	e->slot = slot;
	e->role = ROLE_FREE;
	e->stack = NODE_FIRST + (uint32_t)(b.counter % 7 % g->s->node_count);
	e->block_slot = b.slot;
	e->counter = b.counter;
	if (g->shape->extreme && by_chance(g, 20)) {
		e->op = by_chance(g, 50) ? TRACE_FREE : TRACE_FREE_INHERITED;
		e->stack = any_node(g);
		e->role = (uint8_t)rng_below(&g->rng, ROLE_COUNT);
		e->flags = (uint8_t)rng_below(&g->rng, 64);
		e->block_slot = (uint32_t)rng_below(&g->rng, TRACE_MAX_SLOTS);
		e->counter = any_value(g);
	} else {
		g->live[i] = g->live[--g->live_count];
	}
	trace_writer_free(g->w, e->slot, e->role, e->flags, e->stack, e->block_slot, e->counter,
			  e->op == TRACE_FREE_INHERITED);
}

static char *any_text(struct generator *g)
{
	size_t len = rng_below(&g->rng, g->shape->extreme ? 4096 : 20);
	char *text = mem_alloc(len + 1);
	for (size_t i = 0; i < len; i++)
		text[i] = (char)(1 + rng_below(&g->rng, 255));
	text[len] = '\0';
	return text;
}

static uint32_t any_thread(struct generator *g)
{
	return (uint32_t)rng_below(&g->rng, g->s->threads + 1) - 1;
}

/* A new one, or one that is known, of which more is told. */
static uint32_t put_finding(struct generator *g)
{
	struct stream *s = g->s;
	uint32_t number = (uint32_t)rng_below(&g->rng, s->finding_count + 1);
	s->findings = mem_grow(s->findings, &s->finding_cap, number + 1u, sizeof(*s->findings));
	if (number == s->finding_count)
		s->finding_count++;
	struct trace_finding *f = &s->findings[number];
	memset(f, 0, sizeof(*f));
	f->class = (uint8_t)rng_below(&g->rng, FINDING_CLASSES);
	f->outcome = (uint8_t)rng_below(&g->rng, 256);
	f->flags = FINDING_HAS_BLOCK;
	f->role = (uint8_t)rng_below(&g->rng, ROLE_COUNT);
	f->made_role = (uint8_t)rng_below(&g->rng, ROLE_COUNT);
	f->process = (uint32_t)rng_below(&g->rng, s->processes + 1) - 1;
	f->thread = any_thread(g);
	f->made_thread = any_thread(g);
	f->first_thread = any_thread(g);
	f->allocator = (uint32_t)rng_below(&g->rng, TRACE_MAX_ALLOCATORS);
	f->stack = any_node(g);
	f->made_stack = any_node(g);
	f->first_site = any_node(g);
	f->address = any_value(g);
	f->argument = any_value(g);
	f->size = any_value(g);
	f->age_ns = any_value(g);
	f->time_ns = any_value(g);
	f->count = any_value(g);
	trace_writer_finding(g->w, number, f);
	return number;
}

static struct trace_leak_sum any_sum(struct generator *g)
{
	struct trace_leak_sum sum;
	sum.blocks = any_value(g);
	sum.bytes = any_value(g);
	return sum;
}

static void fill_group(struct generator *g, uint32_t number, struct trace_leak_group *group)
{
	static const uint8_t content[TRACE_MAX_PEEK_BYTES] = { 1, 2, 3, 0, 255 };
	group->kind = (uint8_t)rng_below(&g->rng, 256);
	group->role = (uint8_t)rng_below(&g->rng, ROLE_COUNT);
	group->holder = (uint8_t)rng_below(&g->rng, 256);
	group->flags = (uint8_t)rng_below(&g->rng, 256);
	group->stack = any_node(g);
	group->thread = any_thread(g);
	group->allocator = (uint32_t)rng_below(&g->rng, TRACE_MAX_ALLOCATORS);
	group->parent_plus_1 = (uint32_t)rng_below(&g->rng, number + 1);
	uint64_t *const numbers[] = { &group->blocks,	      &group->bytes,
				      &group->indirect_blocks, &group->indirect_bytes,
				      &group->least_bytes,    &group->most_bytes,
				      &group->youngest_ns,    &group->oldest_ns,
				      &group->sum_ns,	      &group->address,
				      &group->holder_address };
	for (size_t i = 0; i < AT_COUNT_OF(numbers); i++)
		*numbers[i] = any_value(g);
	group->holder_thread = any_thread(g);
	group->holder_module_plus_1 = (uint32_t)rng_below(&g->rng, g->s->modules + 1);
	group->peek = content;
	group->peek_bytes = (uint32_t)rng_below(&g->rng, TRACE_MAX_PEEK_BYTES + 1);
}

static uint32_t put_leak_scan(struct generator *g)
{
	struct stream *s = g->s;
	uint32_t number = (uint32_t)s->leak_scan_count++;
	s->leak_scans =
		mem_grow(s->leak_scans, &s->leak_scan_cap, number + 1u, sizeof(*s->leak_scans));
	struct trace_leak_scan *scan = &s->leak_scans[number];
	memset(scan, 0, sizeof(*scan));
	scan->process = (uint32_t)rng_below(&g->rng, s->processes + 1) - 1;
	scan->thread = any_thread(g);
	scan->reason = (uint32_t)rng_below(&g->rng, SCAN_REASONS + 2);
	scan->method = (uint32_t)rng_below(&g->rng, SCAN_METHODS + 2);
	scan->time_ns = any_value(g);
	scan->stopped_ns = any_value(g);
	scan->took_ns = any_value(g);
	for (unsigned i = 0; i < TRACE_LEAK_KINDS; i++)
		scan->kinds[i] = any_sum(g);
	scan->inherited = any_sum(g);
	scan->ignored = any_sum(g);
	scan->older = any_sum(g);
	scan->root_bytes = any_value(g);
	scan->unreadable_bytes = any_value(g);
	scan->changing_pages = any_value(g);
	scan->label = any_text(g);
	scan->problem = any_text(g);
	scan->cut_groups = (uint32_t)any_value(g);
	scan->cut = any_sum(g);
	scan->group_count = (uint32_t)rng_below(&g->rng, 6);
	struct trace_leak_group *groups = mem_zalloc(scan->group_count + 1u, sizeof(*groups));
	for (uint32_t i = 0; i < scan->group_count; i++)
		fill_group(g, i, &groups[i]);
	scan->groups = groups;
	trace_writer_leak_scan(g->w, number, scan);
	return number;
}

static void do_rare(struct generator *g, uint32_t slot)
{
	unsigned op = TRACE_PROCESS_START + (unsigned)rng_below(&g->rng, TRACE_OP_COUNT - TRACE_PROCESS_START);
	struct trace_event *e = add_event(g, op);
	uint32_t process = (uint32_t)rng_below(&g->rng, g->s->processes);
	switch (op) {
	case TRACE_PROCESS_END:
		e->value = by_chance(g, 50) ? TRACE_STATUS_UNKNOWN : any_value(g);
		e->process = process;
		break;
	case TRACE_PROCESS_START:
		e->process = process;
		break;
	case TRACE_THREAD_START:
		e->slot = slot;
		e->process = process;
		e->thread = (uint32_t)rng_below(&g->rng, g->s->threads + 1);
		if (e->thread == g->s->threads)
			g->s->threads++;
		break;
	case TRACE_THREAD_END:
		e->slot = slot;
		e->thread = (uint32_t)rng_below(&g->rng, g->s->threads);
		break;
	case TRACE_MODULE:
		e->process = process;
		e->module = (uint32_t)rng_below(&g->rng, g->s->modules);
		e->value = any_value(g);
		break;
	case TRACE_MARK:
		e->slot = slot;
		e->role = (uint8_t)rng_below(&g->rng, MARK_RESUME + 1);
		e->text = any_text(g);
		break;
	case TRACE_MAP:
		e->slot = slot;
		e->role = ROLE_MMAP;
		e->flags = (uint8_t)rng_below(&g->rng, 64);
		e->size = any_value(g);
		e->address = any_value(g);
		e->stack = any_node(g);
		break;
	case TRACE_LEAK_SCAN:
		e->process = process;
		e->value = put_leak_scan(g);
		break;
	case TRACE_FINDING:
		e->slot = slot;
		e->value = put_finding(g);
		break;
	default:
		e->process = process;
		e->value = any_value(g);
		e->role = (uint8_t)rng_below(&g->rng, TRACE_LOSS_COUNT);
		break;
	}
	trace_writer_event(g->w, e);
}

static void write_tables(struct generator *g)
{
	trace_writer_fact(g->w, "command", "first");
	trace_writer_fact(g->w, "host", "a \x01 b");
	trace_writer_fact(g->w, "command", "second");
	for (unsigned i = 0; i < 3; i++) {
		struct trace_module m = { .path = i ? "/lib/libx.so" : "/bin/prog",
					  .build_id = (const uint8_t *)"\0\1\2\3",
					  .build_id_bytes = i * 2,
					  .anonymous_process_plus_1 = i / 2 };
		trace_writer_module(g->w, &m);
		g->s->modules++;
	}
	for (unsigned i = 0; i < 2; i++) {
		struct trace_process p = { .pid = 100 + i,
					   .parent = i - 1,
					   .origin = i,
					   .start_ns = 77,
					   .exe = "/bin/prog",
					   .command = "prog\0-x",
					   .command_bytes = 8 };
		trace_writer_process(g->w, &p);
		g->s->processes++;
	}
	struct trace_allocator pool = { .name = "pool", .process = 1 };
	trace_writer_allocator(g->w, 2, &pool);
	static const struct trace_function functions[] = { { "je_malloc", UINT64_MAX, 0, 1 },
							    { "malloc", 0x1000, 3, UINT64_MAX } };
	static const struct trace_user users[] = { { 0, TRACE_USER_SERVED },
						   { 1, TRACE_USER_COPIES } };
	for (uint32_t i = 0; i < 2; i++) {
		struct trace_instance instance = { .module = 1 + i,
						   .family = "jemalloc",
						   .version = i ? "5.3.0" : "",
						   .prefix = i ? "" : "je_",
						   .linkage = 2 + i,
						   .flags = i,
						   .functions = functions,
						   .function_count = 2 - i,
						   .users = users + i,
						   .user_count = 2 - i };
		trace_writer_instance(g->w, &instance);
	}
}

static void start_first_thread(struct generator *g)
{
	struct trace_event *e = add_event(g, TRACE_THREAD_START);
	g->s->threads = 1;
	trace_writer_event(g->w, e);
	struct trace_thread t = { .process = 0, .tid = 100, .name = "main" };
	trace_writer_thread(g->w, 0, &t);
}

static void write_symbols(struct generator *g)
{
	static const char *const names[] = { "main", "f(int)", NULL };
	for (size_t i = 0; i < g->s->node_count && i < 6; i++) {
		const struct trace_node *n = &g->s->nodes[i];
		struct trace_symbol s[2] = { { names[i % 3], "a.c", (uint32_t)i, true },
					     { names[(i + 1) % 3], NULL, 0, false } };
		if (n->module != TRACE_NO_MODULE)
			trace_writer_symbols(g->w, n->module, n->offset, s, 1 + i % 2);
	}
}

void stream_write(struct stream *s, const struct stream_shape *shape, const char *path)
{
	struct err err = { "" };
	struct generator *g = mem_zalloc(1, sizeof(*g));
	memset(s, 0, sizeof(*s));
	*g = (struct generator){ .shape = shape, .s = s, .rng = { shape->seed } };
	g->w = trace_writer_open(path, &err);
	CHECK(g->w, "%s", err.text);
	write_tables(g);
	for (unsigned i = 0; i < shape->stacks; i++)
		add_node(g);
	start_first_thread(g);
	uint32_t slot = 0;
	while (s->count < shape->events) {
		if (rng_below(&g->rng, 16) == 0)
			slot = (uint32_t)rng_below(&g->rng, shape->slots);
		g->time_ns +=
			rng_below(&g->rng, 4) ? rng_below(&g->rng, 200) : rng_below(&g->rng, 30000);
		trace_writer_time(g->w, g->time_ns);
		if (shape->extreme && by_chance(g, 2))
			add_node(g);
		if (by_chance(g, shape->rare_percent))
			do_rare(g, slot);
		else if (g->live_count && by_chance(g, 50))
			do_free(g, slot);
		else
			do_alloc(g, slot);
		if (shape->flush_every && s->count % shape->flush_every == 0)
			CHECK(trace_writer_flush(g->w, &err) == 0, "%s", err.text);
	}
	write_symbols(g);
	CHECK(trace_writer_repairs(g->w) == 0, "the stream had to be repaired");
	CHECK(trace_writer_close(g->w, &err) == 0, "%s", err.text);
	free(g);
}

static void compare_event(const struct trace_event *want, const struct trace_event *got, size_t at)
{
	struct trace_event a = *want, b = *got;
	/* See trace_writer_time(). */
	uint64_t early_ns = a.time_ns - b.time_ns;
	CHECK(early_ns < (a.op <= TRACE_FREE_INHERITED ? TRACE_TIME_STEP_NS : 1),
	      "event %zu is %" PRIu64 " ns too early", at, early_ns);
	b.time_ns = a.time_ns;
	if (a.op == TRACE_MARK) {
		CHECK(strcmp(a.text, b.text) == 0, "event %zu: text %s, not %s", at, b.text,
		      a.text);
		a.text = b.text = NULL;
	}
	CHECK(memcmp(&a, &b, sizeof(a)) == 0,
	      "event %zu: op %u slot %u stack %u size %" PRIu64 " counter %" PRIu64 " time %" PRIu64
	      ", written was op %u slot %u stack %u size %" PRIu64 " counter %" PRIu64
	      " time %" PRIu64,
	      at, b.op, b.slot, b.stack, b.size, b.counter, b.time_ns, a.op, a.slot, a.stack,
	      a.size, a.counter, a.time_ns);
}

static void compare_findings(const struct stream *s, const struct trace_reader *r)
{
	CHECK(trace_reader_finding_count(r) == s->finding_count, "findings");
	for (size_t i = 0; i < s->finding_count; i++)
		CHECK(memcmp(trace_reader_finding(r, (uint32_t)i), &s->findings[i],
			     sizeof(*s->findings)) == 0,
		      "finding %zu", i);
	CHECK(trace_reader_finding(r, (uint32_t)s->finding_count)->class == UINT8_MAX, "no finding");
}

static void compare_group(const struct trace_leak_group *want, const struct trace_leak_group *got,
			  size_t scan)
{
	struct trace_leak_group a = *want, b = *got;
	CHECK(a.peek_bytes == b.peek_bytes && memcmp(a.peek, b.peek, a.peek_bytes) == 0,
	      "content of a group of leak scan %zu", scan);
	a.peek = b.peek = NULL;
	CHECK(memcmp(&a, &b, sizeof(a)) == 0, "a group of leak scan %zu", scan);
}

static void compare_leak_scans(const struct stream *s, const struct trace_reader *r)
{
	CHECK(trace_reader_leak_scan_count(r) == s->leak_scan_count, "leak scans");
	for (size_t i = 0; i < s->leak_scan_count; i++) {
		struct trace_leak_scan a = s->leak_scans[i],
				       b = *trace_reader_leak_scan(r, (uint32_t)i);
		CHECK(a.group_count == b.group_count, "groups of leak scan %zu", i);
		for (uint32_t k = 0; k < a.group_count; k++)
			compare_group(&a.groups[k], &b.groups[k], i);
		CHECK(strcmp(a.label, b.label) == 0 && strcmp(a.problem, b.problem) == 0,
		      "texts of leak scan %zu", i);
		b.groups = a.groups;
		b.label = a.label;
		b.problem = a.problem;
		CHECK(memcmp(&a, &b, sizeof(a)) == 0, "leak scan %zu", i);
	}
	CHECK(trace_reader_leak_scan(r, (uint32_t)s->leak_scan_count)->process == TRACE_NO_PROCESS,
	      "no leak scan");
}

size_t stream_compare(const struct stream *s, const char *path, bool whole)
{
	struct err err = { "" };
	struct trace_event batch[READ_BATCH];
	struct trace_reader *r = trace_reader_open(path, &err);
	CHECK(r, "%s", err.text);
	size_t at = 0;
	long n;
	while ((n = trace_reader_next(r, batch, READ_BATCH, &err)) > 0) {
		CHECK(at + (size_t)n <= s->count, "more events than were written");
		for (long i = 0; i < n; i++)
			compare_event(&s->events[at + (size_t)i], &batch[i], at + (size_t)i);
		at += (size_t)n;
	}
	CHECK(n == 0, "%s", err.text);
	if (whole) {
		CHECK(!trace_reader_damage(r), "%s", trace_reader_damage(r));
		CHECK(at == s->count, "%zu events of %zu", at, s->count);
		CHECK(trace_reader_node_count(r) == NODE_FIRST + s->node_count, "nodes");
		compare_findings(s, r);
		compare_leak_scans(s, r);
	}
	size_t nodes = trace_reader_node_count(r) - NODE_FIRST;
	CHECK(nodes <= s->node_count, "nodes");
	for (size_t i = 0; i < nodes; i++) {
		const struct trace_node *got = trace_reader_node(r, (uint32_t)(NODE_FIRST + i));
		CHECK(got->parent == s->nodes[i].parent && got->module == s->nodes[i].module &&
			      got->offset == s->nodes[i].offset,
		      "node %zu", i);
	}
	trace_reader_close(r);
	return at;
}

void stream_release(struct stream *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->events[i].op == TRACE_MARK)
			free((char *)(uintptr_t)s->events[i].text);
	free(s->events);
	free(s->nodes);
	free(s->findings);
	for (size_t i = 0; i < s->leak_scan_count; i++) {
		free((void *)(uintptr_t)s->leak_scans[i].groups);
		free((void *)(uintptr_t)s->leak_scans[i].label);
		free((void *)(uintptr_t)s->leak_scans[i].problem);
	}
	free(s->leak_scans);
	memset(s, 0, sizeof(*s));
}

char *stream_temp_path(const char *name)
{
	const char *dir = getenv("TMPDIR");
	return mem_printf("%s/alloctrace-%s.%ld", dir ? dir : "/tmp", name, (long)getpid());
}
