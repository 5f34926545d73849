/* growth_trace.c - writes the traces that growth.tap reads: programs that ran for half a minute, by
 *a clock of its own.
 *
 *	growth_trace OUT SHAPE   server, tidy, buffer, spread, calm, short, empty, marks, workers */
#include <stdio.h>
#include <string.h>

#include "tests/analysis/growth_shapes.h"
#include "trace/trace.h"
#include "wire/events.h"
#include "wire/session.h"

enum { SECOND_MS = 1000 };

static const char *const functions[] = { "request", "session_open", "cache_put", "log_line",
					 "main" };
enum { REQUEST, SESSION, CACHE, LOG_LINE, MAIN };

enum { FIRST_OF_MANY = 8, MANY = 300 };

static void write_tables(struct trace_writer *w, unsigned processes)
{
	trace_writer_module(w, &(struct trace_module){ "/srv/server", NULL, 0, 0 });
	/* Node NODE_FIRST + site, so that sites are functions; each is an outermost frame. */
	for (uint32_t i = 0; i < AT_COUNT_OF(functions); i++) {
		trace_writer_node(w, &(struct trace_node){ NODE_ROOT, 0, 0x1000 + i * 0x100 });
		trace_writer_symbols(
			w, 0, 0x1000 + i * 0x100,
			&(struct trace_symbol){ functions[i], "server.c", 10 + i, false }, 1);
	}
	for (uint32_t i = AT_COUNT_OF(functions); i < FIRST_OF_MANY + MANY; i++)
		trace_writer_node(w, &(struct trace_node){ NODE_ROOT, 0, 0x1000 + i * 0x100 });
	for (uint32_t i = 0; i < processes; i++)
		trace_writer_process(w,
				     &(struct trace_process){ 100 + i, i ? 0 : TRACE_NO_PROCESS, 0,
							      0, "/srv/server", "server", 7 });
}

static void write_events(struct trace_writer *w, const struct shape *s)
{
	for (size_t i = 0; i < s->count; i++) {
		const struct trace_event *e = &s->events[i];
		trace_writer_time(w, e->time_ns);
		if (e->op == TRACE_ALLOC)
			trace_writer_alloc(w, e->slot, 0, e->flags, e->stack, e->size, 0);
		else if (e->op == TRACE_FREE)
			trace_writer_free(w, e->slot, 1, e->flags, NODE_FIRST, e->block_slot,
					  e->counter, false);
		else
			trace_writer_event(w, e);
	}
}

static void request(struct shape *s, uint32_t process, bool leaks)
{
	s->now_ns += 5000000;
	shape_alloc(s, process, REQUEST, 2000);
	shape_alloc(s, process, SESSION, 64);
	if (!leaks || shape_random(s, 100))
		shape_free_newest(s, process, SESSION);
	shape_free_newest(s, process, REQUEST);
}

static void server(struct shape *s, unsigned ms, bool leaks)
{
	for (unsigned i = 0; i < ms / 5; i++) {
		request(s, 0, leaks);
		if (i < ms / 15)
			shape_alloc(s, 0, CACHE, 256);
		shape_alloc(s, 0, LOG_LINE, 80);
		if (i % 700 == 699)
			shape_free_all(s, 0, LOG_LINE);
	}
}

static void marks(struct shape *s)
{
	server(s, SECOND_MS, false);
	shape_mark(s, MARK_POINT, "warm");
	for (unsigned i = 0; i < 10; i++)
		shape_alloc(s, 0, SESSION, 100);
	shape_mark(s, MARK_SCOPE_BEGIN, "load");
	s->now_ns += 1000000;
	shape_alloc(s, 0, MAIN, 1000);
	shape_alloc(s, 0, MAIN, 1000);
	shape_free_newest(s, 0, MAIN);
	s->now_ns += 1000000;
	shape_mark(s, MARK_SCOPE_END, "load");
	s->now_ns += 1000000;
	shape_free_newest(s, 0, MAIN);
	shape_mark(s, MARK_POINT, "done");
}

static void workers(struct shape *s)
{
	shape_process(s, 1);
	shape_process(s, 2);
	for (unsigned i = 0; i < 2000; i++)
		for (uint32_t p = 0; p < 3; p++)
			request(s, p, p > 0);
}

/* One block that is made larger with each request. */
static void buffer(struct shape *s)
{
	for (unsigned i = 0; i < 2000; i++) {
		request(s, 0, false);
		shape_realloc(s, 0, LOG_LINE, 100 + i * 10);
	}
}

/* A leak that comes over 300 stacks: each has lost a few blocks only. */
static void spread(struct shape *s)
{
	for (unsigned i = 0; i < 2000; i++) {
		request(s, 0, false);
		if (i % 2)
			shape_alloc(s, 0, FIRST_OF_MANY + (uint32_t)shape_random(s, MANY), 100);
	}
}

static int make(struct shape *s, const char *name)
{
	if (strcmp(name, "server") == 0)
		server(s, 30 * SECOND_MS, true);
	else if (strcmp(name, "tidy") == 0) {
		server(s, 30 * SECOND_MS, true);
		shape_free_all(s, 0, SESSION);
		shape_free_all(s, 0, CACHE);
		shape_process_end(s, 0);
	} else if (strcmp(name, "buffer") == 0)
		buffer(s);
	else if (strcmp(name, "spread") == 0)
		spread(s);
	else if (strcmp(name, "calm") == 0)
		server(s, 30 * SECOND_MS, false);
	else if (strcmp(name, "short") == 0)
		server(s, SECOND_MS, true);
	else if (strcmp(name, "marks") == 0)
		marks(s);
	else if (strcmp(name, "workers") == 0)
		workers(s);
	else if (strcmp(name, "empty") != 0)
		return -1;
	return 0;
}

int main(int argc, char **argv)
{
	struct err err;
	struct shape s;
	if (argc != 3)
		return 64;
	shape_init(&s);
	shape_process(&s, 0);
	if (make(&s, argv[2]) < 0)
		return 64;
	struct trace_writer *w = trace_writer_open(argv[1], &err);
	if (w)
		write_tables(w, strcmp(argv[2], "workers") == 0 ? 3 : 1);
	if (w)
		write_events(w, &s);
	shape_release(&s);
	if (w && trace_writer_close(w, &err) == 0)
		return 0;
	fprintf(stderr, "%s\n", err.text);
	return 1;
}
