/* codec.c - what taking, writing and reading an event costs, and how many bytes it takes.
 *
 * usage: codec [-n ROUNDS] [TRACE...]
 * Without a trace: synthetic streams. With traces: their events, written anew. One line for each:
 * events, bytes per event, and the median of the rounds in ns per event of encoding alone (the
 * collector's hot calls), of the whole writing, and of reading. Not part of the product. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/trace/check.h"
#include "trace/trace.h"
#include "trace/writer_state.h"
#include "util/mem.h"
#include "wire/roles.h"

enum { READ_BATCH = 4096, MAX_ROUNDS = 99, MAX_LIVE = 1 << 20, TICK = 16 };

/* A trace in memory. Of the tables, only the number of nodes matters here. */
struct input {
	const char *name;
	struct trace_event *events;
	size_t count;
	size_t cap;
	uint32_t nodes;
};

struct result {
	double encode_ns, write_ns, read_ns;
	uint64_t bytes;
};

static double now_ns(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e9 + (double)ts.tv_nsec;
}

/* ---- one round ---- */

static struct trace_writer *open_writer(const struct input *in, const char *path)
{
	struct err err = { "" };
	struct trace_writer *w = trace_writer_open(path, &err);
	CHECK(w, "%s", err.text);
	struct trace_module m = { .path = "m" };
	trace_writer_module(w, &m);
	for (uint32_t i = NODE_FIRST; i < in->nodes; i++) {
		struct trace_node n = { .parent = 0, .module = 0, .offset = i };
		trace_writer_node(w, &n);
	}
	return w;
}

static void write_events(struct trace_writer *w, const struct input *in)
{
	for (size_t i = 0; i < in->count; i++) {
		const struct trace_event *e = &in->events[i];
		trace_writer_time(w, e->time_ns);
		if (e->op == TRACE_ALLOC)
			trace_writer_alloc(w, e->slot, e->role, e->flags, e->stack, e->size,
					   e->allocator);
		else
			trace_writer_free(w, e->slot, e->role, e->flags, e->stack, e->block_slot,
					  e->counter, e->op == TRACE_FREE_INHERITED);
	}
}

/* With the output marked as failed the chunks are put together and thrown away. */
static double time_encode(const struct input *in, const char *path)
{
	struct trace_writer *w = open_writer(in, path);
	trace_writer_flush(w, NULL);
	w->output.failed = true;
	double start = now_ns();
	write_events(w, in);
	double end = now_ns();
	(void)!trace_writer_close(w, NULL);
	return (end - start) / (double)in->count;
}

static double time_write(const struct input *in, const char *path, uint64_t *bytes)
{
	struct err err = { "" };
	struct trace_writer *w = open_writer(in, path);
	CHECK(trace_writer_flush(w, &err) == 0, "%s", err.text);
	uint64_t before = trace_writer_bytes(w);
	double start = now_ns();
	write_events(w, in);
	CHECK(trace_writer_flush(w, &err) == 0, "%s", err.text);
	double end = now_ns();
	*bytes = trace_writer_bytes(w) - before;
	CHECK(trace_writer_close(w, &err) == 0, "%s", err.text);
	return (end - start) / (double)in->count;
}

static double time_read(const struct input *in, const char *path)
{
	struct err err = { "" };
	static struct trace_event events[READ_BATCH];
	double start = now_ns();
	struct trace_reader *r = trace_reader_open(path, &err);
	CHECK(r, "%s", err.text);
	size_t count = 0;
	long n;
	while ((n = trace_reader_next(r, events, READ_BATCH, &err)) > 0)
		count += (size_t)n;
	double end = now_ns();
	CHECK(n == 0 && count == in->count, "%zu events of %zu", count, in->count);
	trace_reader_close(r);
	return (end - start) / (double)in->count;
}

static int compare_doubles(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return (x > y) - (x < y);
}

static double median(double *values, unsigned count)
{
	qsort(values, count, sizeof(*values), compare_doubles);
	return values[count / 2];
}

static void measure(const struct input *in, unsigned rounds, const char *path)
{
	double encode[MAX_ROUNDS], write[MAX_ROUNDS], read[MAX_ROUNDS];
	uint64_t bytes = 0;
	for (unsigned i = 0; i < rounds; i++) {
		encode[i] = time_encode(in, path);
		write[i] = time_write(in, path, &bytes);
		read[i] = time_read(in, path);
	}
	printf("%-24s %9zu %8.3f %8.1f %8.1f %8.1f\n", in->name, in->count,
	       (double)bytes / (double)in->count, median(encode, rounds), median(write, rounds),
	       median(read, rounds));
	fflush(stdout);
}

/* ---- synthetic streams ---- */

static struct trace_event *add(struct input *in, unsigned op, uint32_t slot, uint64_t *time_ns)
{
	in->events = mem_grow(in->events, &in->cap, in->count + 1, sizeof(*in->events));
	struct trace_event *e = &in->events[in->count++];
	memset(e, 0, sizeof(*e));
	*time_ns += 30;
	e->op = (uint8_t)op;
	e->slot = slot;
	/* The clock of a slot moves with its ticks. */
	e->time_ns = *time_ns / (30 * TICK) * (30 * TICK);
	return e;
}

static void add_alloc(struct input *in, uint32_t slot, uint32_t stack, uint64_t size,
		      uint64_t *time_ns)
{
	struct trace_event *e = add(in, TRACE_ALLOC, slot, time_ns);
	e->role = ROLE_MALLOC;
	e->stack = NODE_FIRST + stack;
	e->size = size;
	if (in->nodes <= e->stack)
		in->nodes = e->stack + 1;
}

static void add_free(struct input *in, uint32_t slot, uint32_t site, uint32_t block_slot,
		     uint64_t counter, uint64_t *time_ns)
{
	struct trace_event *e = add(in, TRACE_FREE, slot, time_ns);
	e->role = ROLE_FREE;
	e->stack = NODE_FIRST + site;
	e->block_slot = block_slot;
	e->counter = counter;
	if (in->nodes <= e->stack)
		in->nodes = e->stack + 1;
}

/* malloc, free, malloc, free. */
static void make_loop(struct input *in, size_t events)
{
	uint64_t time_ns = 0;
	for (uint64_t i = 0; in->count < events; i++) {
		add_alloc(in, 0, 0, 64, &time_ns);
		add_free(in, 0, 1, 0, i, &time_ns);
	}
}

/* Random sizes, one of `live` blocks replaced at random, `slots` threads by turns of TICK. */
static void make_random(struct input *in, size_t events, unsigned slots, size_t live)
{
	struct block {
		uint32_t slot;
		uint64_t counter;
	} *blocks = mem_zalloc(live, sizeof(*blocks));
	uint64_t counter[64] = { 0 };
	uint64_t time_ns = 0;
	struct rng rng = { 1 };
	for (size_t i = 0; in->count < events; i++) {
		uint32_t slot = (uint32_t)(in->count / TICK % slots);
		size_t at = i < live ? i : rng_below(&rng, live);
		if (i >= live)
			add_free(in, slot, 99, blocks[at].slot, blocks[at].counter, &time_ns);
		blocks[at] = (struct block){ slot, counter[slot]++ };
		add_alloc(in, slot, 0, 16 + rng_below(&rng, 1000), &time_ns);
	}
	free(blocks);
}

/* One thread makes, another frees in order. */
static void make_queue(struct input *in, size_t events)
{
	uint64_t made = 0, freed = 0, time_ns = 0;
	struct rng rng = { 1 };
	while (in->count < events) {
		for (uint64_t i = rng_below(&rng, 200); i > 0; i--, made++)
			add_alloc(in, 0, (uint32_t)(made % 3), 40 * (made % 3) + 8, &time_ns);
		for (uint64_t i = rng_below(&rng, 200); i > 0 && freed < made; i--, freed++)
			add_free(in, 1, 9, 0, freed, &time_ns);
	}
}

/* Rounds of a program: phases with stacks, sizes and lifetimes of their own and some chance. */
static void make_program(struct input *in, size_t events)
{
	uint64_t *live = mem_zalloc(MAX_LIVE, sizeof(*live));
	uint64_t made = 0, time_ns = 0;
	size_t live_count = 0;
	struct rng rng = { 1 };
	while (in->count < events) {
		uint32_t phase = (uint32_t)rng_below(&rng, 40);
		for (uint64_t i = 1 + rng_below(&rng, 6); i > 0; i--) {
			add_alloc(in, 0, phase * 8 + (uint32_t)(i % 8),
				  phase % 4 ? 16 * (1 + phase % 9) : 1 + rng_below(&rng, 200),
				  &time_ns);
			live[live_count++ % MAX_LIVE] = made++;
		}
		size_t keep = rng_below(&rng, 20) ? live_count - live_count % 5 : live_count / 2;
		while (live_count > keep) {
			size_t back = rng_below(&rng, 4) ? 0 : rng_below(&rng, live_count - keep);
			size_t at = live_count - 1 - back;
			add_free(in, 0, 400 + phase, 0, live[at], &time_ns);
			live[at] = live[--live_count];
		}
	}
	free(live);
}

static void measure_synthetic(size_t events, unsigned rounds, const char *path)
{
	static const char *const names[] = { "loop",	       "random 1 slot",
					     "random 8 slots", "random million live",
					     "queue",	       "program" };
	for (unsigned kind = 0; kind < AT_COUNT_OF(names); kind++) {
		struct input in = { .name = names[kind] };
		switch (kind) {
		case 0:
			make_loop(&in, events);
			break;
		case 1:
			make_random(&in, events, 1, 1000);
			break;
		case 2:
			make_random(&in, events, 8, 8000);
			break;
		case 3:
			make_random(&in, events * 2, 1, MAX_LIVE);
			break;
		case 4:
			make_queue(&in, events);
			break;
		default:
			make_program(&in, events);
			break;
		}
		measure(&in, rounds, path);
		free(in.events);
	}
}

/* ---- traces ---- */

static void measure_trace(const char *name, unsigned rounds, const char *path)
{
	struct err err = { "" };
	const char *slash = strrchr(name, '/');
	struct input in = { .name = slash ? slash + 1 : name };
	struct trace_reader *r = trace_reader_open(name, &err);
	CHECK(r, "%s", err.text);
	for (;;) {
		in.events = mem_grow(in.events, &in.cap, in.count + READ_BATCH, sizeof(*in.events));
		long n = trace_reader_next(r, in.events + in.count, READ_BATCH, &err);
		CHECK(n >= 0, "%s", err.text);
		if (n == 0)
			break;
		size_t kept = in.count;
		for (long i = 0; i < n; i++)
			if (in.events[in.count + (size_t)i].op <= TRACE_FREE_INHERITED)
				in.events[kept++] = in.events[in.count + (size_t)i];
		in.count = kept;
	}
	in.nodes = (uint32_t)trace_reader_node_count(r);
	trace_reader_close(r);
	if (in.count)
		measure(&in, rounds, path);
	free(in.events);
}

int main(int argc, char **argv)
{
	unsigned rounds = 5;
	int opt;
	while ((opt = getopt(argc, argv, "n:")) != -1) {
		if (opt != 'n' || atoi(optarg) < 1 || atoi(optarg) > MAX_ROUNDS) {
			fprintf(stderr, "usage: codec [-n ROUNDS] [TRACE...]\n");
			return 64;
		}
		rounds = (unsigned)atoi(optarg);
	}
	const char *dir = getenv("TMPDIR");
	char *path = mem_printf("%s/codec.%ld", dir ? dir : "/tmp", (long)getpid());
	printf("%-24s %9s %8s %8s %8s %8s\n", "stream", "events", "bytes", "encode", "write",
	       "read");
	printf("%-24s %9s %8s %26s\n", "", "", "/event", "ns/event");
	if (optind == argc)
		measure_synthetic(2000000, rounds, path);
	for (int i = optind; i < argc; i++)
		measure_trace(argv[i], rounds, path);
	unlink(path);
	free(path);
	return 0;
}
