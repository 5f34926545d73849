/* entry_tables.h - what the reader knows of facts, modules, processes, threads, allocators, their
 * instances, nodes, findings, crashes and leak scans.
 *
 * Filled from chunks whose payload is handed over: strings point into it. A chunk read twice
 * changes nothing. Functions return NULL, or a text that says what is wrong with the chunk. */
#ifndef ALLOCTRACE_TRACE_ENTRY_TABLES_H
#define ALLOCTRACE_TRACE_ENTRY_TABLES_H

#include "trace/cursor.h"
#include "trace/format.h"

struct fact {
	const char *key;
	const char *value;
};

struct tables {
	struct trace_node *nodes;
	struct trace_module *modules;
	struct trace_process *processes;
	struct trace_allocator *allocators;
	struct trace_thread *threads;
	struct trace_instance *instances; /* own their arrays */
	struct trace_finding *findings;
	struct trace_crash *crashes; /* own their pointers */
	struct trace_leak_scan *leak_scans; /* own their groups */
	struct fact *facts;
	size_t node_count, node_cap;
	size_t module_count, module_cap;
	size_t process_count, process_cap;
	size_t allocator_count, allocator_cap;
	size_t thread_count, thread_cap;
	size_t instance_count, instance_cap;
	size_t finding_count, finding_cap;
	size_t crash_count, crash_cap;
	size_t leak_scan_count, leak_scan_cap;
	size_t fact_count, fact_cap;
};

void trace_tables_init(struct tables *t);
void trace_tables_release(struct tables *t);
const char *tables_read(struct tables *t, struct cursor in, uint32_t count);
/* Body of a record of that kind; see read_leak_scan.c. */
const char *tables_read_leak_scan(struct tables *t, struct cursor *in);
void tables_release_leak_scans(struct tables *t);
const char *tables_read_nodes(struct tables *t, struct cursor in, uint32_t count);

/* Indices + 1; 0 is TRACE_NO_PROCESS, TRACE_NO_THREAD. */
static inline uint32_t tables_process_index(const struct tables *t, struct cursor *in)
{
	return (uint32_t)cursor_below(in, t->process_count + 1) - 1;
}

static inline uint32_t tables_thread_index(const struct tables *t, struct cursor *in)
{
	return (uint32_t)cursor_below(in, t->thread_count + 1) - 1;
}

#endif
