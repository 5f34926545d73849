/* entry_tables.h - what the reader knows of facts, modules, processes, threads, allocators, their
 * instances, nodes, findings and crashes.
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
	struct fact *facts;
	size_t node_count, node_cap;
	size_t module_count, module_cap;
	size_t process_count, process_cap;
	size_t allocator_count, allocator_cap;
	size_t thread_count, thread_cap;
	size_t instance_count, instance_cap;
	size_t finding_count, finding_cap;
	size_t crash_count, crash_cap;
	size_t fact_count, fact_cap;
};

void trace_tables_init(struct tables *t);
void trace_tables_release(struct tables *t);
const char *tables_read(struct tables *t, struct cursor in, uint32_t count);
const char *tables_read_nodes(struct tables *t, struct cursor in, uint32_t count);

#endif
