/* code_tables.h - brings the nodes and modules of the session memory into the trace.
 *
 * Nodes keep their numbers, and the trace takes them in rising order, so all nodes up to the one
 * that an event names are written before the event. Modules are numbered in the order in which
 * they are first named. Not thread-safe: the collector's thread only. */
#ifndef ALLOCTRACE_COLLECT_CODE_TABLES_H
#define ALLOCTRACE_COLLECT_CODE_TABLES_H

#include <stdbool.h>
#include <stdint.h>

#include "collect/processes.h"
#include "collect/session_memory.h"
#include "trace/trace.h"

struct tables {
	struct session *session;
	struct trace_writer *writer;
	const struct processes *processes;
	uint32_t node_count;    /* nodes below are in the trace */
	uint32_t module_count;  /* in the trace */
	uint32_t *module_ids;   /* by session module: index in the trace + 1, 0 if not there */
	uint32_t *modules;      /* by index in the trace: session module */
	uint64_t waited_ns;     /* spent on nodes that were being filled in */
	uint32_t holes;         /* nodes written as unknown */
};

void tables_init(struct tables *t, struct session *session, struct trace_writer *writer,
		 const struct processes *processes);
void tables_release(struct tables *t);

/* Makes sure that the trace has the module; its index there, or TRACE_NO_MODULE if there is no
 * such module. */
uint32_t tables_module(struct tables *t, uint32_t module);

/* Makes sure that the trace has the nodes up to this one. False if there is no such node. */
bool tables_reach_node(struct tables *t, uint32_t node);

/* The hot path of tables_reach_node(). */
static inline bool tables_have_node(struct tables *t, uint32_t node)
{
	return node < t->node_count || tables_reach_node(t, node);
}

/* A node as it is in the session memory, made harmless: its parent is an earlier node, its module
 * an index of the trace. False if it has not been filled in. */
bool tables_read_node(struct tables *t, uint32_t node, struct trace_node *out);

/* A module of the session memory, as the trace has it. `out` points into `copy`. False if there
 * is no such module. */
bool tables_read_module(const struct tables *t, uint32_t module, struct session_module *copy,
			struct trace_module *out);

#endif
