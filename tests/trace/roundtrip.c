/* roundtrip.c - what was written is what is read, event for event and entry for entry. */
#include <string.h>
#include <unistd.h>

#include "tests/trace/check.h"
#include "tests/trace/stream.h"
#include "trace/format.h"
#include "trace/trace.h"
#include "util/mem.h"
#include "wire/roles.h"
#include "wire/session.h"

static void check_shape(const struct stream_shape *shape, const char *path)
{
	struct stream s;
	stream_write(&s, shape, path);
	stream_compare(&s, path, true);
	struct trace_verify_report report;
	struct err err = { "" };
	CHECK(trace_verify(path, &report, &err) == 0, "%s", err.text);
	CHECK(report.events == s.count && report.closed && !report.damage[0], "seed %llu: %s",
	      (unsigned long long)shape->seed, report.damage);
	CHECK(shape->extreme || report.unknown_frees + report.double_frees == 0,
	      "frees that name nothing");
	stream_release(&s);
}

/* Chunks of which a part is a zlib stream and a part is stored as it is. */
static unsigned count_mixed_chunks(const char *path)
{
	uint8_t head[FORMAT_CHUNK_HEADER_BYTES], part[FORMAT_PART_HEAD_BYTES];
	unsigned mixed = 0;
	FILE *f = fopen(path, "rb");
	CHECK(f && fseek(f, FORMAT_HEADER_BYTES, SEEK_SET) == 0, "%s", path);
	while (fread(head, sizeof(head), 1, f) == 1) {
		long end = ftell(f) + (long)format_get_u32(head + 4);
		bool plain = false, packed = false;
		while (head[1] == CHUNK_FLAG_PARTS && ftell(f) < end) {
			CHECK(fread(part, sizeof(part), 1, f) == 1, "a part's head");
			uint32_t stored = format_get_u32(part + 4);
			plain |= stored == format_get_u32(part) && stored > 1000;
			packed |= stored < format_get_u32(part);
			fseek(f, stored, SEEK_CUR);
		}
		mixed += plain && packed;
		fseek(f, end, SEEK_SET);
	}
	fclose(f);
	return mixed;
}

/* Columns that do not shrink are found out in one chunk and left alone in later ones. */
static void check_parts(const char *path)
{
	struct stream_shape shape = { .seed = 9,
				      .events = 1500000,
				      .slots = 1,
				      .stacks = 5,
				      .random_percent = 100,
				      .extreme = true };
	check_shape(&shape, path);
	CHECK(count_mixed_chunks(path) > 16, "%u chunks in parts", count_mixed_chunks(path));
}

static void check_streams(const char *path)
{
	for (uint64_t seed = 1; seed <= 60; seed++) {
		struct rng r = { seed };
		struct stream_shape shape = {
			.seed = seed,
			.events = 1 + rng_below(&r, 3000),
			.slots = 1 + (unsigned)rng_below(&r, 5),
			.stacks = 1 + (unsigned)rng_below(&r, 200),
			.random_percent = (unsigned)rng_below(&r, 101),
			.rare_percent = (unsigned)rng_below(&r, 20),
			.flush_every = seed % 3 ? 0 : 1 + rng_below(&r, 500),
			.extreme = seed % 2,
		};
		check_shape(&shape, path);
	}
	/* More than one chunk fills by itself. */
	struct stream_shape large = { .seed = 7,
				      .events = 300000,
				      .slots = 3,
				      .stacks = 50,
				      .random_percent = 30,
				      .rare_percent = 1 };
	check_shape(&large, path);
	/* The column of rare events fills before the one of the ops. */
	struct stream_shape texts = { .seed = 8,
				      .events = 5000,
				      .slots = 1,
				      .stacks = 5,
				      .rare_percent = 90,
				      .extreme = true };
	check_shape(&texts, path);
}

static void write_symbols(struct trace_writer *w, unsigned pairs)
{
	struct trace_module m = { .path = "m" };
	trace_writer_module(w, &m);
	trace_writer_module(w, &m);
	for (unsigned i = 0; i < pairs; i++) {
		char name[32];
		snprintf(name, sizeof(name), "function_%u", i / 3);
		struct trace_symbol s[2] = {
			{ .function = name, .file = "a.c", .line = i, .inlined = true },
			{ .function = i % 5 ? "outer" : NULL, .file = NULL, .line = 7 },
		};
		trace_writer_symbols(w, i % 2, UINT64_C(0x7fff00000000) - i, s, 2);
	}
}

static void check_symbols(const char *path)
{
	enum { PAIRS = 100000 };
	struct err err = { "" };
	struct trace_writer *w = trace_writer_open(path, &err);
	CHECK(w, "%s", err.text);
	write_symbols(w, PAIRS);
	CHECK(trace_writer_close(w, &err) == 0, "%s", err.text);

	struct trace_reader *r = trace_reader_open(path, &err);
	CHECK(r && trace_reader_load_tables(r, &err) == 0, "%s", err.text);
	CHECK(!trace_reader_damage(r), "%s", trace_reader_damage(r));
	for (unsigned i = 0; i < PAIRS; i++) {
		char name[32];
		size_t count;
		uint64_t offset = UINT64_C(0x7fff00000000) - i;
		snprintf(name, sizeof(name), "function_%u", i / 3);
		const struct trace_symbol *s = trace_reader_symbols(r, i % 2, offset, &count);
		CHECK(s && count == 2, "pair %u", i);
		CHECK(strcmp(s[0].function, name) == 0 && strcmp(s[0].file, "a.c") == 0 &&
			      s[0].line == i && s[0].inlined,
		      "pair %u", i);
		CHECK(!s[1].file && s[1].line == 7 && !s[1].inlined &&
			      (i % 5 ? strcmp(s[1].function, "outer") == 0 : !s[1].function),
		      "pair %u", i);
		CHECK(!trace_reader_symbols(r, (i + 1) % 2, offset, &count) && count == 0, "none");
	}
	trace_reader_close(r);
}

static void check_table_values(struct trace_reader *r)
{
	CHECK(strcmp(trace_reader_fact(r, "command"), "second") == 0, "the later fact holds");
	CHECK(strcmp(trace_reader_fact(r, "host"), "a \x01 b") == 0, "host");
	CHECK(!trace_reader_fact(r, "nothing"), "an unknown fact is NULL");
	CHECK(trace_reader_module_count(r) == 3, "modules");
	const struct trace_module *m = trace_reader_module(r, 2);
	CHECK(strcmp(m->path, "/lib/libx.so") == 0 && m->build_id_bytes == 4 &&
		      memcmp(m->build_id, "\0\1\2\3", 4) == 0 && m->anonymous_process_plus_1 == 1,
	      "module");
	CHECK(trace_reader_process_count(r) == 2, "processes");
	CHECK(trace_reader_process(r, 0)->parent == TRACE_NO_PROCESS, "no parent");
	const struct trace_process *p = trace_reader_process(r, 1);
	CHECK(p->pid == 101 && p->parent == 0 && p->origin == 1 && p->start_ns == 77 &&
		      p->command_bytes == 8 && memcmp(p->command, "prog\0-x", 8) == 0,
	      "process");
	CHECK(trace_reader_allocator_count(r) == 3, "allocators");
	CHECK(strcmp(trace_reader_allocator(r, 2)->name, "pool") == 0, "pool");
	CHECK(trace_reader_allocator(r, 1)->name[0] == '\0', "a gap is empty");
	CHECK(trace_reader_instance_count(r) == 2, "instances");
	const struct trace_instance *a = trace_reader_instance(r, 0);
	CHECK(a->module == 1 && strcmp(a->family, "jemalloc") == 0 && !*a->version &&
		      strcmp(a->prefix, "je_") == 0 && a->linkage == 2 && a->flags == 0 &&
		      a->function_count == 2 && a->functions[0].address == UINT64_MAX &&
		      strcmp(a->functions[1].name, "malloc") == 0 && a->functions[1].flags == 3 &&
		      a->functions[0].hooks == 1 && a->functions[1].hooks == UINT64_MAX &&
		      a->user_count == 2 && a->users[0].flags == TRACE_USER_SERVED &&
		      a->users[1].process == 1 && a->users[1].flags == TRACE_USER_COPIES,
	      "an instance");
	const struct trace_instance *b = trace_reader_instance(r, 1);
	CHECK(b->module == 2 && strcmp(b->version, "5.3.0") == 0 && b->flags == 1 &&
		      b->function_count == 1 && b->user_count == 1 && b->users[0].process == 1,
	      "another one");
	CHECK(trace_reader_instance(r, 2)->module == TRACE_NO_MODULE &&
		      !trace_reader_instance(r, 2)->user_count,
	      "an unknown one is empty");
	CHECK(strcmp(trace_reader_thread(r, 0)->name, "main") == 0, "thread");
	CHECK(trace_reader_thread(r, 9)->name[0] == '\0' &&
		      trace_reader_module(r, 9)->path[0] == '\0' &&
		      trace_reader_process(r, 9)->exe[0] == '\0' && trace_reader_node(r, 1 << 30),
	      "unknown indices give empty records");
}

/* Tables by the index, by scanning (the end is missing), and in the middle of reading. */
static void check_load_tables(const char *path)
{
	struct stream s;
	struct err err = { "" };
	struct stream_shape shape = { .seed = 3,
				      .events = 20000,
				      .slots = 2,
				      .stacks = 40,
				      .random_percent = 20,
				      .flush_every = 900,
				      .extreme = true };
	for (unsigned part = 0; part < 3; part++) {
		stream_write(&s, &shape, path);
		struct trace_reader *r = trace_reader_open(path, &err);
		CHECK(r, "%s", err.text);
		uint64_t size = trace_reader_file_bytes(r);
		trace_reader_close(r);
		if (part == 1)
			CHECK(truncate(path, (off_t)size - 5) == 0, "truncate");
		r = trace_reader_open(path, &err);
		struct trace_event *events = calloc(s.count, sizeof(*events));
		size_t got = 0;
		if (part == 2)
			got = (size_t)trace_reader_next(r, events, 1000, &err);
		CHECK(trace_reader_load_tables(r, &err) == 0, "%s", err.text);
		CHECK(trace_reader_node_count(r) == 3 + s.node_count, "all nodes");
		check_table_values(r);
		for (long n; (n = trace_reader_next(r, events + got, s.count - got, &err)) > 0;)
			got += (size_t)n;
		CHECK(got == s.count, "%zu events of %zu", got, s.count);
		CHECK(!trace_reader_damage(r) == (part != 1), "damage");
		check_table_values(r);
		trace_reader_close(r);
		free(events);
		stream_release(&s);
	}
}

/* A loop takes next to nothing, in chunks that are longer than others and compressed twice. */
static void check_loop(const char *path)
{
	enum { PAIRS = 1500000, PERIOD = 97 };
	struct err err = { "" };
	struct trace_writer *w = trace_writer_open(path, &err);
	CHECK(w, "%s", err.text);
	for (uint64_t i = 0; i < PAIRS; i++) {
		trace_writer_time(w, 100 * i);
		trace_writer_alloc(w, 3, 0, 0, 0, 16 + i % PERIOD * 24, 0);
		trace_writer_free(w, 3, 9, 0, 1, 3, i, false);
	}
	CHECK(trace_writer_close(w, &err) == 0, "%s", err.text);
	struct trace_event e[100];
	struct trace_reader *r = trace_reader_open(path, &err);
	CHECK(r, "%s", err.text);
	CHECK(trace_reader_file_bytes(r) < 6000, "%llu bytes",
	      (unsigned long long)trace_reader_file_bytes(r));
	uint64_t at = 0;
	for (long n; (n = trace_reader_next(r, e, 100, &err)) > 0;) {
		for (long i = 0; i < n; i++, at++) {
			bool alloc = at % 2 == 0;
			CHECK(e[i].op == (alloc ? TRACE_ALLOC : TRACE_FREE) &&
				      e[i].counter == at / 2 && e[i].slot == 3 &&
				      (alloc ? e[i].size == 16 + at / 2 % PERIOD * 24
					     : e[i].block_slot == 3),
			      "event %llu", (unsigned long long)at);
			CHECK(at / 2 * 100 - e[i].time_ns < TRACE_TIME_STEP_NS + 1000, "its time");
		}
	}
	CHECK(at == 2 * PAIRS && !trace_reader_damage(r), "all events");
	trace_reader_close(r);
}

/* The writer mends or leaves out what the reader would refuse. */
static void check_repairs(const char *path)
{
	struct err err = { "" };
	struct trace_writer *w = trace_writer_open(path, &err);
	CHECK(w, "%s", err.text);
	struct trace_node node = { .parent = 99, .module = 5, .offset = 1 };
	trace_writer_node(w, &node);
	trace_writer_alloc(w, 0, 0, 0, 1000, 24, 0);
	trace_writer_alloc(w, TRACE_MAX_SLOTS, 0, 0, 3, 24, 0);
	trace_writer_alloc(w, 0, 200, 0, 3, 24, 0);
	trace_writer_alloc(w, 0, 0, 64, 3, 24, 0);
	trace_writer_alloc(w, 0, 0, 0, 3, 24, TRACE_MAX_ALLOCATORS);
	trace_writer_free(w, 0, 9, 0, 3, TRACE_MAX_SLOTS, 0, false);
	for (unsigned op = 0; op < 256; op++) {
		if (op <= TRACE_FREE_INHERITED)
			continue;
		struct trace_event e = { .op = (uint8_t)op,
					 .role = 255,
					 .flags = 255,
					 .slot = UINT32_MAX,
					 .stack = UINT32_MAX };
		e.process = e.thread = UINT32_MAX;
		trace_writer_event(w, &e);
	}
	struct trace_symbol symbol = { .function = "f" };
	trace_writer_symbols(w, 0, 0, &symbol, 1);
	struct trace_thread thread = { .process = 0 };
	trace_writer_thread(w, 0, &thread);
	struct trace_instance instance = { .module = 0 };
	trace_writer_instance(w, &instance);
	struct trace_finding finding = { .process = 7, .thread = 1, .stack = 50, .made_stack = 3 };
	finding.made_thread = finding.first_thread = TRACE_NO_THREAD;
	trace_writer_finding(w, 1, &finding); /* a gap */
	finding.role = ROLE_COUNT;
	trace_writer_finding(w, 0, &finding);
	finding.role = 0;
	trace_writer_finding(w, 0, &finding); /* process, thread and stack are not there */
	struct trace_leak_group group = { .role = ROLE_COUNT, .stack = 50, .thread = 1, .parent_plus_1 = 1,
					  .allocator = TRACE_MAX_ALLOCATORS, .holder_thread = 2,
					  .holder_module_plus_1 = 5 };
	struct trace_leak_scan scan = { .process = 7, .thread = 1, .groups = &group, .group_count = 1 };
	trace_writer_leak_scan(w, 1, &scan); /* a gap */
	trace_writer_leak_scan(w, 0, &scan); /* nothing that it names is there */
	trace_writer_leak_scan(w, 0, &scan); /* is there already */
	CHECK(trace_writer_repairs(w) == 2 + 6 + 253 + 3 + 5 + 11, "%llu repairs",
	      (unsigned long long)trace_writer_repairs(w));
	CHECK(trace_writer_close(w, &err) == 0, "%s", err.text);
	struct trace_reader *r = trace_reader_open(path, &err);
	struct trace_event e[10];
	CHECK(r && trace_reader_next(r, e, 10, &err) == 1, "one event is left");
	CHECK(e[0].op == TRACE_ALLOC && e[0].stack == 2 && e[0].size == 24, "and mended");
	CHECK(trace_reader_next(r, e, 10, &err) == 0 && !trace_reader_damage(r), "and no damage");
	CHECK(trace_reader_node(r, 3)->parent == 2 &&
		      trace_reader_node(r, 3)->module == TRACE_NO_MODULE,
	      "the node is mended");
	const struct trace_finding *f = trace_reader_finding(r, 0);
	CHECK(trace_reader_finding_count(r) == 1 && f->process == TRACE_NO_PROCESS &&
		      f->thread == TRACE_NO_THREAD && f->made_thread == TRACE_NO_THREAD &&
		      f->stack == NODE_UNKNOWN && f->made_stack == 3,
	      "the finding is mended");
	const struct trace_leak_scan *s = trace_reader_leak_scan(r, 0);
	CHECK(trace_reader_leak_scan_count(r) == 1 && s->process == TRACE_NO_PROCESS &&
		      s->thread == TRACE_NO_THREAD && s->group_count == 1,
	      "the leak scan is mended");
	const struct trace_leak_group *g = s->groups;
	CHECK(g->stack == NODE_UNKNOWN && g->thread == TRACE_NO_THREAD && g->parent_plus_1 == 0 &&
		      g->allocator == 0 && g->holder_thread == TRACE_NO_THREAD &&
		      g->holder_module_plus_1 == 0,
	      "and its group");
	trace_reader_close(r);
}

/* What there is no room for is counted. */
static void check_cut_groups(const char *path)
{
	enum { GROUPS = TRACE_MAX_LEAK_GROUPS + 10 };
	struct err err = { "" };
	struct trace_writer *w = trace_writer_open(path, &err);
	CHECK(w, "%s", err.text);
	struct trace_leak_group *groups = mem_zalloc(GROUPS, sizeof(*groups));
	for (uint32_t i = 0; i < GROUPS; i++) {
		groups[i] = (struct trace_leak_group){ .blocks = 1, .bytes = 3, .address = UINT64_MAX - i };
		groups[i].thread = groups[i].holder_thread = TRACE_NO_THREAD;
	}
	struct trace_leak_scan scan = { .process = TRACE_NO_PROCESS,
					.thread = TRACE_NO_THREAD,
					.groups = groups,
					.group_count = GROUPS,
					.cut_groups = 2,
					.cut = { 5, 6 } };
	/* So many of them do not fit into one chunk together. */
	for (uint32_t i = 0; i < 30; i++)
		trace_writer_leak_scan(w, i, &scan);
	CHECK(trace_writer_repairs(w) == 0, "repairs");
	CHECK(trace_writer_close(w, &err) == 0, "%s", err.text);
	struct trace_reader *r = trace_reader_open(path, &err);
	CHECK(r && trace_reader_load_tables(r, &err) == 0 && !trace_reader_damage(r), "%s", err.text);
	CHECK(trace_reader_leak_scan_count(r) == 30, "all scans");
	const struct trace_leak_scan *s = trace_reader_leak_scan(r, 29);
	CHECK(s->group_count == TRACE_MAX_LEAK_GROUPS && s->cut_groups == 12 &&
		      s->cut.blocks == 15 && s->cut.bytes == 36,
	      "what was cut");
	CHECK(s->groups[TRACE_MAX_LEAK_GROUPS - 1].address ==
		      UINT64_MAX - (TRACE_MAX_LEAK_GROUPS - 1),
	      "the last group");
	trace_reader_close(r);
	free(groups);
}

int main(void)
{
	char *path = stream_temp_path("roundtrip");
	check_streams(path);
	check_parts(path);
	check_symbols(path);
	check_load_tables(path);
	check_loop(path);
	check_repairs(path);
	check_cut_groups(path);
	unlink(path);
	free(path);
	return 0;
}
