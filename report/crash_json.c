/* crash_json.c - see crash_json.h. */
#include "report/crash_json.h"

#include <inttypes.h>
#include <stdio.h>

#include "report/crash_words.h"
#include "report/finding_json.h"
#include "wire/roles.h"

static void sentence(struct json *j, const char *key, const struct crash_story *s,
		     void (*add)(struct strbuf *, const struct crash_story *))
{
	struct strbuf text = STRBUF_INIT;
	add(&text, s);
	json_string(j, key, text.len ? text.text : NULL);
	strbuf_release(&text);
}

static void place(struct json *j, unsigned place)
{
	struct strbuf text = STRBUF_INIT;
	if (place >= CRASH_ON_STACK && place < CRASH_PLACES) {
		json_string(j, "in", "stack");
		json_uint(j, "stack_offset", 8u * (place - CRASH_ON_STACK));
		return;
	}
	crash_add_place(&text, place);
	json_string(j, "in", place == CRASH_IN_ADDRESS ? "address" : text.text);
	strbuf_release(&text);
}

static void tid(struct json *j, const char *key, uint32_t value)
{
	if (value)
		json_uint(j, key, value);
	else
		json_string(j, key, NULL);
}

static void block(struct json *j, const struct crash_block *b)
{
	const struct trace_crash_pointer *p = &b->pointer;
	bool freed = p->flags & CRASH_BLOCK_FREED;
	json_object(j, NULL);
	place(j, p->place);
	json_hex(j, "value", p->value);
	json_hex(j, "block", p->block);
	json_uint(j, "offset", p->value - p->block);
	json_uint(j, "bytes", p->size);
	json_bool(j, "freed", freed);
	json_bool(j, "region", p->flags & CRASH_IN_REGION);
	json_bool(j, "foreign", b->is_foreign);
	json_string(j, "made_by", role_symbol(p->made_role));
	json_uint(j, "allocator", p->allocator);
	json_string(j, "allocator_name", b->allocator);
	json_uint(j, "age_ns", p->age_ns);
	tid(j, "made_tid", b->made_tid);
	story_json_stack(j, "made", &b->made);
	if (freed) {
		tid(j, "freed_tid", b->freed_tid);
		story_json_stack(j, "freed_at", &b->freed);
	}
	json_end_object(j);
}

static void flags(struct json *j, uint32_t set)
{
	static const struct {
		uint32_t flag;
		const char *word;
	} words[] = {
		{ CRASH_STACK_OVERFLOW, "stack_overflow" },
		{ CRASH_JUMPED, "called_no_code" },
		{ CRASH_IN_RUNTIME, "in_alloctrace" },
		{ CRASH_GAVE_UP, "incomplete" },
		{ CRASH_BORROWED, "vfork_child" },
		{ CRASH_ALLOCATION_FAILED, "allocation_failed" },
	};
	json_array(j, "flags");
	for (size_t i = 0; i < AT_COUNT_OF(words); i++)
		if (set & words[i].flag)
			json_string(j, NULL, words[i].word);
	json_end_array(j);
}

static void instance(struct json *j, const struct crash_story *s)
{
	json_string(j, "module", s->place ? s->place->module : NULL);
	json_string(j, "function", s->place ? s->place->function : NULL);
	json_string(j, "entered_by", s->entry ? s->entry->function : NULL);
	json_string(j, "allocator_name", s->instance);
	json_string(j, "allocator_linkage", s->instance ? s->linkage : NULL);
	json_bool(j, "in_allocator", s->in_allocator);
}

static void signal_facts(struct json *j, const struct trace_crash *c)
{
	json_string(j, "signal", crash_signal_name(c->signal));
	json_uint(j, "signal_number", c->signal);
	json_int(j, "code", c->code);
	if (c->sender)
		json_uint(j, "sender_pid", c->sender);
	if (c->flags & CRASH_HAS_ADDRESS) {
		json_hex(j, "address", c->address);
		json_string(j, "access",
			    c->flags & CRASH_FETCHES  ? "execute"
			    : c->flags & CRASH_WRITES ? "write"
						      : "read");
	}
	if (*c->message)
		json_string(j, "message", c->message);
	flags(j, c->flags);
	if (c->flags & CRASH_ALLOCATION_FAILED) {
		json_uint(j, "failed_bytes", c->failed_bytes);
		json_uint(j, "failed_ns_before", c->failed_ns);
	}
}

static void registers(struct json *j, const struct trace_crash *c)
{
	struct strbuf name = STRBUF_INIT;
	json_object(j, "registers");
	for (unsigned i = 0; i < TRACE_CRASH_REGISTERS; i++) {
		strbuf_clear(&name);
		crash_add_place(&name, i);
		json_hex(j, name.text, c->registers[i]);
	}
	json_end_object(j);
	strbuf_release(&name);
}

void crash_json(struct json *j, const struct crash_story *s)
{
	const struct trace_crash *c = &s->crash;
	char text[24];
	json_object(j, NULL);
	json_uint(j, "number", s->number);
	snprintf(text, sizeof(text), "%016" PRIx64, s->fingerprint);
	json_string(j, "fingerprint", text);
	signal_facts(j, c);
	sentence(j, "what", s, crash_add_what);
	sentence(j, "where", s, crash_add_where);
	sentence(j, "reason", s, crash_add_reason);
	instance(j, s);
	json_uint(j, "time_ns", c->time_ns);
	json_uint(j, "pid", c->pid);
	json_string(j, "exe", s->exe);
	json_uint(j, "tid", c->tid);
	json_string(j, "thread", s->thread_name);
	story_json_stack(j, "stack", &s->stack);
	json_array(j, "blocks");
	for (size_t i = 0; i < s->block_count; i++)
		block(j, &s->blocks[i]);
	json_end_array(j);
	registers(j, c);
	json_end_object(j);
}
