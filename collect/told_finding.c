/* told_finding.c - see told_finding.h. */
#include "collect/told_finding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomics.h"
#include "collect/collector.h"
#include "util/mem.h"
#include "wire/findings.h"

enum { MOST_ADDRESSES = 64 };

/* NULL if it is not known. */
static const struct told_module *module_of(struct collector *c, struct told_finding *f,
					   uint32_t index)
{
	if (index == TRACE_NO_MODULE)
		return NULL;
	for (const struct told_module *m = f->modules; m; m = m->next)
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
	m->next = f->modules;
	f->modules = m;
	return m;
}

static bool read_address(struct collector *c, struct told_finding *f, struct told_stack *stack,
			 const struct trace_node *node)
{
	const struct told_module *module = module_of(c, f, node->module);
	if (!module)
		return false;
	stack->addresses = mem_grow(stack->addresses, &stack->cap, stack->count + 1,
				    sizeof(*stack->addresses));
	stack->addresses[stack->count++] = (struct told_address){ module, node->offset };
	return true;
}

static void read_stack(struct collector *c, struct told_finding *f, struct told_stack *stack,
		       uint32_t node)
{
	while (node >= NODE_FIRST && stack->count < MOST_ADDRESSES) {
		struct trace_node n;
		if (!tables_read_node(&c->tables, node, &n) || !read_address(c, f, stack, &n)) {
			node = NODE_UNKNOWN;
			break;
		}
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

static void read_name(const struct collector *c, uint64_t allocator, char *name)
{
	const char *known = allocator_names_get(&c->allocators, allocator);
	if (known)
		snprintf(name, EVENT_TEXT_MAX_BYTES + 1, "%s", known);
}

static void read_allocators(struct collector *c, struct told_finding *f)
{
	const struct slot *slot = slot_of_thread(c, f->finding.thread);
	uint32_t backend = 0;
	if (f->finding.flags & FINDING_HAS_BLOCK)
		read_name(c, f->finding.allocator, f->made_allocator);
	if (f->finding.class == FINDING_CROSS || f->finding.class == FINDING_GONE)
		read_name(c, f->finding.argument, f->called_allocator);
	if (slot)
		backend = at_load_relaxed(
			&c->session->processes[slot->process_index].backend_module_plus_1);
	if (backend)
		f->heap = module_of(c, f, tables_module(&c->tables, backend - 1));
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
	read_allocators(c, f);
	read_stack(c, f, &f->stacks[TOLD_RELEASE], finding->stack);
	if (finding->flags & FINDING_HAS_BLOCK)
		read_stack(c, f, &f->stacks[TOLD_MADE], finding->made_stack);
	if (finding->flags & FINDING_WAS_FREED)
		read_stack(c, f, &f->stacks[TOLD_FIRST], finding->first_site);
	return f;
}

void told_finding_free(struct told_finding *f)
{
	for (unsigned i = 0; i < TOLD_STACKS; i++)
		free(f->stacks[i].addresses);
	while (f->modules) {
		struct told_module *next = f->modules->next;
		free(f->modules);
		f->modules = next;
	}
	free(f);
}
