/* told_code.c - see told_code.h. */
#include "collect/told_code.h"

#include <stdlib.h>

#include "base/atomics.h"
#include "collect/collector.h"
#include "util/mem.h"

enum { MOST_ADDRESSES = 64 };

const struct told_module *told_module(struct collector *c, struct told_module **modules,
				      uint32_t index)
{
	if (index == TRACE_NO_MODULE)
		return NULL;
	for (const struct told_module *m = *modules; m; m = m->next)
		if (m->index == index)
			return m;
	struct told_module *m = mem_zalloc(1, sizeof(*m));
	if (!tables_read_module(&c->tables, c->tables.modules[index], &m->copy, &m->module)) {
		free(m);
		return NULL;
	}
	uint32_t process_plus_1 = m->module.anonymous_process_plus_1;
	if (process_plus_1 && process_plus_1 <= c->processes.id_count)
		m->anonymous_pid = c->processes.lineage[process_plus_1 - 1].pid;
	m->index = index;
	m->next = *modules;
	*modules = m;
	return m;
}

static bool read_address(struct collector *c, struct told_module **modules,
			 struct told_stack *stack, const struct trace_node *node)
{
	const struct told_module *module = told_module(c, modules, node->module);
	if (!module)
		return false;
	stack->addresses = mem_grow(stack->addresses, &stack->cap, stack->count + 1,
				    sizeof(*stack->addresses));
	stack->addresses[stack->count++] = (struct told_address){ module, node->offset };
	return true;
}

void told_stack_read(struct collector *c, struct told_module **modules, struct told_stack *stack,
		     uint32_t node)
{
	while (node >= NODE_FIRST && stack->count < MOST_ADDRESSES) {
		struct trace_node n;
		if (!tables_read_node(&c->tables, node, &n) ||
		    !read_address(c, modules, stack, &n)) {
			node = NODE_UNKNOWN;
			break;
		}
		node = n.parent; /* a smaller number: this ends */
	}
	stack->outside = node < NODE_FIRST ? node : (uint32_t)NODE_TRUNCATED;
}

const struct told_module *told_heap(struct collector *c, struct told_module **modules,
				    uint32_t process_index)
{
	uint32_t backend =
		at_load_relaxed(&c->session->processes[process_index].backend_module_plus_1);
	return backend ? told_module(c, modules, tables_module(&c->tables, backend - 1)) : NULL;
}

void told_modules_free(struct told_module *modules)
{
	while (modules) {
		struct told_module *next = modules->next;
		free(modules);
		modules = next;
	}
}
