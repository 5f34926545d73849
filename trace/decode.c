/* decode.c - the events of a chunk: the reader's half of the prediction.
 *
 * Everything explicit is checked where it comes in; what is predicted was checked then. */
#include "trace/reader_state.h"
#include "wire/roles.h"

void decoder_init(struct decoder *d)
{
	memset(d, 0, sizeof(*d));
	predictor_init(&d->predictor);
}

void decoder_release(struct decoder *d)
{
	predictor_release(&d->predictor);
}

/* Finds where the next switch stands. */
static void read_gap(struct decoder *d)
{
	const struct cursor *ops = &d->column[COLUMN_OPS];
	struct cursor *in = &d->column[COLUMN_GAP];
	d->switch_at = NULL;
	if (in->at == in->end)
		return;
	uint64_t gap = cursor_below(in, cursor_left(ops));
	if (in->bad)
		d->wrong = "an event chunk is malformed";
	else
		d->switch_at = ops->at + gap;
}

void decoder_begin(struct decoder *d, const uint8_t *payload, size_t bytes, uint32_t count)
{
	struct cursor in = cursor_on(payload, bytes);
	uint64_t len[COLUMN_COUNT];
	for (unsigned i = 0; i < COLUMN_COUNT; i++)
		len[i] = cursor_varint(&in);
	for (unsigned i = 0; i < COLUMN_COUNT; i++)
		d->column[i] = cursor_part(&in, len[i]);
	d->wrong = NULL;
	d->switch_at = NULL;
	if (in.bad || in.at != in.end)
		d->wrong = "an event chunk is malformed";
	else if (len[COLUMN_OPS] != count)
		d->wrong = "an event chunk has another number of events than it says";
	else
		read_gap(d);
}

static uint64_t read_split(struct decoder *d, enum column_id low)
{
	uint64_t value = cursor_byte(&d->column[low]);
	uint64_t high = cursor_below(&d->column[low + 1], UINT64_C(1) << 56);
	return value | high << 8;
}

static bool read_alloc_attr(struct decoder *d, struct stack_state *at)
{
	struct cursor *in = &d->column[COLUMN_ALLOC_ATTR];
	uint32_t role = cursor_byte(in);
	uint32_t flags = cursor_byte(in);
	uint32_t allocator = (uint32_t)cursor_below(in, TRACE_MAX_ALLOCATORS);
	if (role >= ROLE_COUNT || flags > FORMAT_MAX_FLAGS)
		return false;
	at->attr = role | flags << 8 | allocator << 16;
	return !in->bad;
}

static bool read_free_attr(struct decoder *d, struct site_state *at)
{
	struct cursor *in = &d->column[COLUMN_FREE_ATTR];
	uint32_t role = cursor_byte(in);
	uint32_t flags = cursor_byte(in);
	if (role >= ROLE_COUNT || flags >> 1 > FORMAT_MAX_FLAGS)
		return false;
	at->attr = role | flags >> 1 << 8 | (flags & 1) << 16;
	return !in->bad;
}

/* Reads a number or a node; false when it is none. */
static AT_NOINLINE bool read_stack_explicitly(struct decoder *d, unsigned mode, size_t node_count,
					      uint32_t *number)
{
	struct predictor *p = &d->predictor;
	if (mode == NODE_MODE_KNOWN) {
		*number = (uint32_t)cursor_below(&d->column[COLUMN_STACK], p->stack_count);
		return !d->column[COLUMN_STACK].bad;
	}
	struct cursor *in = &d->column[COLUMN_STACK_NEW];
	uint64_t node = p->last_new_stack + (uint64_t)zigzag_decode(cursor_varint(in));
	/* A writer numbers a node once, so there cannot be more numbers than nodes. */
	if (in->bad || node >= node_count || p->stack_count >= node_count)
		return false;
	*number = predictor_add_stack(p, (uint32_t)node);
	return true;
}

static AT_NOINLINE bool read_site_explicitly(struct decoder *d, unsigned mode, size_t node_count,
					     uint32_t *number)
{
	struct predictor *p = &d->predictor;
	if (mode == NODE_MODE_KNOWN) {
		*number = (uint32_t)cursor_below(&d->column[COLUMN_SITE], p->site_count);
		return !d->column[COLUMN_SITE].bad;
	}
	struct cursor *in = &d->column[COLUMN_SITE_NEW];
	uint64_t node = p->last_new_site + (uint64_t)zigzag_decode(cursor_varint(in));
	if (in->bad || node >= node_count || p->site_count >= node_count)
		return false;
	*number = predictor_add_site(p, (uint32_t)node);
	return true;
}

static inline bool read_size(struct decoder *d, unsigned mode, uint32_t number)
{
	struct stack_state *at = &d->predictor.stacks[number];
	uint64_t *next = predict_next_size(&d->predictor, number, at->size);
	if (mode == SIZE_EXPLICIT)
		*next = read_split(d, COLUMN_SIZE_LOW);
	at->size = *next;
	return mode <= SIZE_EXPLICIT && !d->column[COLUMN_SIZE_LOW].bad &&
	       !d->column[COLUMN_SIZE_HIGH].bad;
}

static inline bool decode_alloc(struct decoder *d, unsigned op, size_t node_count,
				struct trace_event *e)
{
	struct predictor *p = &d->predictor;
	struct slot_state *slot = &p->slots[p->slot];
	unsigned mode = op & OP_ALLOC_MODE;
	uint32_t number = 0;
	if (mode >= NODE_MODE_KNOWN && !read_stack_explicitly(d, mode, node_count, &number))
		return false;
	number = successors_take(&p->stacks[slot->last_stack].next, mode, number);
	struct stack_state *at = &p->stacks[number];
	slot->last_stack = number;
	unsigned size_mode = op >> OP_ALLOC_SIZE_SHIFT & 3;
	if (size_mode != SIZE_SAME && !read_size(d, size_mode, number))
		return false;
	if (AT_UNLIKELY(op & OP_ALLOC_ATTR) && !read_alloc_attr(d, at))
		return false;
	*e = (struct trace_event){
		.op = TRACE_ALLOC,
		.role = at->attr & 0xff,
		.flags = at->attr >> 8 & 0xff,
		.slot = p->slot,
		.stack = at->node,
		.allocator = at->attr >> 16,
		.time_ns = d->time * FORMAT_TIME_UNIT_NS,
		.size = at->size,
		.counter = slot->counter++,
	};
	return true;
}

static inline bool read_name(struct decoder *d, unsigned mode, const struct site_state *site,
			     const struct slot_state *block, uint64_t *counter)
{
	switch (mode) {
	case NAME_SITE_AGE:
		*counter = block->counter - site->age;
		return true;
	case NAME_SITE_STEP:
		*counter = site->last + site->step;
		return true;
	case NAME_SLOT_UP:
		*counter = block->last_freed + 1;
		return true;
	case NAME_SLOT_DOWN:
		*counter = block->last_freed - 1;
		return true;
	case NAME_NEAR: {
		struct cursor *in = &d->column[COLUMN_NAME_NEAR];
		*counter = block->last_freed + (uint64_t)zigzag_decode(cursor_byte(in));
		return !in->bad;
	}
	case NAME_FAR:
		*counter = block->counter - read_split(d, COLUMN_NAME_LOW);
		return !d->column[COLUMN_NAME_LOW].bad && !d->column[COLUMN_NAME_HIGH].bad;
	default:
		return false;
	}
}

static inline bool decode_free(struct decoder *d, unsigned op, size_t node_count,
			       struct trace_event *e)
{
	struct predictor *p = &d->predictor;
	struct slot_state *slot = &p->slots[p->slot];
	unsigned mode = op >> OP_FREE_SITE_SHIFT & 3;
	uint32_t number = 0;
	if (mode >= NODE_MODE_KNOWN && !read_site_explicitly(d, mode, node_count, &number))
		return false;
	number = successors_take(&p->sites[slot->last_site].next, mode, number);
	struct site_state *at = &p->sites[number];
	slot->last_site = number;
	if (AT_UNLIKELY(op & OP_FREE_ATTR) && !read_free_attr(d, at))
		return false;
	if (op & OP_FREE_SLOT) {
		struct cursor *in = &d->column[COLUMN_BLOCK_SLOT];
		at->block_slot = (uint32_t)cursor_below(in, TRACE_MAX_SLOTS);
		if (in->bad)
			return false;
		predictor_reserve_slot(p, at->block_slot);
	}
	struct slot_state *block = &p->slots[at->block_slot];
	uint64_t counter;
	if (!read_name(d, op & 7, at, block, &counter))
		return false;
	predict_freed(at, block, counter);
	*e = (struct trace_event){
		.op = at->attr >> 16 ? TRACE_FREE_INHERITED : TRACE_FREE,
		.role = at->attr & 0xff,
		.flags = at->attr >> 8 & 0xff,
		.slot = p->slot,
		.stack = at->node,
		.time_ns = d->time * FORMAT_TIME_UNIT_NS,
		.counter = counter,
		.block_slot = at->block_slot,
	};
	return true;
}

static uint32_t read_thread(struct decoder *d, unsigned op, struct cursor *in)
{
	bool starts = op == TRACE_THREAD_START && d->thread_count < FORMAT_MAX_THREADS;
	uint32_t thread = (uint32_t)cursor_below(in, (uint64_t)d->thread_count + starts);
	if (thread == d->thread_count && !in->bad)
		d->thread_count++;
	return thread;
}

static bool decode_other(struct decoder *d, unsigned op, const struct tables *t,
			 struct trace_event *e)
{
	unsigned fields = format_event_fields(op);
	struct cursor *in = &d->column[COLUMN_OTHER];
	*e = (struct trace_event){ .op = (uint8_t)op, .time_ns = d->time * FORMAT_TIME_UNIT_NS };
	if (fields & FIELD_SLOT)
		e->slot = d->predictor.slot;
	if (fields & FIELD_PROCESS)
		e->process = (uint32_t)cursor_below(in, t->process_count);
	if (fields & FIELD_THREAD)
		e->thread = read_thread(d, op, in);
	if (fields & FIELD_MODULE)
		e->module = (uint32_t)cursor_below(in, t->module_count);
	if (fields & FIELD_ROLE)
		e->role = (uint8_t)cursor_below(in, format_role_limit(op));
	if (fields & FIELD_FLAGS)
		e->flags = (uint8_t)cursor_below(in, FORMAT_MAX_FLAGS + 1);
	if (fields & FIELD_STACK)
		e->stack = (uint32_t)cursor_below(in, t->node_count);
	if (fields & FIELD_VALUE)
		e->value = cursor_varint(in);
	if (fields & FIELD_ADDRESS)
		e->address = cursor_varint(in);
	if (fields & FIELD_TEXT) {
		size_t len;
		e->text = cursor_string(in, &len);
		if (len > FORMAT_MAX_TEXT_BYTES)
			return false;
	}
	if ((op == TRACE_FINDING && e->value >= t->finding_count) ||
	    (op == TRACE_LEAK_SCAN && e->value >= t->leak_scan_count))
		return false;
	return fields && !in->bad;
}

static bool decode_time(struct decoder *d)
{
	struct cursor *in = &d->column[COLUMN_TIME];
	uint64_t delta = cursor_varint(in);
	/* Times are given in nanoseconds: those must not overflow. */
	if (in->bad || delta > UINT64_MAX / FORMAT_TIME_UNIT_NS - d->time)
		return false;
	d->time += delta;
	return true;
}

static bool decode_slot(struct decoder *d, unsigned bits)
{
	struct predictor *p = &d->predictor;
	struct slot_state *from = &p->slots[p->slot];
	if (bits & SWITCH_SLOT) {
		struct cursor *in = &d->column[COLUMN_SLOT];
		from->next_slot = (uint32_t)cursor_below(in, TRACE_MAX_SLOTS);
		if (in->bad)
			return false;
	}
	p->slot = from->next_slot;
	predictor_reserve_slot(p, p->slot);
	return true;
}

static AT_NOINLINE bool decode_switch(struct decoder *d)
{
	struct cursor *in = &d->column[COLUMN_SWITCH];
	unsigned bits = cursor_byte(in);
	unsigned slot_bits = bits & (SWITCH_SLOT_NEXT | SWITCH_SLOT);
	if (in->bad || bits == 0 || bits > (SWITCH_TIME | SWITCH_SLOT))
		return false; /* nothing, or both slot bits */
	if ((bits & SWITCH_TIME) && !decode_time(d))
		return false;
	if (slot_bits && !decode_slot(d, slot_bits))
		return false;
	read_gap(d);
	return !d->wrong;
}

/* Every column must have been read to its end. */
static void end_chunk(struct decoder *d)
{
	for (unsigned i = 0; i < COLUMN_COUNT; i++)
		if (d->column[i].at != d->column[i].end)
			d->wrong = "an event chunk has bytes after its last event";
}

static inline bool decode_event(struct decoder *d, unsigned op, const struct tables *t,
				struct trace_event *e)
{
	if (op >= OP_FREE)
		return decode_free(d, op, t->node_count, e);
	if (op <= OP_ALLOC_LAST)
		return decode_alloc(d, op, t->node_count, e);
	return op >= OP_OTHER && decode_other(d, op - OP_OTHER, t, e);
}

size_t decoder_next(struct decoder *d, const struct tables *t, struct trace_event *out, size_t max)
{
	struct cursor *ops = &d->column[COLUMN_OPS];
	size_t n = 0;
	if (d->wrong)
		return 0;
	while (n < max) {
		if (ops->at == ops->end) {
			end_chunk(d);
			break;
		}
		bool good = true;
		/* A gap may be 0. */
		while (AT_UNLIKELY(ops->at == d->switch_at) && good)
			good = decode_switch(d);
		if (!good || !decode_event(d, *ops->at++, t, &out[n])) {
			d->wrong = "an event is malformed or names what is not there";
			break;
		}
		n++;
	}
	return n;
}
