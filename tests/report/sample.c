/* sample.c - writes the traces that the tests of report, info and dump read.
 *
 *	sample OUT              the golden one: everything a trace can hold, the same every time
 *	sample OUT SEED EVENTS  a random but lawful one, to be checked against a model
 *	sample OUT SEED         one that lies wherever the format lets it */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/analysis/test_stream.h"
#include "trace/trace.h"
#include "wire/events.h"
#include "wire/findings.h"
#include "wire/roles.h"
#include "wire/session.h"

enum { SERVER, PLUGIN, LIBC, STRIPPED, JIT, MODULES };

static struct trace_writer *w;

static void add_module(const char *path, uint8_t id, uint32_t anonymous_process_plus_1)
{
	uint8_t build_id[20];
	memset(build_id, id, sizeof(build_id));
	trace_writer_module(
		w, &(struct trace_module){ path, build_id, id ? 20 : 0, anonymous_process_plus_1 });
}

static uint32_t next_node = NODE_FIRST;

static uint32_t add_node(uint32_t parent, uint32_t module, uint64_t offset)
{
	trace_writer_node(w, &(struct trace_node){ parent, module, offset });
	return next_node++;
}

static void add_symbol(uint32_t module, uint64_t offset, const char *function, const char *file,
		       uint32_t line)
{
	trace_writer_symbols(w, module, offset,
			     &(struct trace_symbol){ function, file, line, false }, 1);
}

static void add_event(enum trace_op op, struct trace_event e)
{
	e.op = (uint8_t)op;
	trace_writer_event(w, &e);
}

static void start_process(uint32_t pid, uint32_t parent, uint32_t origin, const char *exe,
			  const char *command, uint32_t bytes)
{
	static uint32_t count;
	trace_writer_process(
		w, &(struct trace_process){ pid, parent, origin, 0, exe, command, bytes });
	add_event(TRACE_PROCESS_START, (struct trace_event){ .process = count++ });
}

static void start_thread(uint32_t slot, uint32_t process, uint32_t tid, const char *name)
{
	static uint32_t count;
	add_event(TRACE_THREAD_START,
		  (struct trace_event){ .slot = slot, .process = process, .thread = count });
	trace_writer_thread(w, count++, &(struct trace_thread){ process, tid, name });
}

/* Where things are called from, innermost first in the comments. */
struct places {
	uint32_t start, main_, serve, load, insert, grow, adapter, strdup_, plugin, plugin_other,
		stripped, jit, deep, lost;
};

static struct places add_nodes(void)
{
	struct places p;
	p.start = add_node(NODE_ROOT, LIBC, 0x27249);
	p.main_ = add_node(p.start, SERVER, 0x1000);
	p.serve = add_node(p.main_, SERVER, 0x1100); /* main */
	p.load = add_node(p.serve, SERVER, 0x1200);  /* serve, main */
	p.insert = add_node(p.load, SERVER, 0x1300);
	p.grow = add_node(p.insert, SERVER, 0x1400);  /* two inlined frames */
	p.adapter = add_node(p.grow, SERVER, 0x1500); /* std:: */
	p.strdup_ = add_node(p.load, LIBC, 0x8f00);   /* strdup in libc */
	p.plugin = add_node(p.serve, PLUGIN, 0x500);
	p.plugin_other = add_node(p.serve, PLUGIN, 0x504); /* reads the same as the one before */
	p.stripped = add_node(p.main_, STRIPPED, 0xbeef);
	p.jit = add_node(p.stripped, JIT, 0x7f0000001234);
	p.deep = add_node(NODE_TRUNCATED, SERVER, 0x1300);
	p.lost = add_node(NODE_UNKNOWN, SERVER, 0x1200);
	return p;
}

static void add_symbols(void)
{
	const struct trace_symbol grow[] = {
		{ "(anonymous namespace)::Table::reserve(unsigned long)", "/src/app/table.h", 41,
		  true },
		{ "Table::grow()", "/src/app/table.h", 77, true },
		{ "Table::insert(std::basic_string_view<char, std::char_traits<char> >, int)",
		  "/src/app/table.cc", 120, false },
	};
	add_symbol(LIBC, 0x27249, "__libc_start_main", "../csu/libc-start.c", 360);
	add_symbol(LIBC, 0x8f00, "strdup", "strdup.c", 42);
	add_symbol(SERVER, 0x1000, "_start", NULL, 0);
	add_symbol(SERVER, 0x1100, "main", "/src/app/main.c", 12);
	add_symbol(SERVER, 0x1200, "serve", "/src/app/main.c", 34);
	add_symbol(SERVER, 0x1300, "load_file", "/src/app/load.c", 56);
	trace_writer_symbols(w, SERVER, 0x1400, grow, 3);
	add_symbol(
		SERVER, 0x1500,
		"void std::vector<std::pair<std::string, std::map<int, std::shared_ptr<Entry> > >, "
		"std::allocator<std::pair<std::string, std::map<int, std::shared_ptr<Entry> > > > "
		">::_M_realloc_insert<std::pair<std::string, int> >(__gnu_cxx::__normal_iterator"
		"<std::pair<std::string, int>*>, std::pair<std::string, int>&&)",
		"/usr/include/c++/12/bits/vector.tcc", 440);
	add_symbol(PLUGIN, 0x500, "plug\033[31min", "/src/plug\n/in.c", 7);
	add_symbol(PLUGIN, 0x504, "plug\033[31min", "/src/plug\n/in.c", 7);
}

static void alloc(uint32_t slot, uint32_t stack, uint64_t size)
{
	trace_writer_alloc(w, slot, ROLE_MALLOC, 0, stack, size, 0);
}

static void release(uint32_t slot, uint32_t site, uint32_t block_slot, uint64_t counter)
{
	trace_writer_free(w, slot, ROLE_FREE, 0, site, block_slot, counter, false);
}

/* Slot 0: 100 temporary blocks, a table that grows by realloc, strings, then the plugin. */
static uint64_t main_thread(const struct places *p)
{
	uint64_t counter = 0;
	for (unsigned i = 0; i < 100; i++, counter++) {
		trace_writer_time(w, 1000000 + i * 1000);
		alloc(0, p->load, 100 + i);
		release(0, p->load, 0, counter);
	}
	trace_writer_alloc(w, 0, ROLE_NEW, 0, p->adapter, 1000, 0);
	for (unsigned i = 0; i < 8; i++, counter++) {
		trace_writer_time(w, 2000000 + i * 1000);
		trace_writer_free(w, 0, ROLE_REALLOC, EVENT_FLAG_REALLOC, p->insert, 0, counter,
				  false);
		trace_writer_alloc(w, 0, ROLE_REALLOC, EVENT_FLAG_REALLOC, p->grow, 4000 << i, 0);
	}
	counter++;
	for (unsigned i = 0; i < 50; i++, counter++)
		alloc(0, p->strdup_, 20 + i);
	trace_writer_time(w, 3000000);
	alloc(0, p->plugin, 3000);
	alloc(0, p->plugin_other, 3000);
	alloc(0, p->stripped, 70000);
	alloc(0, p->jit, 5000);
	alloc(0, p->deep, 60);
	alloc(0, p->lost, 50);
	return counter + 6;
}

static const char server_command[] = "server\0--name\0two words\0--quote\0it's";

static void add_facts_and_modules(void)
{
	trace_writer_fact(w, "host", "example");
	trace_writer_fact(w, "kernel", "Linux 6.1.0 x86_64");
	trace_writer_fact(w, "tool", "alloctrace 0.1.0");
	trace_writer_fact(w, "cwd", "/home/user");
	trace_writer_fact(w, "started", "2026-01-02T03:04:05Z");
	trace_writer_fact(w, "ended", "exit");
	trace_writer_allocator(
		w, 0,
		&(struct trace_allocator){ .name = "/lib/libc.so.6", .process = TRACE_NO_PROCESS });
	add_module("/opt/app/server", 0x11, 0);
	add_module("/opt/app/lib/libplug.so.1", 0x22, 0);
	add_module("/lib/libc.so.6", 0x33, 0);
	add_module("/opt/app/libstripped.so", 0x44, 0);
}

/* The first process and its nodes. */
static struct places start_server(void)
{
	start_process(1000, TRACE_NO_PROCESS, PROCESS_FROM_EXEC, "/opt/app/server", server_command,
		      sizeof(server_command));
	add_module("", 0, 1);
	const struct places p = add_nodes();
	for (uint32_t i = 0; i < MODULES - 1; i++)
		add_event(TRACE_MODULE,
			  (struct trace_event){ .process = 0,
						.module = i,
						.value = 0x7f0000000000 + i * 0x100000 });
	start_thread(0, 0, 1000, "server");
	return p;
}

/* A second thread with a scope, which frees a block of the first; a mark; a pool. `counter`: how
 * many blocks the first thread had. */
static void worker_thread(const struct places *p, uint64_t counter)
{
	start_thread(1, 0, 1001, "worker");
	add_event(TRACE_MARK,
		  (struct trace_event){ .slot = 1, .role = MARK_SCOPE_BEGIN, .text = "request" });
	for (unsigned i = 0; i < 20; i++)
		alloc(1, p->insert, 333);
	release(1, p->serve, 0, counter - 1);
	trace_writer_time(w, 4500000);
	add_event(TRACE_MARK,
		  (struct trace_event){ .slot = 1, .role = MARK_SCOPE_END, .text = "request" });
	add_event(TRACE_MARK,
		  (struct trace_event){ .slot = 0, .role = MARK_POINT, .text = "cache\twarm" });
	trace_writer_allocator(w, 1, &(struct trace_allocator){ .name = "arena" });
	for (unsigned i = 0; i < 10; i++)
		trace_writer_alloc(w, 0, ROLE_POOL_ALLOC, 0, p->load, 64, 1);
	trace_writer_free(w, 0, ROLE_POOL_FREE, 0, p->load, 0, counter + 3, false);
}

static void map_memory(const struct places *p)
{
	add_event(TRACE_MAP, (struct trace_event){ .slot = 0,
						   .role = ROLE_MMAP,
						   .stack = p->load,
						   .size = 1 << 20,
						   .address = 0x7e0000000000 });
	add_event(TRACE_MAP, (struct trace_event){ .slot = 0,
						   .role = ROLE_MUNMAP,
						   .stack = p->load,
						   .size = 4096,
						   .address = 0x7e0000004000 });
	add_event(TRACE_MAP, (struct trace_event){ .slot = 0,
						   .role = ROLE_MUNMAP,
						   .flags = EVENT_FLAG_REALLOC,
						   .stack = p->deep,
						   .size = 8192,
						   .address = 0x7e0000008000 });
	add_event(TRACE_MAP, (struct trace_event){ .slot = 0,
						   .role = ROLE_MREMAP,
						   .flags = EVENT_FLAG_REALLOC,
						   .stack = p->deep,
						   .size = 200000,
						   .address = 0x7d0000000000 });
}

static void tell(uint32_t slot, uint32_t number, const struct trace_finding *f)
{
	trace_writer_finding(w, number, f);
	add_event(TRACE_FINDING, (struct trace_event){ .slot = slot, .value = number });
}

/* One of each kind of story: another function's block, a second free, no block at all. */
static void wrong_frees(const struct places *p)
{
	struct trace_finding f = { .class = FINDING_MISMATCH,
				   .outcome = FINDING_TO_OWNER,
				   .flags = FINDING_HAS_BLOCK,
				   .role = ROLE_FREE,
				   .made_role = ROLE_NEW_ARRAY,
				   .thread = 1,
				   .made_thread = 0,
				   .first_thread = TRACE_NO_THREAD,
				   .stack = p->plugin,
				   .made_stack = p->adapter,
				   .address = 0x555555700010,
				   .size = 1000,
				   .age_ns = 100000000,
				   .time_ns = 4500000,
				   .count = 1 };
	tell(1, 0, &f);
	f.count = 1200;
	trace_writer_finding(w, 0, &f);
	f = (struct trace_finding){ .class = FINDING_DOUBLE,
				    .outcome = FINDING_SWALLOWED,
				    .flags = FINDING_HAS_BLOCK | FINDING_WAS_FREED,
				    .role = ROLE_DELETE_SIZED,
				    .made_role = ROLE_NEW,
				    .made_thread = TRACE_NO_THREAD,
				    .first_thread = 1,
				    .stack = p->grow,
				    .made_stack = p->stripped,
				    .first_site = p->jit,
				    .address = 0x555555700020,
				    .size = 1,
				    .time_ns = 4500000,
				    .count = 3 };
	tell(0, 1, &f);
	f = (struct trace_finding){ .class = FINDING_STACK,
				    .outcome = FINDING_SWALLOWED,
				    .role = ROLE_REALLOC,
				    .made_thread = TRACE_NO_THREAD,
				    .first_thread = TRACE_NO_THREAD,
				    .stack = p->lost,
				    .address = 0x7fffffffe010,
				    .time_ns = 4500000,
				    .count = 1 };
	tell(0, 2, &f);
}

/* A child by fork, which dies by a signal, and a program that it started. */
static void other_processes(const struct places *p, uint64_t counter)
{
	trace_writer_time(w, 5000000);
	start_process(1002, 0, PROCESS_FROM_FORK, "/opt/app/server", server_command,
		      sizeof(server_command));
	start_thread(2, 1, 1002, "server");
	alloc(2, p->serve, 12345);
	trace_writer_free(w, 2, ROLE_FREE, 0, p->serve, 0, counter - 2, true);
	add_event(TRACE_PROCESS_END, (struct trace_event){ .process = 1, .value = 11 });
	start_process(1003, 1, PROCESS_FROM_EXEC, "/bin/helper", "helper", 7);
	start_thread(3, 2, 1003, "");
	add_event(TRACE_LOSS, (struct trace_event){ .process = 2,
						    .value = 5,
						    .role = TRACE_LOSS_UNTRACKED_FREES });
}

static void golden(void)
{
	add_facts_and_modules();
	const struct places p = start_server();
	uint64_t counter = main_thread(&p);
	worker_thread(&p, counter);
	map_memory(&p);
	wrong_frees(&p);
	other_processes(&p, counter);
	trace_writer_time(w, 1500000000);
	release(0, p.main_, 0, 9999);
	add_event(TRACE_PROCESS_END, (struct trace_event){ .process = 0, .value = 3 << 8 });
	add_symbols();
}

static void write_stream(const struct stream *s, unsigned stacks, unsigned pools)
{
	static const char *const pool_names[] = { "heap", "p1", "p2", "p3" };
	for (unsigned i = 0; i <= pools; i++)
		trace_writer_allocator(w, i,
				       &(struct trace_allocator){ .name = pool_names[i],
								  .process = TRACE_NO_PROCESS });
	add_module("/bin/random", 1, 0);
	/* A tree of nodes: the parent of node i is node i / 2. */
	for (unsigned i = 0; i < stacks; i++)
		add_node(i ? NODE_FIRST + i / 2 : NODE_ROOT, 0, 0x1000 + i);
	for (size_t i = 0; i < s->count; i++) {
		const struct trace_event *e = &s->events[i];
		trace_writer_time(w, e->time_ns);
		if (e->op == TRACE_ALLOC)
			trace_writer_alloc(w, e->slot, e->role, e->flags, e->stack, e->size,
					   e->allocator);
		else if (e->op == TRACE_FREE || e->op == TRACE_FREE_INHERITED)
			trace_writer_free(w, e->slot, e->role, e->flags, NODE_FIRST, e->block_slot,
					  e->counter, e->op == TRACE_FREE_INHERITED);
		else if (e->op == TRACE_PROCESS_START)
			start_process(100 + e->process, e->process ? 0 : TRACE_NO_PROCESS,
				      e->process != 0, "/bin/random", "random", 7);
		else if (e->op == TRACE_THREAD_START)
			start_thread(e->slot, e->process, 1000 + e->thread, "");
		else
			add_event((enum trace_op)e->op, *e);
	}
}

static void random_trace(uint64_t seed, uint64_t events)
{
	struct stream stream;
	const struct stream_shape shape = {
		.seed = seed,
		.events = events,
		.slots = 1 + seed % 5,
		.stacks = 40,
		.pools = seed % 4,
		.live = 100,
		.keep = 40,
		.forget = seed % 2 ? 300 : 0,
		.max_size = 100000,
	};
	stream_make(&stream, &shape);
	write_stream(&stream, shape.stacks, shape.pools);
	stream_release(&stream);
}

/* ---- one that lies ---- */

enum { HOSTILE_NODES = 30000, HOSTILE_PROCESSES = 300, LONG_NAME_BYTES = 2000 };

static const char *hostile_text(uint64_t bits)
{
	static char endless[LONG_NAME_BYTES + 1];
	static const char *const texts[] = {
		"",	     "\033]0;title\007", "\xff\xfe",	"a<b<c<d<(((", "))))>>>>",
		"../../../", "\u202e\n\t\r",	 "%s%n%99999d", "operator<",   "/",
		endless,
	};
	memset(endless, '<', LONG_NAME_BYTES);
	return texts[bits % (sizeof(texts) / sizeof(*texts))];
}

static void hostile_tables(uint64_t *random)
{
	for (unsigned i = 0; i < 20; i++)
		add_module(hostile_text(stream_random(random)), (uint8_t)i, i % 5 == 0);
	/* First a chain far deeper than any stack, then nodes with any parent. */
	for (unsigned i = 0; i < HOSTILE_NODES; i++) {
		uint32_t parent = i < HOSTILE_NODES / 2
					  ? next_node - 1
					  : (uint32_t)(stream_random(random) % next_node);
		uint64_t bits = stream_random(random);
		add_node(i ? parent : NODE_ROOT, bits % 20, bits >> 32 & 255);
	}
	for (unsigned i = 0; i < 200; i++) {
		struct trace_symbol symbols[6];
		for (unsigned k = 0; k < 6; k++)
			symbols[k] =
				(struct trace_symbol){ hostile_text(stream_random(random)),
						       hostile_text(stream_random(random)),
						       (uint32_t)stream_random(random), k & 1 };
		trace_writer_symbols(w, (uint32_t)(stream_random(random) % 20), i, symbols,
				     stream_random(random) % 6 + 1);
	}
	for (unsigned i = 0; i < 50; i++)
		trace_writer_allocator(
			w, i,
			&(struct trace_allocator){ .name = hostile_text(stream_random(random)),
						   .kind = i % 2 });
}

static void hostile_finding(uint32_t number, uint64_t *random)
{
	uint64_t bits = stream_random(random);
	const struct trace_finding f = { .class = bits & 15,
					 .outcome = bits >> 4 & 7,
					 .flags = bits >> 8 & 255,
					 .role = bits >> 16 & 31,
					 .made_role = bits >> 24 & 31,
					 .process = bits >> 32 & 255,
					 .thread = bits >> 40 & 63,
					 .made_thread = bits >> 46 & 63,
					 .first_thread = bits >> 52 & 63,
					 .stack = (uint32_t)(stream_random(random) % next_node),
					 .made_stack =
						 (uint32_t)(stream_random(random) % next_node),
					 .first_site =
						 (uint32_t)(stream_random(random) % next_node),
					 .address = stream_random(random),
					 .argument = stream_random(random),
					 .size = stream_random(random),
					 .age_ns = stream_random(random) >> (bits >> 58),
					 .time_ns = stream_random(random) >> (bits >> 58),
					 .count = stream_random(random) >> (bits >> 58) };
	trace_writer_finding(w, number, &f);
}

static void hostile(uint64_t seed)
{
	uint64_t random = seed * 2 + 1;
	start_process(0, TRACE_NO_PROCESS, 7, hostile_text(seed), "", 0);
	for (uint32_t i = 1; i < HOSTILE_PROCESSES; i++)
		start_process(i, i - 1, i, hostile_text(i), "\0\0\0", 3);
	hostile_tables(&random);
	for (unsigned i = 0; i < 64; i++)
		start_thread(i, (uint32_t)(stream_random(&random) % HOSTILE_PROCESSES), i,
			     hostile_text(i));
	for (uint32_t i = 0; i < 60; i++)
		hostile_finding(i, &random);
	for (unsigned i = 0; i < 20000; i++) {
		uint64_t bits = stream_random(&random);
		uint32_t slot = bits & 63, node = (uint32_t)((bits >> 32) % next_node);
		trace_writer_time(w, (uint64_t)i << (bits >> 58));
		if (bits >> 8 & 1)
			trace_writer_alloc(w, slot, bits >> 10 & 63, bits >> 16 & 3, node,
					   stream_random(&random) >> (bits >> 20 & 63),
					   bits >> 26 & 7 ? 0 : bits % 50);
		else if (bits >> 9 & 7)
			trace_writer_free(w, slot, bits >> 10 & 63, bits >> 16 & 3, node,
					  bits >> 50 & 63, bits >> 40 & 511, bits >> 30 & 1);
		else
			add_event((enum trace_op)(bits >> 12 & 15),
				  (struct trace_event){ .slot = slot,
							.role = bits >> 18 & 15,
							.stack = node,
							.value = stream_random(&random) >>
								 (bits & 63),
							.text = hostile_text(bits >> 33),
							.process = bits >> 40 & 255,
							.thread = bits >> 50 & 63 });
	}
}

int main(int argc, char **argv)
{
	struct err err;
	if (argc < 2 || argc > 4)
		return 64;
	w = trace_writer_open(argv[1], &err);
	if (!w) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	if (argc == 2)
		golden();
	else if (argc == 3)
		hostile(strtoull(argv[2], NULL, 10));
	else
		random_trace(strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10));
	if (trace_writer_repairs(w) && argc != 3)
		fprintf(stderr, "the writer had to mend %lu things\n",
			(unsigned long)trace_writer_repairs(w));
	if (trace_writer_close(w, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	return 0;
}
