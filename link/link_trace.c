/* link_trace.c - see link_trace.h. */
#include "link/link_trace.h"

#include <stdlib.h>
#include <string.h>

#include "link/process_openings.h"
#include "symbol/module_files.h"
#include "trace/trace.h"
#include "util/mem.h"
#include "util/path.h"
#include "wire/session.h"

enum { EVENTS_AT_ONCE = 4096, PARENTS_MAX = 1 << 16 };

/* A process's modules in the order in which they were met. */
struct met {
	struct met_module {
		uint32_t module; /* in the trace */
		uint64_t bias;
	} * items;
	size_t count, cap;
	size_t at_start; /* the first ones, which it had when it began */
	uint64_t start_ns;
	size_t alike; /* other processes with the same ones */
	bool is_told;
	uint8_t *seen; /* by node: calls came from there */
	size_t seen_count;
};

struct reading {
	struct trace_reader *reader;
	struct met *processes; /* by index in the trace */
	size_t count, cap;
	uint32_t *slot_programs; /* whose events are in the slot now */
	struct allocator_finder *finder;
	const char *path;
};

static struct met *met_of(struct reading *r, uint32_t process)
{
	while (r->count <= process) {
		r->processes = mem_grow(r->processes, &r->cap, r->count + 1, sizeof(*r->processes));
		r->processes[r->count++] = (struct met){ .start_ns = UINT64_MAX };
	}
	return &r->processes[process];
}

static void add_met(struct met *m, uint32_t module, uint64_t bias)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->items[i].module == module)
			return;
	m->items = mem_grow(m->items, &m->cap, m->count + 1, sizeof(*m->items));
	m->items[m->count++] = (struct met_module){ module, bias };
}

/* The program that a forked process still is: the one that was exec'd. */
static uint32_t program_of(const struct reading *r, uint32_t process)
{
	for (int i = 0; i < PARENTS_MAX; i++) {
		const struct trace_process *p = trace_reader_process(r->reader, process);
		if (p->origin != PROCESS_FROM_FORK || p->parent == TRACE_NO_PROCESS)
			break;
		process = p->parent;
	}
	return process;
}

/* The frames of a call, as far out as they are new. */
static void take_stack(struct reading *r, uint32_t slot, uint32_t node)
{
	if (r->slot_programs[slot] == TRACE_NO_PROCESS)
		return;
	struct met *m = met_of(r, r->slot_programs[slot]);
	const size_t count = trace_reader_node_count(r->reader);
	if (node >= m->seen_count) {
		m->seen = mem_realloc(m->seen, count + count / 2, sizeof(*m->seen));
		memset(m->seen + m->seen_count, 0, count + count / 2 - m->seen_count);
		m->seen_count = count + count / 2;
	}
	while (node >= NODE_FIRST && node < m->seen_count && !m->seen[node]) {
		m->seen[node] = 1;
		node = trace_reader_node(r->reader, node)->parent;
	}
}

static void take_module(struct reading *r, const struct trace_event *event)
{
	uint32_t program = program_of(r, event->process);
	struct met *m = met_of(r, program);
	if (m->start_ns == UINT64_MAX)
		m->start_ns = event->time_ns;
	add_met(m, event->module, event->value);
	if (program == event->process && event->time_ns == m->start_ns)
		m->at_start = m->count;
}

static void take_event(struct reading *r, const struct trace_event *event)
{
	uint32_t process;
	switch (event->op) {
	case TRACE_MODULE:
		take_module(r, event);
		break;
	case TRACE_THREAD_START:
		process = trace_reader_thread(r->reader, event->thread)->process;
		r->slot_programs[event->slot] =
			process == TRACE_NO_PROCESS ? process : program_of(r, process);
		break;
	case TRACE_ALLOC:
	case TRACE_FREE:
	case TRACE_FREE_INHERITED:
		take_stack(r, event->slot, event->stack);
		break;
	default:
		break;
	}
}

/* Libraries that were opened have no event of their own: their code in stacks tells of them. */
static void take_frames(struct reading *r)
{
	const size_t count = trace_reader_module_count(r->reader);
	for (size_t i = 0; i < r->count; i++) {
		struct met *m = &r->processes[i];
		uint8_t *called = mem_zalloc(count + 1, sizeof(*called));
		for (uint32_t node = NODE_FIRST; node < m->seen_count; node++) {
			uint32_t module = trace_reader_node(r->reader, node)->module;
			if (m->seen[node] && module < count)
				called[module] = 1;
		}
		for (uint32_t module = 0; m->at_start && module < count; module++)
			if (called[module])
				add_met(m, module, 0);
		free(called);
	}
}

static int read_events(struct reading *r, struct err *err)
{
	struct trace_event *events = mem_zalloc(EVENTS_AT_ONCE, sizeof(*events));
	long got;
	while ((got = trace_reader_next(r->reader, events, EVENTS_AT_ONCE, err)) > 0)
		for (long i = 0; i < got; i++)
			take_event(r, &events[i]);
	free(events);
	return got < 0 ? -1 : 0;
}

/* Modules with allocators are recorded for themselves. */
static void read_instances(struct reading *r)
{
	for (uint32_t i = 0; i < trace_reader_instance_count(r->reader); i++) {
		const struct trace_instance *is = trace_reader_instance(r->reader, i);
		for (uint32_t k = 0; k < is->user_count; k++)
			add_met(met_of(r, program_of(r, is->users[k].process)), is->module, 0);
	}
}

/* ---- a program ---- */

static void read_module(struct linked *l, size_t at, const struct trace_module *module,
			struct allocator_finder *finder)
{
	struct elf_file file;
	struct err err;
	if (elf_file_open(&file, module->path, &err) < 0) {
		l->modules[at].problem = mem_strdup(err.text);
		return;
	}
	if (module_file_is_same(file.elf, module))
		linked_read_file(l, at, &file, finder);
	else
		l->modules[at].problem = mem_strdup("another file by now: its build-id is not the "
						    "one in the trace");
	elf_file_close(&file);
}

/* The runtime that made the trace: it stands aside, and whom it hands requests to is who the
 * program is bound to without it. */
static bool is_runtime(const char *path)
{
	return strcmp(path_name(path), "liballoctrace.so") == 0;
}

static void add_module(struct reading *r, struct linked *l, const struct met_module *met,
		       bool is_program)
{
	const struct trace_module *module = trace_reader_module(r->reader, met->module);
	if (module->anonymous_process_plus_1 || module->path[0] != '/' ||
	    is_runtime(module->path) || (strcmp(module->path, l->name) == 0) != is_program)
		return;
	struct linked_module *m = linked_add(l, module->path);
	m->found_by = is_program ? LINKED_NAMED : LINKED_IN_PROCESS;
	m->bias = met->bias;
	read_module(l, l->count - 1, module, r->finder);
}

static void add_program(struct reading *r, struct linked_trace *out, uint32_t process)
{
	const struct trace_process *p = trace_reader_process(r->reader, process);
	const struct met *m = &r->processes[process];
	out->programs = mem_grow(out->programs, &out->cap, out->count + 1, sizeof(*out->programs));
	struct linked *l = &out->programs[out->count++];
	*l = (struct linked){ .origin = LINKED_TRACE,
			      .name = mem_strdup(p->exe),
			      .pid = (int)p->pid,
			      .machine = EM_X86_64,
			      .bits = 64 };
	l->when = m->alike ? mem_printf("and %zu more like it, in %s", m->alike, r->path)
			   : mem_printf("in %s", r->path);
	size_t at_start = 0;
	for (size_t i = 0; i < m->count; i++)
		add_module(r, l, &m->items[i], true);
	for (size_t i = 0; i < m->count; i++) {
		if (i == m->at_start)
			at_start = l->count;
		add_module(r, l, &m->items[i], false);
	}
	process_openings_sort(l, m->at_start < m->count ? at_start : l->count);
	process_openings_mark(l);
	linked_bind(l);
}

static bool is_alike(const struct reading *r, uint32_t a, uint32_t b)
{
	const struct met *x = &r->processes[a], *y = &r->processes[b];
	if (x->count != y->count || strcmp(trace_reader_process(r->reader, a)->exe,
					   trace_reader_process(r->reader, b)->exe) != 0)
		return false;
	for (size_t i = 0; i < x->count; i++)
		if (x->items[i].module != y->items[i].module)
			return false;
	return true;
}

static void add_programs(struct reading *r, struct linked_trace *out)
{
	for (uint32_t i = 0; i < r->count; i++) {
		struct met *m = &r->processes[i];
		for (uint32_t k = i + 1; m->count && !m->is_told && k < r->count; k++)
			if (!r->processes[k].is_told && is_alike(r, i, k)) {
				r->processes[k].is_told = true;
				m->alike++;
			}
		if (m->count && !m->is_told)
			add_program(r, out, i);
	}
}

int linked_from_trace(struct linked_trace *out, const char *path, struct allocator_finder *finder,
		      struct err *err)
{
	struct reading r = { .finder = finder, .path = path };
	r.slot_programs = mem_alloc(TRACE_MAX_SLOTS * sizeof(*r.slot_programs));
	memset(r.slot_programs, 0xff, TRACE_MAX_SLOTS * sizeof(*r.slot_programs));
	*out = (struct linked_trace){ NULL, 0, 0 };
	r.reader = trace_reader_open(path, err);
	if (!r.reader)
		return -1;
	int code = read_events(&r, err);
	if (code == 0) {
		take_frames(&r);
		read_instances(&r);
		add_programs(&r, out);
		if (!out->count)
			code = err_set(err, "%s tells of no program's modules", path);
	}
	for (size_t i = 0; i < r.count; i++) {
		free(r.processes[i].items);
		free(r.processes[i].seen);
	}
	free(r.processes);
	free(r.slot_programs);
	trace_reader_close(r.reader);
	return code;
}

void linked_trace_release(struct linked_trace *t)
{
	for (size_t i = 0; i < t->count; i++)
		linked_release(&t->programs[i]);
	free(t->programs);
	*t = (struct linked_trace){ NULL, 0, 0 };
}
