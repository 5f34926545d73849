/* leaks-sample.c - writes the traces that tests/leaks-report.tap reads.
 *
 *	leaks-sample OUT [WHAT]
 *
 * full     every kind, a tree, a ring, holders of each kind, two processes, several scans (default)
 * clean    nothing lost
 * hostile  names that would move the cursor, numbers as large as they come
 * failed   a scan that could not be made
 * none     no scan: killed by SIGKILL
 * nopoint  no scan: --leak-point=none
 * limit    no scan: the recording was cut
 * own      as full, with suppressions that the program has given, some of them wrong
 * deep     a chain of indirect groups, each held by the one before
 * variable FILE ADDRESS  reachable by variables of the file, which has no build-id
 * large N  N allocation events, and a scan */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/trace/check.h"
#include "trace/trace.h"
#include "util/mem.h"
#include "wire/events.h"
#include "wire/roles.h"
#include "wire/scans.h"
#include "wire/session.h"

enum { APP, LIB, LIBC, MODULES };
enum { MILLISECOND = 1000000 };

static struct trace_writer *w;
static uint32_t next_node = NODE_FIRST;

static uint32_t add_node(uint32_t parent, uint32_t module, uint64_t offset, const char *function,
			 const char *file, uint32_t line)
{
	trace_writer_node(w, &(struct trace_node){ parent, module, offset });
	if (function)
		trace_writer_symbols(w, module, offset,
				     &(struct trace_symbol){ function, file, line, false }, 1);
	return next_node++;
}

static void add_event(struct trace_event e)
{
	trace_writer_event(w, &e);
}

static void start_process(uint32_t index, uint32_t pid, const char *exe)
{
	trace_writer_process(w, &(struct trace_process){ .pid = pid,
							 .parent = index ? 0 : TRACE_NO_PROCESS,
							 .origin = index ? 1 : 0,
							 .exe = exe,
							 .command = "server\0--all",
							 .command_bytes = 12 });
	add_event((struct trace_event){ .op = TRACE_PROCESS_START, .process = index });
}

static void start_thread(uint32_t number, uint32_t process, uint32_t tid, const char *name)
{
	add_event((struct trace_event){
		.op = TRACE_THREAD_START, .slot = number, .process = process, .thread = number });
	trace_writer_thread(w, number, &(struct trace_thread){ process, tid, name });
}

struct places {
	uint32_t main_, load, parse, parse_again, node, cache, plugin, hidden;
};

static struct places places;

static void add_tables(const char *app)
{
	static const uint8_t id[20] = { 1, 2, 3 };
	trace_writer_fact(w, "command", "server --all");
	trace_writer_module(w, &(struct trace_module){ app, id, 20, 0 });
	trace_writer_module(w, &(struct trace_module){ "/opt/libplug.so", id, 20, 0 });
	trace_writer_module(w, &(struct trace_module){ "/lib/libc.so.6", id, 20, 0 });
	uint32_t start =
		add_node(NODE_ROOT, LIBC, 0x27249, "__libc_start_main", "../csu/libc-start.c", 360);
	places.main_ = add_node(start, APP, 0x1000, "main", "/src/main.c", 12);
	places.load = add_node(places.main_, APP, 0x1100, "load_file", "/src/load.c", 56);
	places.parse = add_node(places.load, APP, 0x1200, "Parser::parse(char const*)",
				"/src/parse.cc", 78);
	places.parse_again = add_node(places.load, APP, 0x1200, NULL, NULL, 0);
	places.node =
		add_node(places.parse, APP, 0x1300, "Parser::make_node()", "/src/parse.cc", 90);
	places.cache = add_node(places.main_, APP, 0x1400, "cache_fill", "/src/cache.c", 7);
	places.plugin = add_node(places.main_, LIB, 0x500, "plug_init", "/src/plug.c", 3);
	places.hidden = add_node(places.plugin, LIB, 0xbeef, NULL, NULL, 0);
	trace_writer_allocator(
		w, 0,
		&(struct trace_allocator){ .name = "/lib/libc.so.6", .process = TRACE_NO_PROCESS });
	trace_writer_allocator(w, 1,
			       &(struct trace_allocator){ .name = "jemalloc 5.3.0 in libplug.so",
							  .process = 0,
							  .kind = TRACE_ALLOCATOR_INSTANCE,
							  .module_plus_1 = LIB + 1 });
}

static struct trace_leak_group group(unsigned kind, unsigned role, uint32_t stack, uint64_t blocks,
				     uint64_t bytes)
{
	return (struct trace_leak_group){ .kind = (uint8_t)kind,
					  .role = (uint8_t)role,
					  .stack = stack,
					  .blocks = blocks,
					  .bytes = bytes,
					  .least_bytes = bytes / blocks,
					  .most_bytes = bytes / blocks,
					  .youngest_ns = 20 * MILLISECOND,
					  .oldest_ns = UINT64_C(3000) * MILLISECOND,
					  .sum_ns = blocks * 1000 * MILLISECOND,
					  .address = 0x555500001000 + bytes,
					  .holder_thread = TRACE_NO_THREAD };
}

static struct trace_leak_scan scan_of(uint32_t process, uint32_t reason,
				      const struct trace_leak_group *groups, uint32_t count)
{
	struct trace_leak_scan s = { .process = process,
				     .thread = TRACE_NO_THREAD,
				     .reason = reason,
				     .method = SCAN_BY_PTRACE,
				     .time_ns = 9 * MILLISECOND,
				     .stopped_ns = 3 * MILLISECOND / 2,
				     .took_ns = 2 * MILLISECOND,
				     .root_bytes = 1 << 20,
				     .label = "",
				     .problem = "",
				     .groups = groups,
				     .group_count = count };
	for (uint32_t i = 0; i < count; i++) {
		if (groups[i].kind >= LEAK_KINDS)
			continue;
		s.kinds[groups[i].kind].blocks += groups[i].blocks;
		s.kinds[groups[i].kind].bytes += groups[i].bytes;
	}
	return s;
}

static uint32_t scans;

static void add_scan(const struct trace_leak_scan *s)
{
	trace_writer_leak_scan(w, scans, s);
	add_event((struct trace_event){
		.op = TRACE_LEAK_SCAN, .process = s->process, .value = scans++ });
}

static void end_process(uint32_t process, uint64_t status)
{
	add_event((struct trace_event){
		.op = TRACE_PROCESS_END, .process = process, .value = status });
}

/* What is lost: a tree of the parser's, a ring, a block of the plugin's jemalloc. */
static uint32_t add_lost(struct trace_leak_group *g)
{
	uint32_t n = 0;
	g[n] = group(LEAK_DEFINITE, ROLE_NEW, places.parse, 3, 300);
	g[n].least_bytes = 80;
	g[n].most_bytes = 120;
	g[n].indirect_blocks = 6;
	g[n].indirect_bytes = 464;
	g[n].peek = (const uint8_t *)"GET /index.html\0\x01\xff\x7f tail";
	g[n++].peek_bytes = 24;
	g[n] = group(LEAK_INDIRECT, ROLE_NEW, places.node, 4, 400);
	g[n].holder = HOLDER_BLOCK;
	g[n++].parent_plus_1 = 1;
	g[n] = group(LEAK_INDIRECT, ROLE_MALLOC, places.load, 2, 64);
	g[n].holder = HOLDER_BLOCK;
	g[n++].parent_plus_1 = 2;
	g[n] = group(LEAK_DEFINITE, ROLE_MALLOC, places.hidden, 2, 96);
	g[n].flags = LEAK_IN_CYCLE;
	g[n].allocator = 1;
	g[n].youngest_ns = g[n].oldest_ns;
	g[n++].thread = 1;
	/* The same place as the first, by another node and thread. */
	g[n] = group(LEAK_DEFINITE, ROLE_NEW_ARRAY, places.parse_again, 1, 50);
	g[n++].thread = 1;
	g[n] = group(LEAK_POSSIBLE, ROLE_CALLOC, places.cache, 1, 4096);
	g[n].flags = LEAK_POINTED_BY_OTHERS;
	g[n].holder = HOLDER_STACK;
	g[n].holder_address = 0x7ffe00001000;
	g[n++].holder_thread = 0;
	return n;
}

static uint32_t add_reachable(struct trace_leak_group *g)
{
	static const uint8_t holders[] = {
		HOLDER_REGISTER, HOLDER_TLS, HOLDER_MODULE, HOLDER_MAPPING, HOLDER_ROOT,
		HOLDER_BLOCK,	 99
	};
	const uint32_t stacks[] = { places.main_, places.load,	 places.parse, places.node,
				    places.cache, places.plugin, places.hidden };
	for (uint32_t i = 0; i < 7; i++) {
		g[i] = group(LEAK_REACHABLE, ROLE_MALLOC, stacks[i], 1, 1000 - i);
		g[i].holder = holders[i];
		g[i].holder_address = 0x4010 + 16 * i;
		g[i].holder_thread = 1;
	}
	g[0].flags = LEAK_BY_HEURISTIC;
	g[2].holder_module_plus_1 = LIB + 1;
	g[5].parent_plus_1 = 1;
	return 7;
}

static void write_full(void)
{
	struct trace_leak_group g[32];
	start_process(1, 1002, "/opt/bin/child");
	start_process(2, 1003, "/opt/bin/killed");
	/* At a mark less was lost. */
	g[0] = group(LEAK_DEFINITE, ROLE_MALLOC, places.cache, 1, 10);
	struct trace_leak_scan s = scan_of(0, SCAN_AT_MARK, g, 1);
	s.label = "after warm-up";
	s.method = SCAN_BY_SNAPSHOT;
	add_scan(&s);
	g[0] = group(LEAK_DEFINITE, ROLE_NEW, places.parse, 1, 100);
	s = scan_of(1, SCAN_AT_EXIT, g, 1);
	s.method = SCAN_INSIDE;
	s.inherited = (struct trace_leak_sum){ 4, 350 };
	s.unreadable_bytes = 8192;
	add_scan(&s);
	uint32_t n = add_lost(g);
	n += add_reachable(g + n);
	s = scan_of(0, SCAN_AT_EXIT, g, n);
	s.ignored = (struct trace_leak_sum){ 1, 5 };
	s.older = (struct trace_leak_sum){ 2, 6 };
	s.changing_pages = 1;
	s.cut_groups = 3;
	s.cut = (struct trace_leak_sum){ 5, 555 };
	s.kinds[LEAK_REACHABLE].blocks += 5;
	s.kinds[LEAK_REACHABLE].bytes += 555;
	add_scan(&s);
	/* A test's scope afterwards, in an exit handler say: not what a report is about. */
	s = scan_of(0, SCAN_BY_API, g, 1);
	s.label = "Suite.Case";
	add_scan(&s);
	end_process(2, 9);
	end_process(1, 0);
	end_process(0, 0);
}

static void write_own(void)
{
	trace_writer_fact(w, "suppressions", "leak:Parser::parse\n# a remark\nnonsense\nleak:\n");
	write_full();
}

static void write_clean(void)
{
	struct trace_leak_group g[8];
	struct trace_leak_scan s = scan_of(0, SCAN_AT_EXIT, g, add_reachable(g));
	add_scan(&s);
	end_process(0, 0);
}

static void write_hostile(void)
{
	static uint8_t content[TRACE_MAX_PEEK_BYTES];
	struct trace_leak_group g[40];
	memset(content, 0x1b, sizeof(content));
	uint32_t evil = add_node(places.main_, APP, 0x2000, "evil\033[2J\nname\r",
				 "/src/\033]0;x\007\n", 1);
	uint32_t odd = add_node(NODE_UNKNOWN, TRACE_NO_MODULE, UINT64_MAX, NULL, NULL, 0);
	const uint32_t stacks[] = { evil, odd, NODE_ROOT, NODE_TRUNCATED, NODE_UNKNOWN };
	for (uint32_t i = 0; i < 40; i++) {
		g[i] = group(i % 7, i % ROLE_COUNT, stacks[i % 5], 1, 1);
		g[i].bytes = g[i].blocks = g[i].indirect_bytes = UINT64_MAX - i % 3;
		g[i].least_bytes = UINT64_MAX;
		g[i].most_bytes = i;
		g[i].youngest_ns = UINT64_MAX;
		g[i].sum_ns = UINT64_MAX;
		g[i].flags = 255;
		g[i].holder = (uint8_t)i;
		g[i].allocator = i % 3 * 30000;
		g[i].parent_plus_1 = i;
		g[i].holder_module_plus_1 = i % 4;
		g[i].peek = content;
		g[i].peek_bytes = sizeof(content);
	}
	struct trace_leak_scan s = scan_of(0, 77, g, 40);
	s.method = 88;
	s.label = "label\033[2J\n";
	s.problem = "problem\033[2J\n";
	for (unsigned i = 0; i < TRACE_LEAK_KINDS; i++)
		s.kinds[i] = (struct trace_leak_sum){ UINT64_MAX, UINT64_MAX };
	s.cut = s.inherited = s.ignored = s.older = s.kinds[0];
	s.stopped_ns = s.unreadable_bytes = s.changing_pages = UINT64_MAX;
	add_scan(&s);
	s.process = TRACE_NO_PROCESS;
	trace_writer_leak_scan(w, scans++, &s);
}

static void write_failed(void)
{
	struct trace_leak_scan s = scan_of(0, SCAN_AT_EXIT, NULL, 0);
	s.method = SCAN_IMPOSSIBLE;
	s.problem = "ptrace was refused, and the process could not stop its threads";
	trace_writer_alloc(w, 0, ROLE_MALLOC, 0, places.load, 64, 0);
	add_scan(&s);
	end_process(0, 0);
}

static void write_none(void)
{
	trace_writer_alloc(w, 0, ROLE_MALLOC, 0, places.load, 64, 0);
	trace_writer_alloc(w, 0, ROLE_MALLOC, 0, places.load, 64, 0);
	trace_writer_alloc(w, 0, ROLE_NEW, 0, places.cache, 1000, 0);
	trace_writer_alloc(w, 0, ROLE_NEW, 0, places.parse, 1, 0);
	trace_writer_free(w, 0, ROLE_DELETE, 0, places.main_, 0, 3, false);
	end_process(0, 9);
}

static void write_nopoint(void)
{
	trace_writer_fact(w, "options", "--leak-point=none");
	trace_writer_alloc(w, 0, ROLE_MALLOC, 0, places.load, 64, 0);
	end_process(0, 0);
}

static void write_limit(void)
{
	trace_writer_fact(w, "ended", "limit");
	trace_writer_alloc(w, 0, ROLE_MALLOC, 0, places.load, 64, 0);
}

static void write_deep(void)
{
	enum { DEPTH = 20000 };
	struct trace_leak_group *g = mem_zalloc(DEPTH, sizeof(*g));
	for (uint32_t i = 0; i < DEPTH; i++) {
		/* Other stacks for each: nothing merges. */
		uint32_t stack = add_node(places.main_, LIB, 0x10000 + i, NULL, NULL, 0);
		g[i] = group(i ? LEAK_INDIRECT : LEAK_DEFINITE, ROLE_MALLOC, stack, 1, 16);
		g[i].parent_plus_1 = i;
	}
	g[0].indirect_blocks = DEPTH - 1;
	g[0].indirect_bytes = 16 * (DEPTH - 1);
	struct trace_leak_scan s = scan_of(0, SCAN_AT_EXIT, g, DEPTH);
	add_scan(&s);
	free(g);
}

static void write_large(uint64_t events)
{
	struct trace_leak_group g[8];
	uint64_t state = 1;
	for (uint64_t i = 0; i < events; i++) {
		state = state * 6364136223846793005 + 1442695040888963407;
		trace_writer_alloc(w, 0, ROLE_MALLOC, 0, places.load + (uint32_t)(state >> 62),
				   state >> 50, 0);
	}
	struct trace_leak_scan s = scan_of(0, SCAN_AT_EXIT, g, add_lost(g));
	add_scan(&s);
}

static void write_variable(const char *file, const char *address)
{
	struct trace_leak_group g[2];
	trace_writer_module(w, &(struct trace_module){ file, (const uint8_t *)"", 0, 0 });
	for (uint32_t i = 0; i < 2; i++) {
		g[i] = group(LEAK_REACHABLE, ROLE_MALLOC, i ? places.load : places.cache, 1,
			     10 + i);
		g[i].holder = HOLDER_MODULE;
		g[i].holder_address = strtoull(address, NULL, 16) + 8 * i;
		g[i].holder_module_plus_1 = MODULES + 1;
	}
	struct trace_leak_scan s = scan_of(0, SCAN_AT_EXIT, g, 2);
	add_scan(&s);
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[2] : "full";
	struct err err = { "" };
	CHECK(argc > 1, "usage: leaks-sample OUT [WHAT]");
	w = trace_writer_open(argv[1], &err);
	CHECK(w, "%s", err.text);
	add_tables(strcmp(what, "hostile") ? "/opt/bin/server" : "/opt/bin/\033[2Jserver\n");
	start_process(0, 1001, strcmp(what, "hostile") ? "/opt/bin/server" : "/bin/\033[2J\n");
	start_thread(0, 0, 1001, "server");
	start_thread(1, 0, 1011, strcmp(what, "hostile") ? "worker" : "\033[2J\n");
	trace_writer_time(w, 5 * MILLISECOND);
	if (strcmp(what, "full") == 0)
		write_full();
	else if (strcmp(what, "own") == 0)
		write_own();
	else if (strcmp(what, "clean") == 0)
		write_clean();
	else if (strcmp(what, "hostile") == 0)
		write_hostile();
	else if (strcmp(what, "failed") == 0)
		write_failed();
	else if (strcmp(what, "none") == 0)
		write_none();
	else if (strcmp(what, "nopoint") == 0)
		write_nopoint();
	else if (strcmp(what, "limit") == 0)
		write_limit();
	else if (strcmp(what, "deep") == 0)
		write_deep();
	else if (strcmp(what, "variable") == 0 && argc > 4)
		write_variable(argv[3], argv[4]);
	else if (strcmp(what, "large") == 0 && argc > 3)
		write_large(strtoull(argv[3], NULL, 10));
	else
		CHECK(false, "what is %s?", what);
	CHECK(trace_writer_close(w, &err) == 0, "%s", err.text);
	return 0;
}
