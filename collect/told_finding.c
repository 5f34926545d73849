/* told_finding.c - see told_finding.h. */
#include "collect/told_finding.h"

#include <stdlib.h>
#include <string.h>

#include "collect/collector.h"
#include "util/mem.h"
#include "wire/findings.h"

enum { MOST_ADDRESSES = 64 };

static bool read_address(struct collector *c, const struct trace_node *node,
			 struct told_address *out)
{
	struct session_module *copy = mem_alloc(sizeof(*copy));
	*out = (struct told_address){ .copy = copy, .offset = node->offset };
	if (node->module == TRACE_NO_MODULE ||
	    !tables_read_module(&c->tables, c->tables.modules[node->module], copy, &out->module)) {
		free(copy);
		return false;
	}
	uint32_t process_plus_1 = out->module.anonymous_process_plus_1;
	if (process_plus_1 && process_plus_1 <= c->processes.id_count)
		out->anonymous_pid = c->processes.lineage[process_plus_1 - 1].pid;
	return true;
}

static void read_stack(struct collector *c, struct told_stack *stack, uint32_t node)
{
	stack->addresses = mem_zalloc(MOST_ADDRESSES, sizeof(*stack->addresses));
	while (node >= NODE_FIRST && stack->count < MOST_ADDRESSES) {
		struct trace_node n;
		if (!tables_read_node(&c->tables, node, &n) ||
		    !read_address(c, &n, &stack->addresses[stack->count])) {
			node = NODE_UNKNOWN;
			break;
		}
		stack->count++;
		node = n.parent; /* a smaller number: this ends */
	}
	stack->outside = node < NODE_FIRST ? node : (uint32_t)NODE_TRUNCATED;
}

static const struct slot *slot_of_thread(const struct collector *c, uint32_t thread)
{
	for (uint32_t i = 0; i < c->slots.count && thread != TRACE_NO_THREAD; i++)
		if (c->slots.items[i].threads && c->slots.items[i].thread == thread)
			return &c->slots.items[i];
	return NULL;
}

static uint32_t tid_of(const struct collector *c, uint32_t thread)
{
	const struct slot *slot = slot_of_thread(c, thread);
	return slot ? slot->tid : 0;
}

static void read_process(const struct collector *c, struct told_finding *f)
{
	const struct slot *slot = slot_of_thread(c, f->finding.thread);
	if (f->finding.process < c->processes.id_count)
		f->pid = c->processes.lineage[f->finding.process].pid;
	if (!slot)
		return;
	memcpy(f->thread_name, slot->name, sizeof(f->thread_name) - 1);
	memcpy(f->exe, c->session->processes[slot->process_index].exe, sizeof(f->exe) - 1);
}

struct told_finding *told_finding_new(struct collector *c, uint32_t number,
				      const struct trace_finding *finding)
{
	struct told_finding *f = mem_zalloc(1, sizeof(*f));
	f->finding = *finding;
	f->number = number;
	f->tid = tid_of(c, finding->thread);
	f->made_tid = tid_of(c, finding->made_thread);
	f->first_tid = tid_of(c, finding->first_thread);
	read_process(c, f);
	read_stack(c, &f->stacks[TOLD_RELEASE], finding->stack);
	if (finding->flags & FINDING_HAS_BLOCK)
		read_stack(c, &f->stacks[TOLD_MADE], finding->made_stack);
	if (finding->flags & FINDING_WAS_FREED)
		read_stack(c, &f->stacks[TOLD_FIRST], finding->first_site);
	return f;
}

void told_finding_free(struct told_finding *f)
{
	for (unsigned i = 0; i < TOLD_STACKS; i++) {
		for (size_t k = 0; k < f->stacks[i].count; k++)
			free(f->stacks[i].addresses[k].copy);
		free(f->stacks[i].addresses);
	}
	free(f);
}
