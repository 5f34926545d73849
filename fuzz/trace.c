/* trace.c - fuzz target: the reader of traces.
 *
 * The input is a trace file; it is read as it is and again with its checksums made right, since
 * no fuzzer guesses those. What the reader gives is written anew and must read the same. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/trace/check.h"
#include "tests/trace/surgery.h"
#include "trace/trace.h"
#include "wire/roles.h"
#include "wire/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { BATCH = 64, MAX_REWRITTEN = 1 << 16 };

/* What was read, to be compared with a second reading. */
struct content {
	struct trace_event *events;
	size_t count;
	size_t cap;
};

static void use_text(const char *text)
{
	CHECK(text && strlen(text) <= FORMAT_MAX_CHUNK_BYTES, "a text is there and ended");
}

static void use_leak_scan(const struct trace_reader *r, const struct trace_leak_scan *s)
{
	use_text(s->label);
	use_text(s->problem);
	for (uint32_t i = 0; i < s->group_count; i++) {
		const struct trace_leak_group *g = &s->groups[i];
		CHECK(g->role < ROLE_COUNT && g->stack < trace_reader_node_count(r) &&
			      g->parent_plus_1 <= i && g->peek_bytes <= TRACE_MAX_PEEK_BYTES &&
			      g->holder_module_plus_1 <= trace_reader_module_count(r),
		      "a group");
		unsigned sum = 0;
		for (uint32_t k = 0; k < g->peek_bytes; k++)
			sum += g->peek[k];
		CHECK(sum <= 255 * TRACE_MAX_PEEK_BYTES, "its content is there");
	}
}

/* Every table entry is asked for, and one index too many. */
static void use_tables(const struct trace_reader *r)
{
	for (uint32_t i = 0; i <= trace_reader_module_count(r); i++)
		use_text(trace_reader_module(r, i)->path);
	for (uint32_t i = 0; i <= trace_reader_process_count(r); i++)
		use_text(trace_reader_process(r, i)->exe);
	for (uint32_t i = 0; i <= trace_reader_allocator_count(r); i++)
		use_text(trace_reader_allocator(r, i)->name);
	for (uint32_t i = 0; i <= trace_reader_thread_count(r); i++)
		use_text(trace_reader_thread(r, i)->name);
	for (uint32_t i = 0; i <= trace_reader_instance_count(r); i++) {
		const struct trace_instance *in = trace_reader_instance(r, i);
		use_text(in->family);
		use_text(in->version);
		use_text(in->prefix);
		for (uint32_t j = 0; j < in->function_count; j++)
			use_text(in->functions[j].name);
		for (uint32_t j = 0; j < in->user_count; j++)
			CHECK(in->users[j].process < trace_reader_process_count(r), "a process");
	}
	for (uint32_t i = 0; i < trace_reader_finding_count(r); i++) {
		const struct trace_finding *f = trace_reader_finding(r, i);
		size_t nodes = trace_reader_node_count(r);
		CHECK(f->role < ROLE_COUNT && f->made_role < ROLE_COUNT, "roles");
		CHECK(f->stack < nodes && f->made_stack < nodes && f->first_site < nodes, "nodes");
	}
	for (uint32_t i = 0; i <= trace_reader_leak_scan_count(r); i++)
		use_leak_scan(r, trace_reader_leak_scan(r, i));
	for (uint32_t i = 0; i <= trace_reader_node_count(r); i++) {
		const struct trace_node *n = trace_reader_node(r, i);
		size_t count;
		CHECK(n->parent < i || i < NODE_FIRST || i == trace_reader_node_count(r),
		      "callers come first");
		const struct trace_symbol *s =
			trace_reader_symbols(r, n->module, n->offset, &count);
		for (size_t j = 0; j < count; j++)
			if (s[j].function)
				use_text(s[j].function);
	}
	if (trace_reader_fact(r, "command"))
		use_text(trace_reader_fact(r, "command"));
}

static void keep_event(struct content *c, const struct trace_event *e)
{
	if (c->count == MAX_REWRITTEN)
		return;
	c->events = mem_grow(c->events, &c->cap, c->count + 1, sizeof(*c->events));
	struct trace_event *kept = &c->events[c->count++];
	*kept = *e;
	if (e->op == TRACE_MARK)
		kept->text = mem_strdup(e->text);
}

static void release_content(struct content *c)
{
	for (size_t i = 0; i < c->count; i++)
		if (c->events[i].op == TRACE_MARK)
			free((char *)(uintptr_t)c->events[i].text);
	free(c->events);
}

static void copy_tables(struct trace_writer *w, const struct trace_reader *r)
{
	for (uint32_t i = 0; i < trace_reader_module_count(r); i++)
		trace_writer_module(w, trace_reader_module(r, i));
	for (uint32_t i = 0; i < trace_reader_process_count(r); i++)
		trace_writer_process(w, trace_reader_process(r, i));
	for (uint32_t i = 0; i < trace_reader_instance_count(r); i++)
		trace_writer_instance(w, trace_reader_instance(r, i));
	for (uint32_t i = NODE_FIRST; i < trace_reader_node_count(r); i++)
		trace_writer_node(w, trace_reader_node(r, i));
	for (uint32_t i = 0; i < trace_reader_finding_count(r); i++) {
		struct trace_finding f = *trace_reader_finding(r, i);
		/* No thread has been started yet. */
		f.thread = f.made_thread = f.first_thread = TRACE_NO_THREAD;
		trace_writer_finding(w, i, &f);
	}
}

/* No thread has been started yet, so none is named. */
static void copy_leak_scans(struct trace_writer *w, const struct trace_reader *r)
{
	for (uint32_t i = 0; i < trace_reader_leak_scan_count(r); i++) {
		struct trace_leak_scan s = *trace_reader_leak_scan(r, i);
		struct trace_leak_group *groups = mem_zalloc(s.group_count + 1u, sizeof(*groups));
		for (uint32_t k = 0; k < s.group_count; k++) {
			groups[k] = s.groups[k];
			groups[k].thread = groups[k].holder_thread = TRACE_NO_THREAD;
		}
		s.thread = TRACE_NO_THREAD;
		s.groups = groups;
		trace_writer_leak_scan(w, i, &s);
		free(groups);
	}
}

static void compare_again(const struct content *c, const char *path)
{
	struct trace_event e;
	struct err err = { "" };
	struct trace_reader *r = trace_reader_open(path, &err);
	CHECK(r, "%s", err.text);
	for (size_t i = 0; i < c->count; i++) {
		CHECK(trace_reader_next(r, &e, 1, &err) == 1, "event %zu is missing", i);
		if (e.op == TRACE_MARK) {
			CHECK(strcmp(e.text, c->events[i].text) == 0, "text of event %zu", i);
			e.text = c->events[i].text;
		}
		/* Small moves of the clock are left out. */
		CHECK(c->events[i].time_ns - e.time_ns < TRACE_TIME_STEP_NS, "time of event %zu",
		      i);
		e.time_ns = c->events[i].time_ns;
		CHECK(memcmp(&e, &c->events[i], sizeof(e)) == 0, "event %zu differs", i);
	}
	CHECK(trace_reader_next(r, &e, 1, &err) == 0 && !trace_reader_damage(r), "the end");
	trace_reader_close(r);
}

static void write_again(const struct content *c, const struct trace_reader *r)
{
	char path[64];
	struct err err = { "" };
	snprintf(path, sizeof(path), "/dev/shm/alloctrace-fuzz.%ld", (long)getpid());
	struct trace_writer *w = trace_writer_open(path, &err);
	if (!w)
		return; /* no /dev/shm here */
	copy_tables(w, r);
	copy_leak_scans(w, r);
	for (size_t i = 0; i < c->count; i++) {
		trace_writer_time(w, c->events[i].time_ns);
		trace_writer_event(w, &c->events[i]);
	}
	CHECK(trace_writer_repairs(w) == 0, "what was read can be written");
	CHECK(trace_writer_close(w, &err) == 0, "%s", err.text);
	compare_again(c, path);
	unlink(path);
}

static void read_events(const char *path, bool tables_first)
{
	struct err err = { "" };
	struct trace_event events[BATCH];
	struct content content = { 0 };
	struct trace_reader *r = trace_reader_open(path, &err);
	if (!r) {
		CHECK(err.text[0], "a refusal has a reason");
		return;
	}
	if (tables_first)
		CHECK(trace_reader_load_tables(r, &err) == 0, "%s", err.text);
	long n;
	while ((n = trace_reader_next(r, events, BATCH, &err)) > 0)
		for (long i = 0; i < n; i++)
			keep_event(&content, &events[i]);
	CHECK(n == 0, "%s", err.text);
	if (!tables_first)
		CHECK(trace_reader_load_tables(r, &err) == 0, "%s", err.text);
	use_tables(r);
	if (content.count && !tables_first)
		write_again(&content, r);
	trace_reader_close(r);
	release_content(&content);
}

static void read_bytes(const uint8_t *data, size_t size)
{
	char path[64];
	struct err err = { "" };
	struct trace_verify_report report;
	int fd = memfd_create("trace", MFD_CLOEXEC);
	CHECK(fd >= 0 && write(fd, data, size) == (ssize_t)size, "memfd");
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	read_events(path, false);
	read_events(path, true);
	(void)!trace_verify(path, &report, &err);
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	read_bytes(data, size);
	uint8_t *copy = mem_alloc(size);
	if (size)
		memcpy(copy, data, size);
	trace_fix_checksums(copy, size);
	read_bytes(copy, size);
	free(copy);
	return 0;
}
