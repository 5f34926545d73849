/* collector.c - see collector.h. */
#include "collect/collector.h"

#include <stdlib.h>

#include "base/atomics.h"
#include "collect/drain.h"
#include "collect/order.h"
#include "util/mem.h"

enum {
	QUANTUM_NS = 4000,
	SHORT_SLEEP_NS = 1000000,
	LONG_SLEEP_NS = 20000000,
	FEW_WORDS = 512,      /* a pass that brings less may be followed by a longer sleep */
	CHECKS_A_PASS = 64,   /* threads looked after in a pass... */
	FEW_FREE_SLOTS = 1024, /* ...unless so few slots are free: then all */
};

void collector_init(struct collector *c, struct session *session, struct trace_writer *writer)
{
	*c = (struct collector){ .session = session, .writer = writer };
	clock_start(&c->clock);
	tables_init(&c->tables, session, writer, &c->processes);
	processes_init(&c->processes, session, writer, &c->clock);
	slots_init(&c->slots, session, writer, &c->processes, &c->clock);
	finding_log_init(&c->findings, session, writer);
	c->forced = mem_zalloc(SESSION_MAX_RINGS + 1, sizeof(*c->forced));
	c->heap = mem_zalloc(SESSION_MAX_RINGS, sizeof(*c->heap));
	c->idle_ns = SHORT_SLEEP_NS;
	strbuf_init(&c->suppressions);
}

void collector_release(struct collector *c)
{
	held_variables_release(&c->held);
	free(c->heap);
	free(c->forced);
	allocator_names_release(&c->allocators);
	strbuf_release(&c->suppressions);
	slots_release(&c->slots);
	finding_log_release(&c->findings);
	loaded_release(&c->loaded);
	processes_release(&c->processes);
	tables_release(&c->tables);
}

static void begin_pass(struct collector *c)
{
	at_add_relaxed(&c->session->header->heartbeat, 1);
	c->pass_words = 0;
	/* First the clock: what is seen from here on was there at that moment or came later. */
	clock_advance(&c->clock);
	at_store_relaxed(&c->session->header->tsc, c->clock.now_tsc);
	c->quantum_ticks = clock_ticks(&c->clock, QUANTUM_NS);
	processes_look(&c->processes);
	if (c->on_hooks_wanted && at_load_relaxed(&c->session->header->plans_wanted))
		c->on_hooks_wanted(c->context);
}

/* Takes the last words of a ring whose thread has gone, and gives it back. */
static void retire(struct collector *c, uint32_t slot)
{
	if (slot_refresh(&c->slots, slot))
		drain_slot(c, slot, UINT64_MAX);
	slot_retire(&c->slots, slot);
}

/* Looks after some slots in turn: short-lived threads must not use them all up. */
static void look_after_threads(struct collector *c)
{
	struct slots *s = &c->slots;
	uint32_t checks = CHECKS_A_PASS;
	if (SESSION_MAX_RINGS - s->owned_count < FEW_FREE_SLOTS || checks > s->count)
		checks = s->count;
	while (checks-- > 0) {
		uint32_t index = s->look_at++;
		if (s->look_at >= s->count)
			s->look_at = 0;
		struct slot *slot = &s->items[index];
		if (!slot->owned || slot->tail != slot->head || slot->damaged)
			continue;
		if (slot_thread_is_gone(s, index))
			retire(c, index);
		else
			slot_follow_name(s, index);
	}
}

void collector_finish_ended(struct collector *c)
{
	struct processes *p = &c->processes;
	for (uint32_t index = 0; index < p->notes_end; index++) {
		struct process_note *note = &p->notes[index];
		if (!note->ended || note->finished)
			continue;
		/* All that happened before this pass has been written. */
		trace_writer_time(c->writer, c->clock.now_ns);
		for (uint32_t slot = 0; slot < c->slots.count; slot++)
			if (c->slots.items[slot].owned &&
			    c->slots.items[slot].process_index == index)
				retire(c, slot);
		loaded_note(&c->loaded, &c->tables, p, index);
		processes_finish(p, index);
	}
}

uint64_t collector_pass(struct collector *c)
{
	begin_pass(c);
	order_drain(c);
	if (c->crashes.count != at_load_relaxed(&c->session->header->crash_count))
		crash_log_look(c);
	if (c->on_drained)
		c->on_drained(c->context);
	look_after_threads(c);
	if (c->processes.ended_count)
		collector_finish_ended(c);
	c->words += c->pass_words;
	return c->pass_words;
}

void collector_drain_all(struct collector *c)
{
	begin_pass(c);
	order_drain_all(c);
	crash_log_look(c);
	trace_writer_time(c->writer, c->clock.now_ns);
	c->words += c->pass_words;
}

void collector_leave_live(struct collector *c)
{
	for (uint32_t index = 0; index < c->processes.notes_end; index++)
		if (c->processes.notes[index].seen && !c->processes.notes[index].finished) {
			loaded_note(&c->loaded, &c->tables, &c->processes, index);
			processes_write_losses(&c->processes, index);
		}
}

void collector_sleep(struct collector *c, uint32_t seen)
{
	if (c->pass_words >= FEW_WORDS)
		c->idle_ns = SHORT_SLEEP_NS;
	else if (c->idle_ns < LONG_SLEEP_NS)
		c->idle_ns += c->idle_ns / 4;
	if (!c->more)
		session_sleep(c->session, seen, c->idle_ns);
}
