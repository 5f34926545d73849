/* finding_json.c - see finding_json.h. */
#include "report/finding_json.h"

#include <inttypes.h>
#include <stdio.h>

#include "report/finding_words.h"
#include "wire/findings.h"
#include "wire/roles.h"
#include "wire/session.h"

static void frame(struct json *j, const struct story_frame *f)
{
	json_object(j, NULL);
	json_string(j, "function", f->function);
	json_string(j, "module", f->module);
	if (!f->function)
		json_hex(j, "offset", f->offset);
	if (f->file)
		json_string(j, "file", f->file);
	if (f->line)
		json_uint(j, "line", f->line);
	if (f->inlined)
		json_bool(j, "inlined", true);
	json_end_object(j);
}

static void stack(struct json *j, const char *key, const struct story_stack *s)
{
	json_object(j, key);
	json_array(j, "frames");
	for (size_t i = 0; i < s->count; i++)
		frame(j, &s->frames[i]);
	json_end_array(j);
	json_string(j, "outermost",
		    s->outside == NODE_TRUNCATED ? "depth limit"
		    : s->outside == NODE_UNKNOWN ? "unknown"
						 : "complete");
	json_end_object(j);
}

static void tid(struct json *j, const char *key, uint32_t value)
{
	if (value)
		json_uint(j, key, value);
	else
		json_string(j, key, NULL);
}

static void sentence(struct json *j, const char *key, const struct trace_finding *f,
		     void (*add)(struct strbuf *, const struct trace_finding *))
{
	struct strbuf text = STRBUF_INIT;
	add(&text, f);
	json_string(j, key, text.text);
	strbuf_release(&text);
}

static void summary(struct json *j, const struct finding_story *s)
{
	struct strbuf text = STRBUF_INIT;
	finding_add_summary(&text, &s->finding, s->made_allocator, s->called_allocator);
	json_string(j, "summary", text.text);
	strbuf_release(&text);
}

static void fingerprint(struct json *j, uint64_t value)
{
	char text[24];
	snprintf(text, sizeof(text), "%016" PRIx64, value);
	json_string(j, "fingerprint", text);
}

static void block(struct json *j, const struct finding_story *s)
{
	json_object(j, "block");
	json_string(j, "made_by",
		    s->finding.made_call ? s->finding.made_call
					 : role_symbol(s->finding.made_role));
	json_string(j, "made_role", role_symbol(s->finding.made_role));
	json_uint(j, "bytes", s->finding.size);
	json_uint(j, "age_ns", s->finding.age_ns);
	json_uint(j, "allocator", s->finding.allocator);
	json_string(j, "allocator_name", s->made_allocator);
	tid(j, "tid", s->made_tid);
	stack(j, "stack", &s->stacks[STORY_MADE]);
	json_end_object(j);
}

static void region(struct json *j, const struct finding_story *s)
{
	json_object(j, "region");
	json_uint(j, "bytes", s->finding.size);
	if (finding_names_called(&s->finding)) {
		json_uint(j, "allocator", s->finding.allocator);
		json_string(j, "allocator_name", s->made_allocator);
	}
	stack(j, "stack", &s->stacks[STORY_MADE]);
	json_end_object(j);
}

void finding_json(struct json *j, const struct finding_story *s)
{
	const struct trace_finding *f = &s->finding;
	json_object(j, NULL);
	json_uint(j, "number", s->number);
	fingerprint(j, s->fingerprint);
	json_string(j, "class", finding_class_word(f->class));
	json_string(j, "group", finding_class_group(f->class));
	json_string(j, "title", finding_title(f->class, f->role));
	json_uint(j, "count", f->count);
	json_string(j, "outcome", finding_outcome_key(f->outcome));
	summary(j, s);
	sentence(j, "why", f, finding_add_why);
	sentence(j, "fix", f, finding_add_fix);
	if (f->why && (f->class == FINDING_CROSS || f->class == FINDING_MISMATCH)) {
		json_string(j, "why_kind", finding_why_word(f->why_kind));
		json_string(j, "made_why_kind", finding_why_word(f->made_why_kind));
	}
	json_string(j, "call", f->call ? f->call : role_symbol(f->role));
	json_string(j, "call_role", role_symbol(f->role));
	if (finding_names_called(f)) {
		json_uint(j, "call_allocator", f->argument);
		json_string(j, "call_allocator_name", s->called_allocator);
	}
	json_hex(j, "address", f->address);
	json_uint(j, "argument", f->argument);
	json_uint(j, "time_ns", f->time_ns);
	if (f->process == TRACE_NO_PROCESS)
		json_string(j, "process", NULL);
	else
		json_uint(j, "process", f->process);
	json_uint(j, "pid", s->pid);
	json_string(j, "exe", s->exe);
	tid(j, "tid", s->tid);
	json_string(j, "thread", s->thread_name);
	stack(j, "stack", &s->stacks[STORY_RELEASE]);
	if (story_has_block(s))
		block(j, s);
	if (story_has_region(s))
		region(j, s);
	if (story_was_freed(s)) {
		json_object(j, "freed_before");
		tid(j, "tid", s->first_tid);
		stack(j, "stack", &s->stacks[STORY_FIRST]);
		json_end_object(j);
	}
	json_end_object(j);
}

void story_json_stack(struct json *j, const char *key, const struct story_stack *s)
{
	stack(j, key, s);
}
