/* code_tables.c - see code_tables.h. */
#include "collect/code_tables.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/atomics.h"
#include "util/mem.h"

enum {
	WAIT_STEP_NS = 200000,
	WAIT_LIMIT_NS = 100000000,        /* for one node */
	WAIT_LIMIT_IN_ALL_NS = 1000000000, /* for all of them together */
};

void tables_init(struct tables *t, struct session *session, struct trace_writer *writer,
		 const struct processes *processes)
{
	*t = (struct tables){ .session = session,
			      .writer = writer,
			      .processes = processes,
			      .node_count = NODE_FIRST };
	t->module_ids = mem_zalloc(SESSION_MAX_MODULES, sizeof(*t->module_ids));
	t->modules = mem_zalloc(SESSION_MAX_MODULES, sizeof(*t->modules));
}

void tables_release(struct tables *t)
{
	free(t->module_ids);
	free(t->modules);
}

/* Index in the session memory + 1 to id + 1. */
static uint32_t process_id_plus_1(const struct tables *t, uint32_t index_plus_1)
{
	if (index_plus_1 == 0 || index_plus_1 > SESSION_MAX_PROCESSES ||
	    !t->processes->notes[index_plus_1 - 1].seen)
		return 0;
	return t->processes->notes[index_plus_1 - 1].id + 1;
}

bool tables_read_module(const struct tables *t, uint32_t module, struct session_module *copy,
			struct trace_module *out)
{
	if (module >= SESSION_MAX_MODULES || !at_load_acquire(&t->session->modules[module].ready))
		return false;
	memcpy(copy, &t->session->modules[module], sizeof(*copy));
	copy->path[sizeof(copy->path) - 1] = '\0';
	*out = (struct trace_module){
		.path = copy->path,
		.build_id = copy->build_id,
		.build_id_bytes = copy->build_id_bytes <= SESSION_BUILD_ID_BYTES ?
					  copy->build_id_bytes : 0,
		.anonymous_process_plus_1 = process_id_plus_1(t, copy->process_plus_1),
	};
	return true;
}

uint32_t tables_module(struct tables *t, uint32_t module)
{
	if (module < SESSION_MAX_MODULES && t->module_ids[module])
		return t->module_ids[module] - 1;
	struct session_module copy;
	struct trace_module record;
	if (!tables_read_module(t, module, &copy, &record))
		return TRACE_NO_MODULE;
	trace_writer_module(t->writer, &record);
	t->modules[t->module_count] = module;
	t->module_ids[module] = ++t->module_count;
	return t->module_count - 1;
}

bool tables_read_node(struct tables *t, uint32_t node, struct trace_node *out)
{
	const struct session_node *shared = &t->session->nodes[node];
	if (!at_load_acquire(&shared->ready))
		return false;
	out->parent = at_load_relaxed(&shared->parent);
	out->module = tables_module(t, at_load_relaxed(&shared->module));
	out->offset = at_load_relaxed(&shared->offset);
	if (out->parent >= node)
		out->parent = NODE_UNKNOWN;
	return true;
}

/* A node gets its number before it is filled in, a few ns later: a thread can be preempted, or
 * killed, in between. The one will fill it in soon, the other never. */
static bool wait_for_node(struct tables *t, uint32_t node, struct trace_node *out)
{
	const struct timespec step = { .tv_nsec = WAIT_STEP_NS };
	for (uint64_t waited = 0; waited < WAIT_LIMIT_NS; waited += WAIT_STEP_NS) {
		if (tables_read_node(t, node, out))
			return true;
		if (t->waited_ns >= WAIT_LIMIT_IN_ALL_NS)
			return false;
		nanosleep(&step, NULL);
		at_add_relaxed(&t->session->header->heartbeat, 1);
		t->waited_ns += WAIT_STEP_NS;
	}
	return false;
}

bool tables_reach_node(struct tables *t, uint32_t node)
{
	const struct trace_node unknown = { NODE_UNKNOWN, TRACE_NO_MODULE, 0 };
	/* An event is published after the nodes that it names. */
	if (node >= SESSION_MAX_NODES || !at_load_acquire(&t->session->nodes[node].ready))
		return false;
	for (; t->node_count <= node; t->node_count++) {
		struct trace_node record;
		if (!tables_read_node(t, t->node_count, &record) &&
		    !wait_for_node(t, t->node_count, &record)) {
			record = unknown;
			t->holes++;
		}
		trace_writer_node(t->writer, &record);
	}
	return true;
}
