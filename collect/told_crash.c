/* told_crash.c - see told_crash.h. */
#include "collect/told_crash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collect/collector.h"
#include "util/mem.h"

static void read_block(struct collector *c, struct told_crash *t, uint32_t i)
{
	const struct trace_crash_pointer *p = &t->pointers[i];
	struct told_block *b = &t->blocks[i];
	const char *name = allocator_names_get(&c->allocators, p->allocator);
	if (name)
		snprintf(b->allocator, sizeof(b->allocator), "%s", name);
	b->made_tid = slot_tid_of_thread(&c->slots, p->made_thread);
	told_stack_read(c, &t->modules, &b->made, p->made_stack);
	if (!(p->flags & CRASH_BLOCK_FREED))
		return;
	b->freed_tid = slot_tid_of_thread(&c->slots, p->freed_thread);
	told_stack_read(c, &t->modules, &b->freed, p->freed_site);
}

struct told_crash *told_crash_new(struct collector *c, uint32_t number, uint32_t process_index,
				  const struct trace_crash *crash)
{
	struct told_crash *t = mem_zalloc(1, sizeof(*t));
	const struct slot *slot = slot_of_thread(&c->slots, crash->thread);
	t->crash = *crash;
	t->number = number;
	snprintf(t->message, sizeof(t->message), "%s", crash->message);
	memcpy(t->pointers, crash->pointers, crash->pointer_count * sizeof(*t->pointers));
	t->crash.message = t->message;
	t->crash.pointers = t->pointers;
	if (slot)
		memcpy(t->thread_name, slot->name, sizeof(t->thread_name) - 1);
	if (process_index < SESSION_MAX_PROCESSES) {
		memcpy(t->exe, c->session->processes[process_index].exe, sizeof(t->exe) - 1);
		t->heap = told_heap(c, &t->modules, process_index);
	}
	told_stack_read(c, &t->modules, &t->stack, crash->stack);
	for (uint32_t i = 0; i < crash->pointer_count; i++)
		read_block(c, t, i);
	return t;
}

void told_crash_free(struct told_crash *t)
{
	free(t->stack.addresses);
	for (unsigned i = 0; i < CRASH_POINTERS; i++) {
		free(t->blocks[i].made.addresses);
		free(t->blocks[i].freed.addresses);
	}
	told_modules_free(t->modules);
	free(t);
}
