/* verify.c - walks a whole trace and checks what the reader alone does not: block names. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/reader_state.h"
#include "util/mem.h"

enum { BATCH = 4096, BITS = 64 };

/* The blocks of one slot: a bit per allocation, set while it is live. */
struct slot_blocks {
	uint64_t count; /* allocated so far */
	uint64_t *live;
	size_t cap;
};

struct verifier {
	struct slot_blocks *slots; /* by slot */
	size_t slot_count;
	size_t slot_cap;
	struct trace_verify_report *report;
};

static struct slot_blocks *slot_of(struct verifier *v, uint32_t slot)
{
	while (v->slot_count <= slot) {
		v->slots = mem_grow(v->slots, &v->slot_cap, slot + 1u, sizeof(*v->slots));
		v->slots[v->slot_count++] = (struct slot_blocks){ 0 };
	}
	return &v->slots[slot];
}

static void take_alloc(struct verifier *v, const struct trace_event *e)
{
	struct slot_blocks *s = slot_of(v, e->slot);
	size_t word = s->count / BITS;
	if (word >= s->cap) {
		size_t old = s->cap;
		s->live = mem_grow(s->live, &s->cap, word + 1, sizeof(*s->live));
		memset(s->live + old, 0, (s->cap - old) * sizeof(*s->live));
	}
	s->live[word] |= UINT64_C(1) << s->count % BITS;
	s->count++;
	v->report->allocs++;
	v->report->live++;
}

static void note_bad(struct verifier *v, uint64_t *kind)
{
	if (v->report->first_bad_event == UINT64_MAX)
		v->report->first_bad_event = v->report->events;
	++*kind;
}

static void take_free(struct verifier *v, const struct trace_event *e)
{
	struct slot_blocks *s = slot_of(v, e->block_slot);
	bool inherited = e->op == TRACE_FREE_INHERITED;
	v->report->frees++;
	v->report->inherited_frees += inherited;
	if (e->counter >= s->count) {
		note_bad(v, &v->report->unknown_frees);
		return;
	}
	/* The parent of a fork keeps its own copy of an inherited block. */
	if (inherited)
		return;
	uint64_t bit = UINT64_C(1) << e->counter % BITS;
	uint64_t *word = &s->live[e->counter / BITS];
	if (!(*word & bit)) {
		note_bad(v, &v->report->double_frees);
		return;
	}
	*word &= ~bit;
	v->report->live--;
}

static int take_events(struct verifier *v, struct trace_reader *r, struct err *err)
{
	struct trace_event *events = mem_zalloc(BATCH, sizeof(*events));
	long n;
	while ((n = trace_reader_next(r, events, BATCH, err)) > 0) {
		for (long i = 0; i < n; i++) {
			const struct trace_event *e = &events[i];
			if (e->op == TRACE_ALLOC)
				take_alloc(v, e);
			else if (e->op == TRACE_FREE || e->op == TRACE_FREE_INHERITED)
				take_free(v, e);
			v->report->events++;
		}
	}
	free(events);
	return n < 0 ? -1 : 0;
}

static void finish_report(struct trace_verify_report *report, const struct trace_reader *r)
{
	report->bytes = r->file_bytes;
	report->good_bytes = r->position;
	report->chunks = r->chunks;
	report->nodes = r->tables.node_count;
	report->symbols = r->symbols.place_count;
	report->closed = r->closed;
	snprintf(report->damage, sizeof(report->damage), "%s", r->damage);
}

int trace_verify(const char *path, struct trace_verify_report *report, struct err *err)
{
	memset(report, 0, sizeof(*report));
	report->first_bad_event = UINT64_MAX;
	struct trace_reader *r = trace_reader_open(path, err);
	if (!r)
		return -1;
	struct verifier v = { .report = report };
	int result = take_events(&v, r, err);
	finish_report(report, r);
	for (size_t i = 0; i < v.slot_count; i++)
		free(v.slots[i].live);
	free(v.slots);
	trace_reader_close(r);
	return result;
}
