/* growth_shapes.c - see growth_shapes.h. */
#include "tests/analysis/growth_shapes.h"

#include <stdlib.h>

#include "util/mem.h"
#include "wire/events.h"
#include "wire/session.h"

void shape_init(struct shape *s)
{
	*s = (struct shape){ .random = 1 };
}

void shape_release(struct shape *s)
{
	for (size_t i = 0; i < SHAPE_SITES; i++)
		free(s->sites[i].blocks);
	free(s->events);
}

static struct trace_event *add(struct shape *s, unsigned op, uint32_t slot)
{
	s->events = mem_grow(s->events, &s->cap, s->count + 1, sizeof(*s->events));
	struct trace_event *e = &s->events[s->count++];
	*e = (struct trace_event){ .op = (uint8_t)op, .slot = slot, .time_ns = s->now_ns };
	return e;
}

void shape_process(struct shape *s, uint32_t process)
{
	add(s, TRACE_PROCESS_START, 0)->process = process;
	struct trace_event *e = add(s, TRACE_THREAD_START, process);
	e->process = process;
	e->thread = process;
}

void shape_process_end(struct shape *s, uint32_t process)
{
	add(s, TRACE_PROCESS_END, 0)->process = process;
}

void shape_mark(struct shape *s, unsigned type, const char *text)
{
	struct trace_event *e = add(s, TRACE_MARK, 0);
	e->role = (uint8_t)type;
	e->text = text;
}

static void make(struct shape *s, uint32_t slot, uint32_t site, uint64_t size, unsigned flags)
{
	struct shape_site *at = &s->sites[site];
	struct trace_event *e = add(s, TRACE_ALLOC, slot);
	e->stack = NODE_FIRST + site;
	e->size = size;
	e->flags = (uint8_t)flags;
	e->counter = s->counters[slot]++;
	at->blocks = mem_grow(at->blocks, &at->cap, at->count + 1, sizeof(*at->blocks));
	at->blocks[at->count++] = (struct shape_block){ slot, site, e->counter, size };
}

static void take(struct shape *s, uint32_t slot, const struct shape_block *b, unsigned flags)
{
	struct trace_event *e = add(s, TRACE_FREE, slot);
	e->block_slot = b->slot;
	e->counter = b->counter;
	e->flags = (uint8_t)flags;
}

void shape_alloc(struct shape *s, uint32_t slot, uint32_t site, uint64_t size)
{
	make(s, slot, site, size, 0);
}

void shape_free_oldest(struct shape *s, uint32_t slot, uint32_t site)
{
	struct shape_site *at = &s->sites[site];
	if (at->first < at->count)
		take(s, slot, &at->blocks[at->first++], 0);
}

void shape_free_newest(struct shape *s, uint32_t slot, uint32_t site)
{
	struct shape_site *at = &s->sites[site];
	if (at->first < at->count)
		take(s, slot, &at->blocks[--at->count], 0);
}

void shape_free_all(struct shape *s, uint32_t slot, uint32_t site)
{
	while (s->sites[site].first < s->sites[site].count)
		shape_free_oldest(s, slot, site);
}

void shape_realloc(struct shape *s, uint32_t slot, uint32_t site, uint64_t size)
{
	struct shape_site *at = &s->sites[site];
	if (at->first < at->count)
		take(s, slot, &at->blocks[--at->count], EVENT_FLAG_REALLOC);
	make(s, slot, site, size, EVENT_FLAG_REALLOC);
}

uint64_t shape_random(struct shape *s, uint64_t below)
{
	s->random = s->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (s->random >> 33) % below;
}
