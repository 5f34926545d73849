/* drain.c - see drain.h. */
#include "collect/drain.h"

#include <string.h>

#include "base/atomics.h"
#include "base/compiler.h"
#include "wire/events.h"
#include "wire/findings.h"
#include "wire/roles.h"

enum {
	/* So often the producer gets its space back: a thread that waits for it goes on early. */
	PUBLISH_WORDS = 2048,
	MAX_SUPPRESSIONS_BYTES = 1 << 16,
};

enum step {
	STEP_EMPTY,
	STEP_LATER,
	STEP_PAUSE,   /* PUBLISH_WORDS taken */
	STEP_REACHED, /* the block that another ring waits for is written */
	STEP_NEED,    /* need_slot must be drained first */
	STEP_DAMAGED,
};

/* What a ring is drained for. */
struct goal {
	uint64_t limit_tsc;
	uint64_t counter; /* until this many blocks are written */
};

uint64_t drain_next_time(const struct slot *slot)
{
	uint64_t word = at_load_relaxed(&slot->words[slot->tail & slot->mask]);
	return event_kind(word) == EVENT_TICK ? word & ~UINT64_C(15) : slot->tick;
}

static inline uint64_t peek(const struct slot *slot, uint64_t at)
{
	return at_load_relaxed(&slot->words[at & slot->mask]);
}

static void move_time(struct collector *c, uint64_t tsc)
{
	trace_writer_time(c->writer, clock_ns(&c->clock, tsc));
	c->next_time_tsc = tsc + c->quantum_ticks / 2;
}

/* A stamp from the future is a damaged word, or a TSC that runs ahead of the collector's. */
static inline void take_tick(struct collector *c, struct slot *slot, uint64_t tsc)
{
	if (AT_UNLIKELY(tsc > c->clock.now_tsc))
		tsc = c->clock.now_tsc;
	if (tsc > slot->tick)
		slot->tick = tsc;
}

static inline void set_time(struct collector *c, const struct slot *slot)
{
	if (slot->tick >= c->next_time_tsc)
		move_time(c, slot->tick);
}

static inline bool take_alloc(struct collector *c, struct slot *slot, uint32_t index, uint64_t word)
{
	uint64_t second = peek(slot, slot->tail + 1);
	uint32_t stack = (uint32_t)second;
	unsigned role = event_role(word);
	if (AT_UNLIKELY(role >= ROLE_COUNT || !tables_have_node(&c->tables, stack)))
		return false;
	trace_writer_alloc(c->writer, index, role, event_flags(word), stack, event_value(word),
			   (uint32_t)(second >> 32 & 0xffff));
	slot->counter++;
	return true;
}

/* A block made before a fork is freed in the child as well; anything else that names another
 * process's block is not to be believed. */
static AT_COLD void take_foreign_free(struct collector *c, struct slot *slot, uint32_t index,
				      uint64_t word, uint64_t second)
{
	uint32_t block_slot = (uint32_t)(second >> 32);
	uint32_t maker = slot_maker(&c->slots, block_slot, event_value(word));
	bool written = event_value(word) < c->slots.items[block_slot].counter;
	if (!written || !processes_inherits(&c->processes, slot->process, maker)) {
		c->processes.notes[slot->process_index].untracked_frees++;
		return;
	}
	trace_writer_free(c->writer, index, event_role(word), event_flags(word), (uint32_t)second,
			  block_slot, event_value(word), maker != slot->process);
}

static inline enum step take_free(struct collector *c, struct slot *slot, uint32_t index,
				  uint64_t word)
{
	uint64_t second = peek(slot, slot->tail + 1);
	uint64_t counter = event_value(word);
	uint32_t site = (uint32_t)second;
	uint32_t block_slot = (uint32_t)(second >> 32);
	unsigned role = event_role(word);
	if (AT_UNLIKELY(role >= ROLE_COUNT || block_slot >= SESSION_MAX_RINGS ||
			!tables_have_node(&c->tables, site)))
		return STEP_DAMAGED;
	const struct slot *block = &c->slots.items[block_slot];
	if (AT_UNLIKELY(counter >= block->counter) && !slot->give_up) {
		slot->need_slot = block_slot;
		slot->need_counter = counter;
		return STEP_NEED;
	}
	slot->give_up = false;
	if (AT_LIKELY(counter >= block->first_counter && counter < block->counter &&
		      block->process == slot->process))
		trace_writer_free(c->writer, index, role, event_flags(word), site, block_slot,
				  counter, false);
	else
		take_foreign_free(c, slot, index, word, second);
	return STEP_EMPTY;
}

static void take_module(struct collector *c, struct slot *slot, uint32_t index, uint64_t word)
{
	uint32_t module = tables_module(&c->tables, (uint32_t)(word >> 16 & 0xffff));
	if (module == TRACE_NO_MODULE)
		return;
	struct trace_event event = { .op = TRACE_MODULE,
				     .slot = index,
				     .process = slot->process,
				     .module = module,
				     .value = peek(slot, slot->tail + 1) };
	trace_writer_event(c->writer, &event);
}

static bool take_map(struct collector *c, struct slot *slot, uint32_t index, uint64_t word)
{
	struct trace_event event = { .op = TRACE_MAP,
				     .role = (uint8_t)event_role(word),
				     .flags = (uint8_t)event_flags(word),
				     .slot = index,
				     .size = event_value(word),
				     .address = peek(slot, slot->tail + 1),
				     .stack = (uint32_t)peek(slot, slot->tail + 2) };
	if (event.role >= ROLE_COUNT || !tables_have_node(&c->tables, event.stack))
		return false;
	trace_writer_event(c->writer, &event);
	return true;
}

static void take_allocator(struct collector *c, const struct slot *slot, uint64_t word,
			   const char *name)
{
	uint32_t id_plus_1 = word >> 32 & 0xffff;
	uint32_t module = id_plus_1 ? tables_module(&c->tables, id_plus_1 - 1) : TRACE_NO_MODULE;
	const struct trace_allocator allocator = {
		.name = name,
		.process = slot->process,
		.kind = event_flags(word) == POOL_INSTANCE ? TRACE_ALLOCATOR_INSTANCE
							   : TRACE_ALLOCATOR_POOL,
		.module_plus_1 = module + 1,
	};
	uint32_t number = (uint32_t)(word >> 48);
	if (number == 0) /* the program's heap */
		return;
	trace_writer_allocator(c->writer, number, &allocator);
	allocator_names_set(&c->allocators, number, &allocator);
}

/* All of a session's are one fact, a line each. */
static void add_suppression(struct collector *c, const char *line)
{
	if (c->suppressions.len + strlen(line) > MAX_SUPPRESSIONS_BYTES)
		return;
	strbuf_addf(&c->suppressions, "%s\n", line);
	trace_writer_fact(c->writer, "suppressions", c->suppressions.text);
}

static bool take_text(struct collector *c, struct slot *slot, uint32_t index, uint64_t word)
{
	uint64_t words[EVENT_MAX_WORDS];
	unsigned len = word >> 16 & 0xffff;
	if (len > EVENT_TEXT_MAX_BYTES)
		return false;
	for (unsigned i = 0; i < (len + 7) / 8; i++)
		words[i] = peek(slot, slot->tail + 1 + i);
	char text[EVENT_TEXT_MAX_BYTES + 1];
	memcpy(text, words, len);
	text[len] = '\0';
	if (event_kind(word) == EVENT_POOL) {
		take_allocator(c, slot, word, text);
		return true;
	}
	struct trace_event event = {
		.op = TRACE_MARK, .role = (uint8_t)event_flags(word), .slot = index, .text = text
	};
	if (event.role == MARK_SUPPRESSION) {
		add_suppression(c, text);
		return true;
	}
	if (event.role > MARK_RESUME)
		return false;
	trace_writer_event(c->writer, &event);
	return true;
}

/* Whether it can be one; the nodes that it names are in the trace then. */
static bool finding_is_sound(struct collector *c, const struct finding *f)
{
	const unsigned known_flags = FINDING_HAS_BLOCK | FINDING_WAS_FREED | FINDING_IN_REGION;
	return f->number < SESSION_MAX_FINDINGS && f->class < FINDING_CLASSES &&
	       f->role < ROLE_COUNT && f->made_role < ROLE_COUNT && f->outcome <= FINDING_ABORTED &&
	       !(f->flags & ~known_flags) && f->made_slot < SESSION_MAX_RINGS &&
	       f->first_slot < SESSION_MAX_RINGS && tables_have_node(&c->tables, f->stack) &&
	       tables_have_node(&c->tables, f->made_stack) &&
	       tables_have_node(&c->tables, f->first_site);
}

/* What is told of a block that there is none, or of a free that there was none, is left out. */
static struct trace_finding trace_finding(const struct collector *c, const struct slot *slot,
					  const struct finding *f)
{
	struct trace_finding out = { .class = f->class,
				     .outcome = f->outcome,
				     .flags = f->flags,
				     .role = f->role,
				     .process = slot->process,
				     .thread = slot->thread,
				     .made_thread = TRACE_NO_THREAD,
				     .first_thread = TRACE_NO_THREAD,
				     .stack = f->stack,
				     .address = f->address,
				     .argument = f->argument,
				     .time_ns = clock_ns(&c->clock, slot->tick),
				     .count = 1 };
	const uint64_t tick_ns = clock_duration_ns(&c->clock, UINT64_C(1) << FINDING_AGE_SHIFT);
	if (!(f->flags & (FINDING_HAS_BLOCK | FINDING_IN_REGION)))
		return out;
	out.allocator = f->allocator;
	out.made_stack = f->made_stack;
	out.size = f->size;
	if (!(f->flags & FINDING_HAS_BLOCK))
		return out;
	out.made_role = f->made_role;
	out.age_ns = f->age * tick_ns;
	/* The age may be a tick too small. */
	uint64_t oldest_ns = out.age_ns + tick_ns;
	uint64_t made_ns = out.time_ns > oldest_ns ? out.time_ns - oldest_ns : 0;
	out.made_thread = slot_thread_at(&c->slots, f->made_slot, made_ns);
	if (!(f->flags & FINDING_WAS_FREED))
		return out;
	out.first_site = f->first_site;
	out.first_thread = slot_thread_at(&c->slots, f->first_slot, made_ns);
	return out;
}

static bool take_finding(struct collector *c, struct slot *slot, uint32_t index)
{
	uint64_t words[EVENT_FINDING_WORDS];
	struct finding f;
	for (unsigned i = 0; i < EVENT_FINDING_WORDS; i++)
		words[i] = peek(slot, slot->tail + i);
	finding_from_words(&f, words);
	if (!finding_is_sound(c, &f))
		return false;
	if (finding_log_has(&c->findings, f.number))
		return true;
	struct trace_finding finding = trace_finding(c, slot, &f);
	if (c->explain_finding)
		c->explain_finding(c->context, slot->process_index, f.hook, &finding);
	if (f.class == FINDING_GLOBAL || f.class == FINDING_CODE)
		finding.argument = 0; /* a number of the session */
	uint32_t number = finding_log_add(&c->findings, f.number, &finding);
	struct trace_event event = { .op = TRACE_FINDING, .slot = index, .value = number };
	if (number != UINT32_MAX)
		trace_writer_event(c->writer, &event);
	return true;
}

static enum step take_other(struct collector *c, struct slot *slot, uint32_t index, uint64_t word)
{
	switch (event_kind(word)) {
	case EVENT_MODULE:
		take_module(c, slot, index, word);
		return STEP_EMPTY;
	case EVENT_MARK:
	case EVENT_POOL:
		return take_text(c, slot, index, word) ? STEP_EMPTY : STEP_DAMAGED;
	case EVENT_MAP:
		return take_map(c, slot, index, word) ? STEP_EMPTY : STEP_DAMAGED;
	case EVENT_FINDING:
		return take_finding(c, slot, index) ? STEP_EMPTY : STEP_DAMAGED;
	default:
		return STEP_DAMAGED;
	}
}

/* Takes events until something stops it. */
static enum step run(struct collector *c, struct slot *slot, uint32_t index,
		     const struct goal *goal)
{
	uint64_t end = slot->head;
	uint64_t pause = slot->tail + PUBLISH_WORDS;
	while (slot->tail != end) {
		if (slot->tail >= pause)
			return STEP_PAUSE;
		uint64_t word = peek(slot, slot->tail);
		enum event_kind kind = event_kind(word);
		if (kind == EVENT_TICK) {
			uint64_t tsc = word & ~UINT64_C(15);
			if (tsc > goal->limit_tsc && !slot->unordered)
				return STEP_LATER;
			take_tick(c, slot, tsc);
			slot->tail++;
			continue;
		}
		unsigned words = event_words(word);
		if (AT_UNLIKELY(words == 0 || words > end - slot->tail))
			return STEP_DAMAGED;
		set_time(c, slot);
		enum step step = STEP_EMPTY;
		if (kind == EVENT_ALLOC) {
			if (AT_UNLIKELY(!take_alloc(c, slot, index, word)))
				return STEP_DAMAGED;
		} else if (kind == EVENT_FREE) {
			step = take_free(c, slot, index, word);
		} else {
			step = take_other(c, slot, index, word);
		}
		if (AT_UNLIKELY(step != STEP_EMPTY))
			return step;
		slot->tail += words;
		if (AT_UNLIKELY(slot->counter >= goal->counter))
			return STEP_REACHED;
	}
	return STEP_EMPTY;
}

/* run() until a result that is not just a pause. */
static enum step run_on(struct collector *c, uint32_t index, const struct goal *goal)
{
	struct slot *slot = &c->slots.items[index];
	enum step step;
	do {
		uint64_t tail = slot->tail;
		step = run(c, slot, index, goal);
		c->pass_words += slot->tail - tail;
		slot_publish_tail(&c->slots, index);
	} while (step == STEP_PAUSE);
	if (step == STEP_DAMAGED)
		slot_damage(&c->slots, index);
	return step;
}

/* Drains the ring that `waiting` needs, and those that that one needs in turn. In a sound session
 * no ring can come up twice: the needed allocations lie ever further in the past. A ring that does
 * come up twice has been tampered with; the free that names it is counted as untracked. */
static void drain_needed(struct collector *c, uint32_t waiting)
{
	uint32_t depth = 0;
	c->forced[depth++] = waiting;
	c->slots.items[waiting].in_forced = true;
	while (depth > 0) {
		struct slot *user = &c->slots.items[c->forced[depth - 1]];
		struct slot *maker = &c->slots.items[user->need_slot];
		if (!maker->in_forced && user->need_counter >= maker->counter &&
		    slot_refresh(&c->slots, user->need_slot)) {
			struct goal goal = { UINT64_MAX, user->need_counter + 1 };
			if (run_on(c, user->need_slot, &goal) == STEP_NEED) {
				maker->in_forced = true;
				c->forced[depth++] = user->need_slot;
				continue;
			}
		}
		user->give_up = user->need_counter >= maker->counter;
		user->in_forced = false;
		depth--;
	}
}

enum drain_result drain_slot(struct collector *c, uint32_t index, uint64_t limit_tsc)
{
	const struct goal goal = { limit_tsc, UINT64_MAX };
	for (;;) {
		switch (run_on(c, index, &goal)) {
		case STEP_NEED:
			drain_needed(c, index);
			break;
		case STEP_LATER:
			return DRAIN_LATER;
		default:
			return DRAIN_EMPTY;
		}
	}
}
