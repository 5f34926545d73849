/* crash_log.c - see crash_log.h. */
#include "collect/crash_log.h"

#include <string.h>

#include "base/atomics.h"
#include "collect/collector.h"
#include "wire/findings.h"
#include "wire/roles.h"

/* Nothing in the record can be relied on. */
static uint32_t node(struct collector *c, uint32_t number)
{
	return tables_have_node(&c->tables, number) ? number : (uint32_t)NODE_UNKNOWN;
}

static bool pointer_is_sound(const struct crash_pointer *p)
{
	return p->place < CRASH_PLACES && p->made_role < ROLE_COUNT &&
	       p->made_slot < SESSION_MAX_RINGS && p->freed_slot < SESSION_MAX_RINGS;
}

static void read_pointer(struct collector *c, const struct crash_pointer *p, uint64_t time_ns,
			 struct trace_crash_pointer *out)
{
	const uint64_t tick_ns = clock_duration_ns(&c->clock, UINT64_C(1) << FINDING_AGE_SHIFT);
	uint64_t oldest_ns = (p->age + UINT64_C(1)) * tick_ns;
	uint64_t made_ns = time_ns > oldest_ns ? time_ns - oldest_ns : 0;
	bool freed = p->flags & CRASH_BLOCK_FREED, mapped = p->flags & CRASH_IN_REGION;
	*out = (struct trace_crash_pointer){
		.place = p->place,
		.flags = p->flags & (CRASH_BLOCK_FREED | CRASH_IN_REGION),
		.made_role = p->made_role,
		.allocator = p->allocator,
		.made_thread =
			mapped ? TRACE_NO_THREAD : slot_thread_at(&c->slots, p->made_slot, made_ns),
		.freed_thread =
			freed ? slot_thread_at(&c->slots, p->freed_slot, made_ns) : TRACE_NO_THREAD,
		.made_stack = node(c, p->made_stack),
		.freed_site = freed ? node(c, p->freed_site) : (uint32_t)NODE_ROOT,
		.value = p->value,
		.block = p->block,
		.size = p->size,
		.age_ns = p->age * tick_ns,
	};
}

static void read_crash(struct collector *c, const struct session_crash *s, struct trace_crash *out,
		       struct trace_crash_pointer *pointers)
{
	const struct processes *p = &c->processes;
	bool known = s->process < p->notes_end && p->notes[s->process].seen;
	*out = (struct trace_crash){
		.process = known ? p->notes[s->process].id : TRACE_NO_PROCESS,
		.thread = TRACE_NO_THREAD,
		.pid = s->pid,
		.tid = s->tid,
		.signal = (uint32_t)s->signal & 127,
		.code = s->code,
		.sender = s->sender,
		.flags = s->flags & CRASH_FLAGS_ALL,
		.stack = node(c, s->stack),
		.address = s->address,
		.time_ns =
			clock_ns(&c->clock, s->tsc < c->clock.now_tsc ? s->tsc : c->clock.now_tsc),
		.failed_bytes = s->failed_bytes,
		.failed_ns = clock_duration_ns(&c->clock, s->failed_ticks),
		.message = s->message,
		.pointers = pointers,
	};
	if (s->slot_plus_1 - 1 < c->slots.count && c->slots.items[s->slot_plus_1 - 1].threads)
		out->thread = c->slots.items[s->slot_plus_1 - 1].thread;
	memcpy(out->registers, s->registers, sizeof(out->registers));
	for (uint32_t i = 0; i < s->pointer_count && i < CRASH_POINTERS; i++)
		if (pointer_is_sound(&s->pointers[i]))
			read_pointer(c, &s->pointers[i], out->time_ns,
				     &pointers[out->pointer_count++]);
}

_Static_assert((int)TRACE_CRASH_REGISTERS == CRASH_REGISTERS + 1, "the same registers");

static void take(struct collector *c, const struct session_crash *shared)
{
	struct session_crash copy = *shared;
	struct trace_crash crash;
	struct trace_crash_pointer pointers[CRASH_POINTERS];
	copy.message[sizeof(copy.message) - 1] = '\0';
	read_crash(c, &copy, &crash, pointers);
	trace_writer_crash(c->writer, &crash);
	if (c->crashes.on_crash)
		c->crashes.on_crash(c->crashes.context, c->crashes.count, copy.process, &crash);
	c->crashes.count++;
}

static uint32_t claimed(const struct collector *c)
{
	uint32_t count = at_load_relaxed(&c->session->header->crash_count);
	return count < CRASH_MAX ? count : (uint32_t)CRASH_MAX;
}

void crash_log_look(struct collector *c)
{
	uint32_t count = claimed(c);
	for (uint32_t i = 0; i < count; i++) {
		const struct session_crash *s = &c->session->crashes[i];
		if (c->crashes.taken[i] || at_load_acquire(&s->state) != CRASH_READY)
			continue;
		c->crashes.taken[i] = true;
		take(c, s);
	}
}

uint32_t crash_log_missing(const struct collector *c)
{
	return at_load_relaxed(&c->session->header->crash_count) - c->crashes.count;
}
