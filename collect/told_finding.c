/* told_finding.c - see told_finding.h. */
#include "collect/told_finding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/atomics.h"
#include "collect/collector.h"
#include "util/mem.h"
#include "wire/findings.h"

static void read_process(const struct collector *c, struct told_finding *f)
{
	const struct slot *slot = slot_of_thread(&c->slots, f->finding.thread);
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
	const struct slot *slot = slot_of_thread(&c->slots, f->finding.thread);
	if (f->finding.flags & (FINDING_HAS_BLOCK | FINDING_IN_REGION))
		read_name(c, f->finding.allocator, f->made_allocator);
	if (f->finding.class == FINDING_CROSS || f->finding.class == FINDING_GONE)
		read_name(c, f->finding.argument, f->called_allocator);
	if (slot)
		f->heap = told_heap(c, &f->modules, slot->process_index);
}

struct told_finding *told_finding_new(struct collector *c, uint32_t number,
				      const struct trace_finding *finding)
{
	struct told_finding *f = mem_zalloc(1, sizeof(*f));
	f->finding = *finding;
	f->finding.why = finding->why ? mem_strdup(finding->why) : NULL;
	f->finding.fix = finding->fix ? mem_strdup(finding->fix) : NULL;
	f->finding.call = finding->call ? mem_strdup(finding->call) : NULL;
	f->finding.made_call = finding->made_call ? mem_strdup(finding->made_call) : NULL;
	f->number = number;
	f->tid = slot_tid_of_thread(&c->slots, finding->thread);
	f->made_tid = slot_tid_of_thread(&c->slots, finding->made_thread);
	f->first_tid = slot_tid_of_thread(&c->slots, finding->first_thread);
	read_process(c, f);
	read_allocators(c, f);
	told_stack_read(c, &f->modules, &f->stacks[TOLD_RELEASE], finding->stack);
	if (finding->flags & (FINDING_HAS_BLOCK | FINDING_IN_REGION))
		told_stack_read(c, &f->modules, &f->stacks[TOLD_MADE], finding->made_stack);
	if (finding->flags & FINDING_WAS_FREED)
		told_stack_read(c, &f->modules, &f->stacks[TOLD_FIRST], finding->first_site);
	return f;
}

void told_finding_free(struct told_finding *f)
{
	for (unsigned i = 0; i < TOLD_STACKS; i++)
		free(f->stacks[i].addresses);
	told_modules_free(f->modules);
	free((char *)(uintptr_t)f->finding.why);
	free((char *)(uintptr_t)f->finding.fix);
	free((char *)(uintptr_t)f->finding.call);
	free((char *)(uintptr_t)f->finding.made_call);
	free(f);
}
