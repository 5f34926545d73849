/* writer.c - taking events: prediction, columns, event chunks; opening, flushing, closing.
 *
 * One thread at a time. The hot calls write one op byte and, where the prediction fails, the
 * value into its column; nothing else happens until a chunk is full. */
#include <stdlib.h>
#include <string.h>

#include "trace/writer_state.h"
#include "wire/roles.h"

enum {
	/* A chunk has up to so many events: enough to compress well, and few enough that columns
	 * and compressor share a cache. */
	STEP_EVENTS = 1 << 16,
	/* But as long as little more than the ops comes together, as in a loop, it goes on up to
	 * so many. */
	MAX_EVENTS = 16 * STEP_EVENTS,
	/* Room in each column beyond that of one step, which "little" must fit into. */
	SPARE_BYTES = 1 << 14,
	/* Room for the column of rare events; one takes at most OTHER_EVENT_BYTES. */
	OTHER_BYTES = 1 << 18,
	OTHER_EVENT_BYTES = FORMAT_MAX_TEXT_BYTES + 9 * VARINT_MAX_BYTES,
	/* Writing the time takes a credit; see refill_time_credit(). */
	TIME_CREDIT_MAX = 256,
	TIME_CREDIT_PLENTY = 128,
	TIME_CREDIT_BYTES = 64,
};

/* The most bytes that one event adds to a column. */
static const uint8_t column_item_bytes[COLUMN_COUNT] = {
	[COLUMN_OPS] = 1,	 [COLUMN_STACK] = 4,	 [COLUMN_STACK_NEW] = 4,
	[COLUMN_SIZE_LOW] = 1,	 [COLUMN_SIZE_HIGH] = 8, [COLUMN_ALLOC_ATTR] = 5,
	[COLUMN_NAME_NEAR] = 1,	 [COLUMN_NAME_LOW] = 1,	 [COLUMN_NAME_HIGH] = 8,
	[COLUMN_SITE] = 4,	 [COLUMN_SITE_NEW] = 4,	 [COLUMN_FREE_ATTR] = 2,
	[COLUMN_BLOCK_SLOT] = 3, [COLUMN_GAP] = 3,	 [COLUMN_SWITCH] = 1,
	[COLUMN_SLOT] = 3,	 [COLUMN_TIME] = 10,	 [COLUMN_OTHER] = 0,
};

static size_t column_bytes(enum column_id id)
{
	if (id == COLUMN_OPS)
		return MAX_EVENTS;
	if (id == COLUMN_OTHER)
		return OTHER_BYTES;
	return (size_t)column_item_bytes[id] * STEP_EVENTS + SPARE_BYTES;
}

static size_t column_used(const struct trace_writer *w, enum column_id id)
{
	return (size_t)(w->column[id] - w->column_start[id]);
}

static void lay_out_columns(struct trace_writer *w)
{
	size_t total = 0;
	for (unsigned i = 0; i < COLUMN_COUNT; i++)
		total += column_bytes(i);
	w->column_memory = mem_alloc(total);
	uint8_t *place = w->column_memory;
	for (unsigned i = 0; i < COLUMN_COUNT; i++) {
		w->column_start[i] = w->column[i] = place;
		place += column_bytes(i);
	}
	w->last_switch = w->column_start[COLUMN_OPS];
	w->ops_limit = w->column_start[COLUMN_OPS] + STEP_EVENTS;
}

struct trace_writer *trace_writer_open(const char *path, struct err *err)
{
	struct trace_writer *w = mem_zalloc(1, sizeof(*w));
	if (output_open(&w->output, path, err) < 0) {
		free(w);
		return NULL;
	}
	predictor_init(&w->predictor);
	w->node_count = NODE_FIRST;
	w->numbers = mem_zalloc(NODE_FIRST, sizeof(*w->numbers));
	w->numbers_cap = NODE_FIRST;
	lay_out_columns(w);
	w->time_credit = TIME_CREDIT_MAX;
	return w;
}

int writer_chunk(struct trace_writer *w, enum chunk_type type, uint32_t count,
		 const uint8_t *payload, size_t bytes)
{
	uint64_t offset = w->output.bytes;
	if (output_chunk(&w->output, type, count, payload, bytes) < 0)
		return -1;
	if (type != CHUNK_EVENTS) {
		bytes_add_varint(&w->index, type);
		bytes_add_varint(&w->index, offset - w->index_last);
		w->index_last = offset;
		w->index_count++;
	}
	return 0;
}

static int flush_events(struct trace_writer *w)
{
	uint32_t count = (uint32_t)column_used(w, COLUMN_OPS);
	if (!count)
		return 0;
	struct bytes *out = &w->assembled;
	size_t lengths[COLUMN_COUNT];
	out->len = 0;
	for (unsigned i = 0; i < COLUMN_COUNT; i++) {
		lengths[i] = column_used(w, i);
		bytes_add_varint(out, lengths[i]);
	}
	size_t head_bytes = out->len;
	for (unsigned i = 0; i < COLUMN_COUNT; i++) {
		bytes_add(out, w->column_start[i], lengths[i]);
		w->column[i] = w->column_start[i];
	}
	w->last_switch = w->column_start[COLUMN_OPS];
	w->ops_limit = w->column_start[COLUMN_OPS] + STEP_EVENTS;
	w->credit_bytes = 0;
	struct chunk_part parts[PARTS_MAX];
	unsigned part_count = parts_plan(&w->parts, head_bytes, lengths, parts);
	if (part_count == 1)
		return writer_chunk(w, CHUNK_EVENTS, count, out->data, out->len);
	int result = output_parts(&w->output, CHUNK_EVENTS, count, out->data, parts, part_count);
	parts_learn(&w->parts, parts, part_count);
	return result;
}

static void end_chunk(struct trace_writer *w)
{
	/* What the events name goes first. */
	writer_flush_tables(w);
	flush_events(w);
}

/* As many events as fit for sure have come: go on when they took little room. */
static AT_NOINLINE void reach_limit(struct trace_writer *w)
{
	bool little = column_used(w, COLUMN_OPS) < MAX_EVENTS;
	for (unsigned i = COLUMN_OPS + 1; i < COLUMN_COUNT; i++)
		little = little && column_used(w, i) <= SPARE_BYTES;
	if (little)
		w->ops_limit += STEP_EVENTS;
	else
		end_chunk(w);
}

static inline void put_byte(struct trace_writer *w, enum column_id id, unsigned value)
{
	*w->column[id]++ = (uint8_t)value;
}

static inline void put_varint(struct trace_writer *w, enum column_id id, uint64_t value)
{
	w->column[id] = varint_put(w->column[id], value);
}

static inline void put_split(struct trace_writer *w, enum column_id low, uint64_t value)
{
	put_byte(w, low, value & 0xff);
	put_varint(w, low + 1, value >> 8);
}

/* What the events of the chunk took beside their ops. */
static size_t explicit_bytes(const struct trace_writer *w)
{
	size_t bytes = 0;
	for (unsigned i = COLUMN_OPS + 1; i < COLUMN_GAP; i++)
		bytes += column_used(w, i);
	return bytes;
}

/* The times of a fast loop's events would take more room than the events. So they are exact where
 * they are few; then there is one for so many bytes that the events take in the columns, and one
 * a millisecond in any case. */
static void refill_time_credit(struct trace_writer *w)
{
	uint64_t by_time = (w->time - w->credit_time) / WRITER_TIME_MAX_STEP;
	uint64_t by_bytes = (explicit_bytes(w) - w->credit_bytes) / TIME_CREDIT_BYTES;
	w->credit_time += by_time * WRITER_TIME_MAX_STEP;
	w->credit_bytes += by_bytes * TIME_CREDIT_BYTES;
	w->time_credit += by_time + by_bytes;
	if (w->time_credit > TIME_CREDIT_MAX)
		w->time_credit = TIME_CREDIT_MAX;
}

void trace_writer_time(struct trace_writer *w, uint64_t time_ns)
{
	uint64_t time = time_ns / FORMAT_TIME_UNIT_NS;
	if (time <= w->time)
		return;
	w->time = time;
	if (w->time_due)
		return;
	if (w->time_credit < TIME_CREDIT_PLENTY)
		refill_time_credit(w);
	uint64_t step = w->time_credit < TIME_CREDIT_PLENTY ? WRITER_TIME_STEP : 1;
	w->time_due = w->time_credit && time - w->written_time >= step;
}

static unsigned put_slot(struct trace_writer *w, uint32_t slot)
{
	struct predictor *p = &w->predictor;
	struct slot_state *from = &p->slots[p->slot];
	p->slot = slot;
	if (from->next_slot == slot)
		return SWITCH_SLOT_NEXT;
	from->next_slot = slot;
	put_varint(w, COLUMN_SLOT, slot);
	predictor_reserve_slot(p, slot);
	return SWITCH_SLOT;
}

/* The clock has moved or another slot's turn has come: say so before the event. */
static AT_NOINLINE void put_switch(struct trace_writer *w, uint32_t slot)
{
	unsigned bits = 0;
	if (w->time_due) {
		bits |= SWITCH_TIME;
		put_varint(w, COLUMN_TIME, w->time - w->written_time);
		w->written_time = w->time;
		w->time_due = false;
		w->time_credit -= w->time_credit != 0;
	}
	if (slot != w->predictor.slot)
		bits |= put_slot(w, slot);
	put_varint(w, COLUMN_GAP, (uint64_t)(w->column[COLUMN_OPS] - w->last_switch));
	put_byte(w, COLUMN_SWITCH, bits);
	w->last_switch = w->column[COLUMN_OPS];
}

/* False when the event cannot be written. */
static inline bool begin_event(struct trace_writer *w, uint32_t slot)
{
	if (AT_UNLIKELY(w->column[COLUMN_OPS] == w->ops_limit))
		reach_limit(w);
	if (AT_UNLIKELY(slot != w->predictor.slot || w->time_due)) {
		if (slot >= TRACE_MAX_SLOTS) {
			w->repairs++;
			return false;
		}
		put_switch(w, slot);
	}
	return true;
}

static AT_NOINLINE uint32_t repair_node(struct trace_writer *w)
{
	w->repairs++;
	return NODE_UNKNOWN;
}

static inline uint32_t checked_node(struct trace_writer *w, uint32_t node)
{
	return AT_LIKELY(node < w->node_count) ? node : repair_node(w);
}

static AT_NOINLINE uint32_t add_stack(struct trace_writer *w, uint32_t node)
{
	int64_t step = (int64_t)node - w->predictor.last_new_stack;
	put_varint(w, COLUMN_STACK_NEW, zigzag_encode(step));
	return w->numbers[node].stack = predictor_add_stack(&w->predictor, node);
}

static AT_NOINLINE uint32_t add_site(struct trace_writer *w, uint32_t node)
{
	int64_t step = (int64_t)node - w->predictor.last_new_site;
	put_varint(w, COLUMN_SITE_NEW, zigzag_encode(step));
	return w->numbers[node].site = predictor_add_site(&w->predictor, node);
}

/* Says that `number` comes after the one that `after` belongs to. */
static inline enum node_mode put_next(struct trace_writer *w, struct successors *after,
				      uint32_t number, bool fresh, enum column_id column)
{
	enum node_mode mode = successors_put(after, number);
	if (AT_UNLIKELY(fresh))
		return NODE_MODE_NEW;
	if (mode == NODE_MODE_KNOWN)
		put_varint(w, column, number);
	return mode;
}

/* Names the stack of an ALLOC in slot s; its number goes to *number. */
static inline enum node_mode put_stack(struct trace_writer *w, struct slot_state *s, uint32_t node,
				       uint32_t *number)
{
	uint32_t n = w->numbers[node].stack, last = s->last_stack;
	bool fresh = !n && node != NODE_ROOT;
	if (AT_UNLIKELY(fresh))
		n = add_stack(w, node);
	*number = s->last_stack = n;
	return put_next(w, &w->predictor.stacks[last].next, n, fresh, COLUMN_STACK);
}

/* The same for the site of a FREE. */
static inline enum node_mode put_site(struct trace_writer *w, struct slot_state *s, uint32_t node,
				      uint32_t *number)
{
	uint32_t n = w->numbers[node].site, last = s->last_site;
	bool fresh = !n && node != NODE_ROOT;
	if (AT_UNLIKELY(fresh))
		n = add_site(w, node);
	*number = s->last_site = n;
	return put_next(w, &w->predictor.sites[last].next, n, fresh, COLUMN_SITE);
}

static bool attr_ok(unsigned role, unsigned flags, uint32_t allocator)
{
	return role < ROLE_COUNT && flags <= FORMAT_MAX_FLAGS && allocator < TRACE_MAX_ALLOCATORS;
}

static inline enum size_mode put_size(struct trace_writer *w, struct stack_state *at,
				      uint32_t number, uint64_t size)
{
	uint64_t *next = predict_next_size(&w->predictor, number, at->size);
	at->size = size;
	if (*next == size)
		return SIZE_NEXT;
	*next = size;
	put_split(w, COLUMN_SIZE_LOW, size);
	return SIZE_EXPLICIT;
}

void trace_writer_alloc(struct trace_writer *w, uint32_t slot, unsigned role, unsigned flags,
			uint32_t stack, uint64_t size, uint32_t allocator)
{
	if (AT_UNLIKELY(!attr_ok(role, flags, allocator))) {
		w->repairs++;
		return;
	}
	if (!begin_event(w, slot))
		return;
	struct slot_state *s = &w->predictor.slots[slot];
	uint32_t number;
	unsigned op = put_stack(w, s, checked_node(w, stack), &number);
	struct stack_state *at = &w->predictor.stacks[number];
	uint32_t attr = role | flags << 8 | allocator << 16;
	s->counter++;
	w->events++;
	if (at->size != size)
		op |= put_size(w, at, number, size) << OP_ALLOC_SIZE_SHIFT;
	if (AT_UNLIKELY(at->attr != attr)) {
		op |= OP_ALLOC_ATTR;
		put_byte(w, COLUMN_ALLOC_ATTR, role);
		put_byte(w, COLUMN_ALLOC_ATTR, flags);
		put_varint(w, COLUMN_ALLOC_ATTR, allocator);
		at->attr = attr;
	}
	put_byte(w, COLUMN_OPS, op);
}

static inline enum name_mode put_name(struct trace_writer *w, const struct site_state *site,
				      const struct slot_state *block, uint64_t counter)
{
	uint64_t age = block->counter - counter;
	if (AT_LIKELY(age == site->age))
		return NAME_SITE_AGE;
	if (counter == site->last + site->step)
		return NAME_SITE_STEP;
	uint64_t step = counter - block->last_freed;
	if (step == 1)
		return NAME_SLOT_UP;
	if (step == UINT64_MAX)
		return NAME_SLOT_DOWN;
	if (step + 128 < 256) {
		put_byte(w, COLUMN_NAME_NEAR, (unsigned)zigzag_encode((int64_t)step));
		return NAME_NEAR;
	}
	put_split(w, COLUMN_NAME_LOW, age);
	return NAME_FAR;
}

void trace_writer_free(struct trace_writer *w, uint32_t slot, unsigned role, unsigned flags,
		       uint32_t site, uint32_t block_slot, uint64_t counter, bool inherited)
{
	if (AT_UNLIKELY(!attr_ok(role, flags, 0) || block_slot >= TRACE_MAX_SLOTS)) {
		w->repairs++;
		return;
	}
	if (!begin_event(w, slot))
		return;
	struct slot_state *s = &w->predictor.slots[slot];
	uint32_t number;
	unsigned mode = put_site(w, s, checked_node(w, site), &number);
	struct site_state *at = &w->predictor.sites[number];
	uint32_t attr = role | flags << 8 | (uint32_t)inherited << 16;
	unsigned op = OP_FREE | mode << OP_FREE_SITE_SHIFT;
	w->events++;
	if (AT_UNLIKELY(at->attr != attr)) {
		op |= OP_FREE_ATTR;
		put_byte(w, COLUMN_FREE_ATTR, role);
		put_byte(w, COLUMN_FREE_ATTR, flags << 1 | inherited);
		at->attr = attr;
	}
	if (at->block_slot != block_slot) {
		op |= OP_FREE_SLOT;
		put_varint(w, COLUMN_BLOCK_SLOT, block_slot);
		at->block_slot = block_slot;
		predictor_reserve_slot(&w->predictor, block_slot);
	}
	struct slot_state *block = &w->predictor.slots[block_slot];
	op |= put_name(w, at, block, counter);
	predict_freed(at, block, counter);
	put_byte(w, COLUMN_OPS, op);
}

/* Whether the reader would accept it; a stack is mended in place. */
static bool check_event(struct trace_writer *w, struct trace_event *e, unsigned fields)
{
	if (!fields || ((fields & FIELD_PROCESS) && e->process >= w->process_count) ||
	    ((fields & FIELD_MODULE) && e->module >= w->module_count) ||
	    ((fields & FIELD_ROLE) && e->role >= format_role_limit(e->op)) ||
	    ((fields & FIELD_FLAGS) && e->flags > FORMAT_MAX_FLAGS) ||
	    ((fields & FIELD_SLOT) && e->slot >= TRACE_MAX_SLOTS) ||
	    (e->op == TRACE_FINDING && e->value >= w->finding_count) ||
	    (e->op == TRACE_LEAK_SCAN && e->value >= w->leak_scan_count))
		return false;
	if (e->op == TRACE_THREAD_START && e->thread == w->thread_count &&
	    w->thread_count < FORMAT_MAX_THREADS)
		w->thread_count++;
	if ((fields & FIELD_THREAD) && e->thread >= w->thread_count)
		return false;
	if (fields & FIELD_STACK)
		e->stack = checked_node(w, e->stack);
	return true;
}

static void put_text(struct trace_writer *w, const char *text)
{
	size_t len = text ? strnlen(text, FORMAT_MAX_TEXT_BYTES) : 0;
	put_varint(w, COLUMN_OTHER, len);
	if (len)
		memcpy(w->column[COLUMN_OTHER], text, len);
	w->column[COLUMN_OTHER] += len;
	put_byte(w, COLUMN_OTHER, 0);
}

static void put_other(struct trace_writer *w, const struct trace_event *e, unsigned fields)
{
	if (fields & FIELD_PROCESS)
		put_varint(w, COLUMN_OTHER, e->process);
	if (fields & FIELD_THREAD)
		put_varint(w, COLUMN_OTHER, e->thread);
	if (fields & FIELD_MODULE)
		put_varint(w, COLUMN_OTHER, e->module);
	if (fields & FIELD_ROLE)
		put_varint(w, COLUMN_OTHER, e->role);
	if (fields & FIELD_FLAGS)
		put_varint(w, COLUMN_OTHER, e->flags);
	if (fields & FIELD_STACK)
		put_varint(w, COLUMN_OTHER, e->stack);
	if (fields & FIELD_VALUE)
		put_varint(w, COLUMN_OTHER, e->value);
	if (fields & FIELD_ADDRESS)
		put_varint(w, COLUMN_OTHER, e->address);
	if (fields & FIELD_TEXT)
		put_text(w, e->text);
}

void trace_writer_event(struct trace_writer *w, const struct trace_event *event)
{
	if (event->op == TRACE_ALLOC) {
		trace_writer_alloc(w, event->slot, event->role, event->flags, event->stack,
				   event->size, event->allocator);
		return;
	}
	if (event->op == TRACE_FREE || event->op == TRACE_FREE_INHERITED) {
		trace_writer_free(w, event->slot, event->role, event->flags, event->stack,
				  event->block_slot, event->counter,
				  event->op == TRACE_FREE_INHERITED);
		return;
	}
	struct trace_event e = *event;
	unsigned fields = format_event_fields(e.op);
	if (!check_event(w, &e, fields)) {
		w->repairs++;
		return;
	}
	if (column_used(w, COLUMN_OTHER) > OTHER_BYTES - OTHER_EVENT_BYTES)
		end_chunk(w);
	/* These are few, and their times are looked at. */
	w->time_due = w->time != w->written_time;
	begin_event(w, (fields & FIELD_SLOT) ? e.slot : w->predictor.slot);
	put_byte(w, COLUMN_OPS, OP_OTHER + e.op);
	put_other(w, &e, fields);
}

int trace_writer_flush(struct trace_writer *w, struct err *err)
{
	writer_flush_tables(w);
	flush_events(w);
	writer_flush_symbols(w);
	if (w->output.failed && err)
		*err = w->output.err;
	return w->output.failed ? -1 : 0;
}

uint64_t trace_writer_bytes(const struct trace_writer *w)
{
	return w->output.bytes;
}

uint64_t trace_writer_events(const struct trace_writer *w)
{
	return w->events;
}

uint64_t trace_writer_repairs(const struct trace_writer *w)
{
	return w->repairs;
}

static void write_index(struct trace_writer *w)
{
	uint64_t offset = w->output.bytes;
	if (output_chunk(&w->output, CHUNK_INDEX, w->index_count, w->index.data, w->index.len) < 0)
		return;
	uint8_t end[FORMAT_END_BYTES];
	format_put_u64(end, offset);
	format_put_u64(end + 8, w->events);
	output_chunk(&w->output, CHUNK_END, 0, end, sizeof(end));
}

int trace_writer_close(struct trace_writer *w, struct err *err)
{
	if (trace_writer_flush(w, NULL) == 0)
		write_index(w);
	int result = output_close(&w->output, err);
	predictor_release(&w->predictor);
	free(w->column_memory);
	bytes_release(&w->assembled);
	bytes_release(&w->tables);
	for (unsigned i = 0; i < AT_COUNT_OF(w->nodes); i++)
		bytes_release(&w->nodes[i]);
	bytes_release(&w->findings);
	bytes_release(&w->symbols);
	strings_out_release(&w->strings);
	bytes_release(&w->index);
	free(w->numbers);
	free(w);
	return result;
}
