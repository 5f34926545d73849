/* golden.c - traces of format version 1 as they were written once must read the same for ever.
 *
 * Without arguments: reads golden-v1.hex, loop-v1.hex, instances-v1.hex, findings-v1.hex, crashes-v1.hex, leaks-v1.hex,
 * allocators-v1.hex, hooks-v1.hex and whys-v1.hex in tests/trace and the example in man/alloctrace-trace.5 and compares their
 * content with the .txt of that name. golden --make
 * golden|loop|example|instances|findings|crashes|leaks|allocators|hooks|whys|stream: writes such a trace anew, as hex (a new
 * version's golden; a long random one for tests/trace-spec.tap). golden --dump FILE.hex: its
 * content as text; --dump-all: with every event. */
#include <ctype.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "tests/trace/check.h"
#include "tests/trace/stream.h"
#include "tests/trace/surgery.h"
#include "trace/trace.h"
#include "util/strbuf.h"
#include "wire/events.h"
#include "wire/findings.h"
#include "wire/scans.h"
#include "wire/whys.h"
#include "wire/roles.h"
#include "wire/session.h"

enum { SHOWN_EVENTS = 100 };

static char *trace_path;

/* ---- content as text ---- */

static void dump_tables(struct strbuf *out, const struct trace_reader *r)
{
	static const char *const keys[] = { "command", "host", "tool" };
	for (size_t i = 0; i < AT_COUNT_OF(keys); i++)
		if (trace_reader_fact(r, keys[i]))
			strbuf_addf(out, "fact %s=%s\n", keys[i], trace_reader_fact(r, keys[i]));
	for (uint32_t i = 0; i < trace_reader_module_count(r); i++) {
		const struct trace_module *m = trace_reader_module(r, i);
		strbuf_addf(out, "module %u %s anonymous %u id ", i, m->path,
			    m->anonymous_process_plus_1);
		for (uint32_t j = 0; j < m->build_id_bytes; j++)
			strbuf_addf(out, "%02x", m->build_id[j]);
		strbuf_adds(out, "\n");
	}
	for (uint32_t i = 0; i < trace_reader_process_count(r); i++) {
		const struct trace_process *p = trace_reader_process(r, i);
		strbuf_addf(out, "process %u pid %u parent %d origin %u start %" PRIu64 " %s:", i,
			    p->pid, (int)p->parent, p->origin, p->start_ns, p->exe);
		for (uint32_t j = 0; j < p->command_bytes; j += 1 + strlen(p->command + j))
			strbuf_addf(out, " %s", p->command + j);
		strbuf_adds(out, "\n");
	}
	for (uint32_t i = 0; i < trace_reader_thread_count(r); i++) {
		const struct trace_thread *t = trace_reader_thread(r, i);
		strbuf_addf(out, "thread %u process %d tid %u %s\n", i, (int)t->process, t->tid,
			    t->name);
	}
	for (uint32_t i = 0; i < trace_reader_allocator_count(r); i++) {
		const struct trace_allocator *a = trace_reader_allocator(r, i);
		strbuf_addf(out, "allocator %u process %d %s", i, (int)a->process, a->name);
		if (a->kind || a->module_plus_1)
			strbuf_addf(out, " kind %u module %d", a->kind, (int)a->module_plus_1 - 1);
		strbuf_adds(out, "\n");
	}
}

static void dump_function(struct strbuf *out, const struct trace_function *f)
{
	strbuf_addf(out, "  function %s 0x%" PRIx64 " flags %u", f->name, f->address, f->flags);
	if (f->hooks)
		strbuf_addf(out, " hooks 0x%" PRIx64, f->hooks);
	strbuf_adds(out, "\n");
}

static void dump_instances(struct strbuf *out, const struct trace_reader *r)
{
	for (uint32_t i = 0; i < trace_reader_instance_count(r); i++) {
		const struct trace_instance *in = trace_reader_instance(r, i);
		strbuf_addf(out, "instance %u module %u linkage %u flags %u %s %s %s\n", i,
			    in->module, in->linkage, in->flags, in->family, in->version,
			    in->prefix);
		for (uint32_t k = 0; k < in->function_count; k++)
			dump_function(out, &in->functions[k]);
		for (uint32_t k = 0; k < in->user_count; k++)
			strbuf_addf(out, "  process %u flags %u\n", in->users[k].process,
				    in->users[k].flags);
	}
}

static void dump_nodes(struct strbuf *out, const struct trace_reader *r)
{
	for (uint32_t i = NODE_FIRST; i < trace_reader_node_count(r); i++) {
		const struct trace_node *n = trace_reader_node(r, i);
		size_t count;
		const struct trace_symbol *s =
			trace_reader_symbols(r, n->module, n->offset, &count);
		strbuf_addf(out, "node %u parent %u module %d offset 0x%" PRIx64, i, n->parent,
			    (int)n->module, n->offset);
		for (size_t j = 0; j < count; j++)
			strbuf_addf(out, " %s %s:%u%s", s[j].function ? s[j].function : "?",
				    s[j].file ? s[j].file : "?", s[j].line,
				    s[j].inlined ? " inlined" : "");
		strbuf_adds(out, "\n");
	}
}

static void dump_findings(struct strbuf *out, const struct trace_reader *r)
{
	for (uint32_t i = 0; i < trace_reader_finding_count(r); i++) {
		const struct trace_finding *f = trace_reader_finding(r, i);
		strbuf_addf(out,
			    "finding %u class %u role %u outcome %u flags %u made role %u process "
			    "%d threads %d %d %d allocator %u stacks %u %u %u",
			    i, f->class, f->role, f->outcome, f->flags, f->made_role,
			    (int)f->process, (int)f->thread, (int)f->made_thread,
			    (int)f->first_thread, f->allocator, f->stack, f->made_stack,
			    f->first_site);
		strbuf_addf(out,
			    " address %" PRIu64 " argument %" PRIu64 " size %" PRIu64
			    " age %" PRIu64 " time %" PRIu64 " count %" PRIu64,
			    f->address, f->argument, f->size, f->age_ns, f->time_ns, f->count);
		if (f->why)
			strbuf_addf(out, " kinds %u %u why %s fix %s", f->why_kind, f->made_why_kind,
				    f->why, f->fix);
		strbuf_adds(out, "\n");
	}
}

static void dump_crashes(struct strbuf *out, const struct trace_reader *r)
{
	for (uint32_t i = 0; i < trace_reader_crash_count(r); i++) {
		const struct trace_crash *c = trace_reader_crash(r, i);
		strbuf_addf(out, "crash %u process %d thread %d pid %u tid %u signal %u code %d sender %u flags %u "
			    "stack %u address %" PRIu64 " time %" PRIu64 " failed %" PRIu64 " %" PRIu64 " registers",
			    i, (int)c->process, (int)c->thread, c->pid, c->tid, c->signal, c->code, c->sender,
			    c->flags, c->stack, c->address, c->time_ns, c->failed_bytes, c->failed_ns);
		for (unsigned k = 0; k < TRACE_CRASH_REGISTERS; k++)
			strbuf_addf(out, " %" PRIu64, c->registers[k]);
		strbuf_addf(out, " message %s", c->message);
		for (uint32_t k = 0; k < c->pointer_count; k++) {
			const struct trace_crash_pointer *p = &c->pointers[k];
			strbuf_addf(out, " pointer %u %u %u %u %d %d %u %u %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64,
				    p->place, p->flags, p->made_role, p->allocator, (int)p->made_thread,
				    (int)p->freed_thread, p->made_stack, p->freed_site, p->value, p->block,
				    p->size, p->age_ns);
		}
		strbuf_adds(out, "\n");
	}
}

static void dump_leak_group(struct strbuf *out, const struct trace_leak_group *g)
{
	strbuf_addf(out,
		    " group %u %u %u %u %u %d %u %u %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
		    " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64
		    " %" PRIu64 " %d %u peek ",
		    g->kind, g->role, g->holder, g->flags, g->stack, (int)g->thread, g->allocator,
		    g->parent_plus_1, g->blocks, g->bytes, g->indirect_blocks, g->indirect_bytes,
		    g->least_bytes, g->most_bytes, g->youngest_ns, g->oldest_ns, g->sum_ns,
		    g->address, g->holder_address, (int)g->holder_thread, g->holder_module_plus_1);
	for (uint32_t i = 0; i < g->peek_bytes; i++)
		strbuf_addf(out, "%02x", g->peek[i]);
}

static void dump_leak_sum(struct strbuf *out, struct trace_leak_sum sum)
{
	strbuf_addf(out, " %" PRIu64 " %" PRIu64, sum.blocks, sum.bytes);
}

static void dump_leak_scans(struct strbuf *out, const struct trace_reader *r)
{
	for (uint32_t i = 0; i < trace_reader_leak_scan_count(r); i++) {
		const struct trace_leak_scan *s = trace_reader_leak_scan(r, i);
		strbuf_addf(out,
			    "leak scan %u process %d thread %d reason %u method %u times %" PRIu64
			    " %" PRIu64 " %" PRIu64 " sums",
			    i, (int)s->process, (int)s->thread, s->reason, s->method, s->time_ns,
			    s->stopped_ns, s->took_ns);
		for (unsigned k = 0; k < TRACE_LEAK_KINDS; k++)
			dump_leak_sum(out, s->kinds[k]);
		dump_leak_sum(out, s->inherited);
		dump_leak_sum(out, s->ignored);
		dump_leak_sum(out, s->older);
		strbuf_addf(out, " roots %" PRIu64 " unreadable %" PRIu64 " changing %" PRIu64
			    " label %s problem %s cut %u",
			    s->root_bytes, s->unreadable_bytes, s->changing_pages, s->label, s->problem,
			    s->cut_groups);
		dump_leak_sum(out, s->cut);
		for (uint32_t k = 0; k < s->group_count; k++)
			dump_leak_group(out, &s->groups[k]);
		strbuf_adds(out, "\n");
	}
}

static void dump_event(struct strbuf *out, const struct trace_event *e)
{
	static const char *const names[TRACE_OP_COUNT] = {
		"alloc",       "free",	       "free-inherited", "process-start",
		"process-end", "thread-start", "thread-end",	 "module",
		"mark",	       "map",	       "loss",		 "finding",
		"leak-scan",
	};
	strbuf_addf(out, "%" PRIu64 " %s", e->time_ns, names[e->op]);
	switch (e->op) {
	case TRACE_ALLOC:
		strbuf_addf(out,
			    " slot %u counter %" PRIu64 " stack %u size %" PRIu64
			    " role %u flags %u allocator %u\n",
			    e->slot, e->counter, e->stack, e->size, e->role, e->flags,
			    e->allocator);
		break;
	case TRACE_FREE:
	case TRACE_FREE_INHERITED:
		strbuf_addf(out, " slot %u block %u:%" PRIu64 " site %u role %u flags %u\n",
			    e->slot, e->block_slot, e->counter, e->stack, e->role, e->flags);
		break;
	case TRACE_MARK:
		strbuf_addf(out, " slot %u type %u %s\n", e->slot, e->role, e->text);
		break;
	default:
		strbuf_addf(out,
			    " slot %u stack %u role %u flags %u value %" PRIu64 " address %" PRIu64
			    " process %u thread/module %u\n",
			    e->slot, e->stack, e->role, e->flags, e->value, e->address, e->process,
			    e->thread);
		break;
	}
}

static void dump(struct strbuf *out, const struct bytes *trace, bool show_all)
{
	struct err err = { "" };
	size_t shown = 0;
	struct trace_event e;
	struct strbuf events = STRBUF_INIT;
	file_save(trace, trace_path);
	struct trace_reader *r = trace_reader_open(trace_path, &err);
	CHECK(r, "%s", err.text);
	strbuf_addf(out, "version %u\n", trace_reader_version(r));
	size_t count = 0;
	while (trace_reader_next(r, &e, 1, &err) > 0) {
		dump_event(&events, &e);
		/* Of a long trace the rest is told by a hash. */
		if (++count == SHOWN_EVENTS && !show_all)
			shown = events.len;
	}
	if (count > SHOWN_EVENTS && !show_all) {
		uint64_t hash = hash_bytes(events.text + shown, events.len - shown);
		events.len = shown;
		strbuf_addf(&events, "and %zu more, %016" PRIx64 "\n", count - SHOWN_EVENTS, hash);
	}
	dump_tables(out, r);
	dump_instances(out, r);
	dump_nodes(out, r);
	dump_findings(out, r);
	dump_crashes(out, r);
	dump_leak_scans(out, r);
	strbuf_adds(out, events.text);
	strbuf_addf(out, "damage: %s\n", trace_reader_damage(r) ? trace_reader_damage(r) : "none");
	strbuf_release(&events);
	trace_reader_close(r);
	unlink(trace_path);
}

/* ---- hex ---- */

/* Takes the hex bytes of lines like "0010  89 41 54" (the manual has more text around them). */
static void add_hex_line(struct bytes *out, const char *line)
{
	const char *p = line + strspn(line, "0123456789abcdef");
	if (p - line < 4 || strncmp(p, "  ", 2) != 0)
		return;
	CHECK(strtoul(line, NULL, 16) == out->len, "a gap in the hex at %s", line);
	unsigned value;
	int used;
	for (p += 2; isxdigit((unsigned char)p[0]) && isxdigit((unsigned char)p[1]) &&
		     sscanf(p, "%2x%n", &value, &used) == 1;) {
		uint8_t byte = (uint8_t)value;
		bytes_add(out, &byte, 1);
		p += used;
		if (p[0] != ' ' || p[1] == ' ')
			break;
		p++;
	}
}

static void load_hex(struct bytes *out, const char *path)
{
	char line[512];
	FILE *f = fopen(path, "r");
	CHECK(f, "%s", path);
	while (fgets(line, sizeof(line), f))
		add_hex_line(out, line);
	fclose(f);
	CHECK(out->len > FORMAT_HEADER_BYTES, "%s has hex", path);
}

static void print_hex(const struct bytes *b)
{
	for (size_t i = 0; i < b->len; i++) {
		if (i % 16 == 0)
			printf("%04zx ", i);
		printf(" %02x", b->data[i]);
		if (i % 16 == 15 || i + 1 == b->len)
			printf("\n");
	}
}

/* ---- making them ---- */

static void write_process(struct trace_writer *w)
{
	struct trace_process p = { .pid = 42,
				   .parent = TRACE_NO_PROCESS,
				   .exe = "/bin/a",
				   .command = "a\0b",
				   .command_bytes = 4 };
	struct trace_event start = { .op = TRACE_PROCESS_START };
	struct trace_event thread = { .op = TRACE_THREAD_START };
	trace_writer_process(w, &p);
	trace_writer_event(w, &start);
	trace_writer_event(w, &thread);
}

/* Called from main, called from _start, of one module. */
static void write_stack(struct trace_writer *w)
{
	struct trace_module m = { .path = "/bin/a",
				  .build_id = (const uint8_t *)"\xab\xcd",
				  .build_id_bytes = 2 };
	struct trace_node nodes[] = {
		{ NODE_ROOT, 0, 0x1040 },
		{ 3, 0, 0x1130 },
		{ NODE_ROOT, 0, 0x1150 },
	};
	trace_writer_module(w, &m);
	for (size_t i = 0; i < AT_COUNT_OF(nodes); i++)
		trace_writer_node(w, &nodes[i]);
}

static void write_pairs(struct trace_writer *w, unsigned pairs)
{
	for (unsigned i = 0; i < pairs; i++) {
		trace_writer_time(w, 5000000 + 1000000 * i);
		trace_writer_alloc(w, 0, ROLE_MALLOC, 0, 4, 24, 0);
		trace_writer_free(w, 0, ROLE_FREE, 0, 5, 0, i, false);
	}
}

/* Long enough to be compressed twice. */
static void write_loop(struct trace_writer *w)
{
	write_stack(w);
	write_process(w);
	for (unsigned i = 0; i < 20000; i++) {
		trace_writer_time(w, 100 * i);
		trace_writer_alloc(w, 0, ROLE_MALLOC, 0, 4, 16 + i % 50 * 8, 0);
		trace_writer_free(w, 0, ROLE_FREE, 0, 5, 0, i, false);
	}
}

static void write_example(struct trace_writer *w)
{
	write_stack(w);
	write_process(w);
	write_pairs(w, 2);
}

static void write_every_op(struct trace_writer *w)
{
	struct trace_allocator pool = { .name = "pool", .process = 0 };
	struct trace_thread thread = { .process = 0, .tid = 42, .name = "main" };
	struct trace_symbol symbols[] = { { "inner", "a.c", 10, true },
					  { "main", "a.c", 20, false } };
	struct trace_event rest[] = {
		{ .op = TRACE_MODULE, .process = 0, .module = 0, .value = 0x555555554000 },
		{ .op = TRACE_MARK, .slot = 1, .role = MARK_SCOPE_BEGIN, .text = "a scope" },
		{ .op = TRACE_MAP,
		  .slot = 1,
		  .role = ROLE_MMAP,
		  .flags = 1,
		  .size = 4096,
		  .address = 0x7ffff7000000,
		  .stack = 4 },
		{ .op = TRACE_LOSS, .process = 0, .role = TRACE_LOSS_FREES, .value = 3 },
		{ .op = TRACE_THREAD_END, .slot = 0, .thread = 0 },
		{ .op = TRACE_PROCESS_END, .process = 0, .value = 256 },
	};
	trace_writer_fact(w, "tool", "alloctrace 0.1");
	trace_writer_fact(w, "command", "a b");
	write_stack(w);
	write_process(w);
	trace_writer_thread(w, 0, &thread);
	trace_writer_allocator(w, 1, &pool);
	write_pairs(w, 10);
	for (uint64_t i = 0; i < 12; i++)
		trace_writer_alloc(w, 1, ROLE_NEW, i % 2, 3 + i % 2, 1000 * i, i / 6);
	static const uint64_t order[] = { 11, 10, 9, 0, 2, 4, 3, 8, 5, 1 };
	for (size_t i = 0; i < AT_COUNT_OF(order); i++)
		trace_writer_free(w, i % 2, ROLE_DELETE, 0, 4 + i % 2, 1, order[i], i == 7);
	trace_writer_free(w, 0, ROLE_FREE, 1, 5, 70, 1 << 20, false);
	for (size_t i = 0; i < AT_COUNT_OF(rest); i++)
		trace_writer_event(w, &rest[i]);
	trace_writer_symbols(w, 0, 0x1130, symbols, 2);
	trace_writer_symbols(w, 0, 0x1040, symbols + 1, 1);
}

/* Two allocators in a file that two processes have. */
static void write_instances(struct trace_writer *w)
{
	static const struct trace_function functions[] = { { "je_malloc", 0x12340, 0, 0 },
							   { "malloc", 0x1130, 3, 0 } };
	static const struct trace_user users[] = { { 0, 5 }, { 1, 2 } };
	struct trace_instance in = { 0, "jemalloc", "5.3.0", "je_", 1, 0, functions, users, 2, 2 };
	struct trace_process child = { .pid = 43, .parent = 0, .origin = 1, .exe = "/bin/a" };
	write_example(w);
	trace_writer_process(w, &child);
	trace_writer_instance(w, &in);
	in = (struct trace_instance){ 0, "C++ operators", "", "", 2, 1, NULL, users + 1, 0, 1 };
	trace_writer_instance(w, &in);
}

/* Functions that are hooked, not tried, and refused in some process. */
static void write_hooks(struct trace_writer *w)
{
	static const struct trace_function functions[] = { { "malloc", 0x1130, 3, 0x2000 },
							   { "mallocx", 0x12340, 0, 1 },
							   { "mallctl", 0x12350, 0, 0 },
							   { "rallocx", 0x12360, 0, 0x4001 } };
	static const struct trace_user users[] = { { 0, 5 } };
	struct trace_instance in = { 0, "jemalloc", "5.3.0", "", 0, 0, functions, users, 4, 1 };
	write_example(w);
	trace_writer_instance(w, &in);
}

/* A pool, an instance, and one that is told again when its version is known. */
static void write_allocators(struct trace_writer *w)
{
	struct trace_allocator a = { "pool", 0, TRACE_ALLOCATOR_POOL, 0 };
	write_example(w);
	trace_writer_allocator(w, 1, &a);
	a = (struct trace_allocator){ "mimalloc in a", 0, TRACE_ALLOCATOR_INSTANCE, 1 };
	trace_writer_allocator(w, 2, &a);
	trace_writer_allocator(w, 3, &a);
	a.name = "mimalloc 2.0.9 in a";
	trace_writer_allocator(w, 3, &a);
	for (uint32_t i = 0; i < 4; i++)
		trace_writer_alloc(w, 0, ROLE_MALLOC, 0, 4, 24, i);
}

/* A mismatched free and a double free, which is told again with its count. */
static void write_findings(struct trace_writer *w)
{
	struct trace_finding f = { .class = FINDING_MISMATCH,
				   .outcome = FINDING_TO_OWNER,
				   .flags = FINDING_HAS_BLOCK,
				   .role = ROLE_FREE,
				   .made_role = ROLE_NEW_ARRAY,
				   .first_thread = TRACE_NO_THREAD,
				   .stack = 5,
				   .made_stack = 4,
				   .address = 0x5555deadbee0,
				   .size = 24,
				   .age_ns = 1000000,
				   .time_ns = 7000000,
				   .count = 1 };
	struct trace_event event = { .op = TRACE_FINDING };
	write_example(w);
	trace_writer_finding(w, 0, &f);
	trace_writer_event(w, &event);
	f.class = FINDING_DOUBLE;
	f.outcome = FINDING_SWALLOWED;
	f.flags = FINDING_HAS_BLOCK | FINDING_WAS_FREED;
	f.first_thread = 0;
	f.first_site = 5;
	f.process = TRACE_NO_PROCESS;
	trace_writer_finding(w, 1, &f);
	event.value = 1;
	trace_writer_event(w, &event);
	f.count = 300;
	trace_writer_finding(w, 1, &f);
}

/* One with two words that point into blocks, and one of which little is known. */
static void write_crashes(struct trace_writer *w)
{
	static const struct trace_crash_pointer pointers[] = {
		{ .place = 5, .made_role = ROLE_MALLOC, .allocator = 2, .made_thread = 0,
		  .freed_thread = TRACE_NO_THREAD, .made_stack = 4, .value = 0x5555deadbee0,
		  .block = 0x5555deadbee0, .size = 64, .age_ns = 2000000 },
		{ .place = 40, .flags = 1, .made_role = ROLE_NEW, .made_thread = TRACE_NO_THREAD, .freed_thread = 0,
		  .made_stack = 5, .freed_site = 4, .value = 0x5555deadc010, .block = 0x5555deadc000, .size = 32 },
	};
	struct trace_crash c = { .pid = 77, .tid = 78, .signal = 11, .code = 1, .flags = 65, .stack = 5,
				 .address = UINT64_MAX, .time_ns = 9000000, .failed_bytes = 1 << 20, .failed_ns = 7,
				 .message = "", .pointers = pointers, .pointer_count = 2 };
	for (unsigned i = 0; i < TRACE_CRASH_REGISTERS; i++)
		c.registers[i] = (uint64_t)i << (3 * i);
	write_example(w);
	trace_writer_crash(w, &c);
	c = (struct trace_crash){ .process = TRACE_NO_PROCESS, .thread = TRACE_NO_THREAD, .signal = 6, .code = -6,
				  .sender = 77, .message = "free(): invalid pointer" };
	trace_writer_crash(w, &c);
}

/* One at exit with a lost root, what hangs on it, and a reachable group; and one that failed. */
static void write_leaks(struct trace_writer *w)
{
	static const struct trace_leak_group groups[] = {
		{ .kind = LEAK_DEFINITE, .role = ROLE_NEW, .flags = LEAK_IN_CYCLE, .stack = 4, .allocator = 2,
		  .blocks = 3, .bytes = 300, .indirect_blocks = 2, .indirect_bytes = 64, .least_bytes = 80,
		  .most_bytes = 120, .youngest_ns = 20000000, .oldest_ns = 3000000000, .sum_ns = 4000000000,
		  .address = 0x5555deadbee0, .holder_thread = TRACE_NO_THREAD, .peek = (const uint8_t *)"ab\0\xff",
		  .peek_bytes = 4 },
		{ .kind = LEAK_INDIRECT, .role = ROLE_MALLOC, .holder = HOLDER_BLOCK, .stack = 5,
		  .thread = TRACE_NO_THREAD, .parent_plus_1 = 1, .blocks = 2, .bytes = 64, .least_bytes = 32,
		  .most_bytes = 32, .address = 0x5555deadc000, .holder_address = 0x5555deadbee8,
		  .holder_thread = TRACE_NO_THREAD },
		{ .kind = LEAK_REACHABLE, .role = ROLE_CALLOC, .holder = HOLDER_MODULE, .stack = 4, .blocks = 1,
		  .bytes = 1024, .least_bytes = 1024, .most_bytes = 1024, .youngest_ns = 1, .oldest_ns = 1,
		  .sum_ns = 1, .address = UINT64_MAX, .holder_address = 0x4010, .holder_module_plus_1 = 1 },
	};
	struct trace_leak_scan s = { .reason = SCAN_AT_EXIT, .method = SCAN_BY_PTRACE, .time_ns = 6000000,
				     .stopped_ns = 1500000, .took_ns = 2500000, .root_bytes = 1 << 20,
				     .unreadable_bytes = 4096, .changing_pages = 1, .label = "", .problem = "",
				     .groups = groups, .group_count = 3, .cut_groups = 7, .cut = { 8, 9 } };
	struct trace_event event = { .op = TRACE_LEAK_SCAN };
	for (unsigned k = 0; k < TRACE_LEAK_KINDS; k++)
		s.kinds[k] = (struct trace_leak_sum){ 10 + k, 1000 * k };
	s.inherited = (struct trace_leak_sum){ 20, 21 };
	s.ignored = (struct trace_leak_sum){ 22, 23 };
	s.older = (struct trace_leak_sum){ 24, 25 };
	write_example(w);
	trace_writer_leak_scan(w, 0, &s);
	trace_writer_event(w, &event);
	s = (struct trace_leak_scan){ .thread = TRACE_NO_THREAD, .reason = SCAN_AT_MARK, .method = SCAN_IMPOSSIBLE,
				      .label = "after warm-up", .problem = "ptrace was refused" };
	trace_writer_leak_scan(w, 1, &s);
	event.value = 1;
	trace_writer_event(w, &event);
}

/* One that is explained, and one that is not. */
static void write_whys(struct trace_writer *w)
{
	struct trace_finding f = { .class = FINDING_CROSS,
				   .outcome = FINDING_TO_OWNER,
				   .flags = FINDING_HAS_BLOCK,
				   .role = ROLE_FREE,
				   .first_thread = TRACE_NO_THREAD,
				   .stack = 5,
				   .made_stack = 4,
				   .argument = 1,
				   .size = 24,
				   .count = 1,
				   .why_kind = WHY_DEEPBIND,
				   .made_why_kind = WHY_OWN,
				   .why = "a.so was opened with RTLD_DEEPBIND",
				   .fix = "open a.so without it" };
	struct trace_event event = { .op = TRACE_FINDING };
	write_example(w);
	trace_writer_finding(w, 0, &f);
	trace_writer_event(w, &event);
	f.why = f.fix = NULL;
	trace_writer_finding(w, 1, &f);
	event.value = 1;
	trace_writer_event(w, &event);
}

static void write_stream(void)
{
	static const struct stream_shape shape = { .seed = 21,
						   .events = 20000,
						   .slots = 4,
						   .stacks = 60,
						   .random_percent = 30,
						   .flush_every = 7000,
						   .extreme = true };
	struct stream s;
	stream_write(&s, &shape, trace_path);
	stream_release(&s);
}

static void write_by(void (*write)(struct trace_writer *w))
{
	struct err err = { "" };
	struct trace_writer *w = trace_writer_open(trace_path, &err);
	CHECK(w, "%s", err.text);
	write(w);
	CHECK(trace_writer_repairs(w) == 0, "repairs");
	CHECK(trace_writer_close(w, &err) == 0, "%s", err.text);
}

static void (*writer_of(const char *what))(struct trace_writer *)
{
	return strcmp(what, "example") == 0	 ? write_example
	       : strcmp(what, "loop") == 0	 ? write_loop
	       : strcmp(what, "instances") == 0	 ? write_instances
	       : strcmp(what, "findings") == 0	 ? write_findings
	       : strcmp(what, "allocators") == 0 ? write_allocators
	       : strcmp(what, "crashes") == 0	 ? write_crashes
	       : strcmp(what, "leaks") == 0	 ? write_leaks
	       : strcmp(what, "hooks") == 0	 ? write_hooks
	       : strcmp(what, "whys") == 0	 ? write_whys
						 : write_every_op;
}

static void make(const char *what)
{
	struct bytes b = { 0 }, plain = { 0 };
	bool example = strcmp(what, "example") == 0;
	if (strcmp(what, "stream") == 0)
		write_stream();
	else
		write_by(writer_of(what));
	file_load(&b, trace_path);
	unlink(trace_path);
	if (example)
		trace_make_plain(&plain, &b);
	print_hex(example ? &plain : &b);
	bytes_release(&plain);
	bytes_release(&b);
}

/* ---- the test ---- */

static void check(const char *dir, const char *hex, const char *text)
{
	struct bytes trace = { 0 }, want = { 0 };
	struct strbuf got = STRBUF_INIT;
	char *hex_path = mem_printf("%s/%s", dir, hex);
	char *text_path = mem_printf("%s/%s", dir, text);
	load_hex(&trace, hex_path);
	file_load(&want, text_path);
	dump(&got, &trace, false);
	CHECK(got.len == want.len && memcmp(got.text, want.data, want.len) == 0,
	      "%s differs from %s:\n%s", hex, text, got.text);
	strbuf_release(&got);
	bytes_release(&trace);
	bytes_release(&want);
	free(hex_path);
	free(text_path);
}

int main(int argc, char **argv)
{
	const char *dir = getenv("top_srcdir");
	trace_path = stream_temp_path("golden");
	if (argc == 3 && strcmp(argv[1], "--make") == 0) {
		make(argv[2]);
	} else if (argc == 3) {
		struct bytes trace = { 0 };
		struct strbuf text = STRBUF_INIT;
		load_hex(&trace, argv[2]);
		dump(&text, &trace, strcmp(argv[1], "--dump-all") == 0);
		fputs(text.text, stdout);
		strbuf_release(&text);
		bytes_release(&trace);
	} else {
		CHECK(dir, "top_srcdir must be set, as make check does");
		check(dir, "tests/trace/golden-v1.hex", "tests/trace/golden-v1.txt");
		check(dir, "tests/trace/loop-v1.hex", "tests/trace/loop-v1.txt");
		check(dir, "tests/trace/instances-v1.hex", "tests/trace/instances-v1.txt");
		check(dir, "tests/trace/findings-v1.hex", "tests/trace/findings-v1.txt");
		check(dir, "tests/trace/crashes-v1.hex", "tests/trace/crashes-v1.txt");
		check(dir, "tests/trace/leaks-v1.hex", "tests/trace/leaks-v1.txt");
		check(dir, "tests/trace/allocators-v1.hex", "tests/trace/allocators-v1.txt");
		check(dir, "tests/trace/hooks-v1.hex", "tests/trace/hooks-v1.txt");
		check(dir, "tests/trace/whys-v1.hex", "tests/trace/whys-v1.txt");
		check(dir, "man/alloctrace-trace.5", "tests/trace/example-v1.txt");
	}
	free(trace_path);
	return 0;
}
