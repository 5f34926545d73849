/* test_stream.c - see test_stream.h. Threads come and go, slots are used again, processes fork and
 * end, blocks are freed by other threads, live blocks hover around a number. */
#include "tests/analysis/test_stream.h"

#include <stdbool.h>
#include <stdlib.h>

#include "util/mem.h"
#include "wire/events.h"
#include "wire/roles.h"
#include "wire/session.h"

struct maker_block {
	uint32_t slot;
	uint32_t process;
	uint64_t counter;
};

struct maker_slot {
	bool used;
	uint32_t thread;
	uint32_t process;
	uint64_t next;
};

struct maker {
	const struct stream_shape *shape;
	struct stream *out;
	uint64_t random;
	uint64_t now_ns;
	struct maker_slot *slots;
	struct maker_block *live;
	size_t live_count;
	size_t live_cap;
};

/* xorshift64* */
uint64_t stream_random(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return *state * 0x2545f4914f6cdd1du;
}

static uint64_t below(struct maker *m, uint64_t limit)
{
	return stream_random(&m->random) % limit;
}

static struct trace_event *emit(struct maker *m, enum trace_op op)
{
	struct stream *s = m->out;
	s->events = mem_grow(s->events, &s->cap, s->count + 1, sizeof(*s->events));
	m->now_ns += below(m, 5000);
	s->events[s->count] = (struct trace_event){ .op = (uint8_t)op, .time_ns = m->now_ns };
	return &s->events[s->count++];
}

static void start_thread(struct maker *m, uint32_t slot, uint32_t process)
{
	m->slots[slot].used = true;
	m->slots[slot].process = process;
	m->slots[slot].thread = m->out->threads++;
	struct trace_event *e = emit(m, TRACE_THREAD_START);
	e->slot = slot;
	e->thread = m->slots[slot].thread;
	e->process = process;
}

static void start_process(struct maker *m, uint32_t slot)
{
	uint32_t process = m->out->processes++;
	emit(m, TRACE_PROCESS_START)->process = process;
	start_thread(m, slot, process);
}

static void allocate(struct maker *m, uint32_t slot, unsigned flags)
{
	const struct stream_shape *shape = m->shape;
	struct trace_event *e = emit(m, TRACE_ALLOC);
	e->slot = slot;
	e->counter = m->slots[slot].next++;
	/* Stacks of low number are common, as in life. */
	e->stack = NODE_FIRST + (uint32_t)below(m, below(m, shape->stacks) + 1);
	e->size = below(m, 10) ? below(m, 200) : below(m, shape->max_size + 1);
	e->role = flags ? ROLE_REALLOC : ROLE_MALLOC;
	e->flags = (uint8_t)flags;
	if (shape->pools && below(m, 4) == 0)
		e->allocator = 1 + (uint32_t)below(m, shape->pools);
	if (shape->keep && below(m, shape->keep) == 0)
		return;
	m->live = mem_grow(m->live, &m->live_cap, m->live_count + 1, sizeof(*m->live));
	m->live[m->live_count++] = (struct maker_block){ slot, m->slots[slot].process, e->counter };
}

static void free_block(struct maker *m, uint32_t slot, size_t index, unsigned flags)
{
	struct maker_block block = m->live[index];
	m->live[index] = m->live[--m->live_count];
	struct trace_event *e = emit(m, TRACE_FREE);
	e->slot = slot;
	e->block_slot = block.slot;
	e->counter = block.counter;
	e->stack = NODE_FIRST;
	e->role = flags ? ROLE_REALLOC : ROLE_FREE;
	e->flags = (uint8_t)flags;
}

/* A block of the slot's process, often a recent one; m->live_count if none comes to hand. */
static size_t pick(struct maker *m, uint32_t slot)
{
	for (unsigned tries = 0; tries < 4 && m->live_count; tries++) {
		size_t recent = m->live_count < 4 ? m->live_count : 4;
		size_t i = below(m, 2) ? m->live_count - 1 - below(m, recent)
				       : below(m, m->live_count);
		if (m->live[i].process == m->slots[slot].process)
			return i;
	}
	return m->live_count;
}

static void end_process(struct maker *m, uint32_t process)
{
	for (uint32_t i = 0; i < m->shape->slots; i++)
		if (m->slots[i].process == process)
			m->slots[i].used = false;
	size_t kept = 0;
	for (size_t i = 0; i < m->live_count; i++)
		if (m->live[i].process != process)
			m->live[kept++] = m->live[i];
	m->live_count = kept;
	struct trace_event *e = emit(m, TRACE_PROCESS_END);
	e->process = process;
	e->value = 0;
}

static void nonsense(struct maker *m, uint32_t slot)
{
	struct trace_event *e = emit(m, below(m, 2) ? TRACE_FREE_INHERITED : TRACE_FREE);
	e->slot = slot;
	e->block_slot = slot;
	e->counter = m->slots[slot].next + 5; /* never made */
}

static void turnover(struct maker *m, uint32_t slot)
{
	uint32_t process = m->slots[slot].process;
	if (process && below(m, 3) == 0) {
		end_process(m, process);
		return;
	}
	struct trace_event *e = emit(m, TRACE_THREAD_END);
	e->slot = slot;
	e->thread = m->slots[slot].thread;
	if (below(m, 2))
		start_thread(m, slot, process);
	else if (slot) /* slot 0 stays with the first process */
		start_process(m, slot);
	else
		start_thread(m, slot, 0);
}

static void step(struct maker *m)
{
	uint32_t slot = (uint32_t)below(m, m->shape->slots);
	if (!m->slots[slot].used) {
		if (below(m, 3))
			start_process(m, slot);
		else
			start_thread(m, slot, 0);
	}
	if (below(m, 500) == 0) {
		turnover(m, slot);
		return;
	}
	if (m->shape->forget && below(m, m->shape->forget) == 0)
		nonsense(m, slot);
	size_t victim = pick(m, slot);
	bool release = victim < m->live_count && below(m, m->shape->live * 2) < m->live_count;
	if (release && below(m, 8) == 0) {
		free_block(m, slot, victim, EVENT_FLAG_REALLOC);
		allocate(m, slot, EVENT_FLAG_REALLOC);
	} else if (release) {
		free_block(m, slot, victim, 0);
	} else {
		allocate(m, slot, 0);
	}
}

void stream_make(struct stream *s, const struct stream_shape *shape)
{
	*s = (struct stream){ 0 };
	struct maker m = { .shape = shape, .out = s, .random = shape->seed * 2 + 1 };
	m.slots = mem_zalloc(shape->slots, sizeof(*m.slots));
	start_process(&m, 0);
	while (s->count < shape->events)
		step(&m);
	if (below(&m, 2))
		end_process(&m, 0);
	free(m.slots);
	free(m.live);
}

void stream_release(struct stream *s)
{
	free(s->events);
	*s = (struct stream){ 0 };
}
