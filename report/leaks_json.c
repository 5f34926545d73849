/* leaks_json.c - leaks as JSON; keys as in alloctrace-leaks(1). */
#include <inttypes.h>
#include <stdlib.h>

#include "report/finding_json.h"
#include "report/json.h"
#include "report/leak_story.h"
#include "report/leaks_report.h"
#include "report/leaks_words.h"
#include "report/suppressions.h"
#include "wire/roles.h"

enum { TREE_LEVELS = 8 }; /* two levels of JSON each */

static void sum(struct json *j, const char *key, struct trace_leak_sum value)
{
	json_object(j, key);
	json_uint(j, "blocks", value.blocks);
	json_uint(j, "bytes", value.bytes);
	json_end_object(j);
}

static void total(struct json *j, const char *key, const struct leak_total *value)
{
	json_object(j, key);
	json_uint(j, "places", value->places);
	json_uint(j, "blocks", value->sum.blocks);
	json_uint(j, "bytes", value->sum.bytes);
	json_end_object(j);
}

static void number_or_null(struct json *j, const char *key, uint32_t value, uint32_t none)
{
	if (value == none)
		json_string(j, key, NULL);
	else
		json_uint(j, key, value);
}

/* ---- scans ---- */

static void scan(struct json *j, const struct leaks_report *r, uint32_t number)
{
	const struct trace_leak_scan *s = trace_reader_leak_scan(r->names->reader, number);
	bool chosen = false;
	for (size_t i = 0; i < r->chosen.count; i++)
		chosen |= r->chosen.scans[i] == number;
	json_object(j, NULL);
	json_uint(j, "number", number);
	json_bool(j, "chosen", chosen);
	number_or_null(j, "process", s->process, TRACE_NO_PROCESS);
	json_uint(j, "pid", trace_reader_process(r->names->reader, s->process)->pid);
	json_string(j, "exe", trace_reader_process(r->names->reader, s->process)->exe);
	json_string(j, "reason", scan_reason_key(s->reason));
	json_string(j, "label", s->label);
	json_string(j, "method", scan_method_key(s->method));
	json_string(j, "problem", *s->problem ? s->problem : NULL);
	json_uint(j, "time_ns", s->time_ns);
	json_uint(j, "stopped_ns", s->stopped_ns);
	json_uint(j, "took_ns", s->took_ns);
	for (unsigned kind = 0; kind < LEAK_KINDS; kind++)
		sum(j, leak_kind_key(kind), s->kinds[kind]);
	sum(j, "inherited", s->inherited);
	sum(j, "ignored", s->ignored);
	sum(j, "older", s->older);
	json_uint(j, "root_bytes", s->root_bytes);
	json_uint(j, "unreadable_bytes", s->unreadable_bytes);
	json_uint(j, "changing_pages", s->changing_pages);
	json_uint(j, "cut_groups", s->cut_groups);
	sum(j, "cut", s->cut);
	json_end_object(j);
}

static void scans(struct json *j, const struct leaks_report *r)
{
	json_array(j, "scans");
	for (uint32_t i = 0; i < trace_reader_leak_scan_count(r->names->reader); i++)
		scan(j, r, i);
	json_end_array(j);
	json_array(j, "not_looked_at");
	for (size_t i = 0; i < r->chosen.unseen_count; i++) {
		const struct trace_process *p =
			trace_reader_process(r->names->reader, r->chosen.unseen[i]);
		json_object(j, NULL);
		json_uint(j, "process", r->chosen.unseen[i]);
		json_uint(j, "pid", p->pid);
		json_string(j, "exe", p->exe);
		json_end_object(j);
	}
	json_end_array(j);
}

/* ---- places ---- */

static void holder(struct json *j, const struct leak_story *s, struct trace_names *names)
{
	const struct trace_leak_group *g = s->example;
	struct strbuf text = STRBUF_INIT;
	if (g->holder == HOLDER_NONE) {
		json_string(j, "holder", NULL);
		return;
	}
	leak_story_add_holder(&text, s, names);
	json_object(j, "holder");
	json_string(j, "kind", leak_holder_key(g->holder));
	json_hex(j, "address", g->holder_address);
	if (g->holder_thread != TRACE_NO_THREAD)
		json_uint(j, "tid", story_tid(names->reader, g->holder_thread));
	if (g->holder_module_plus_1)
		json_string(j, "module",
			    trace_reader_module(names->reader, g->holder_module_plus_1 - 1)->path);
	if (g->holder == HOLDER_MODULE && g->holder_module_plus_1) {
		struct strbuf name = STRBUF_INIT;
		bool known = trace_names_add_variable(&name, names, g->holder_module_plus_1 - 1,
						      g->holder_address);
		json_string(j, "variable", known ? name.text : NULL);
		strbuf_release(&name);
	}
	json_string(j, "text", text.text);
	json_end_object(j);
	strbuf_release(&text);
}

static void peek(struct json *j, const struct trace_leak_group *g)
{
	struct strbuf hex = STRBUF_INIT;
	for (uint32_t i = 0; i < g->peek_bytes; i++)
		strbuf_addf(&hex, "%02x", g->peek[i]);
	json_string(j, "content", g->peek_bytes ? hex.text : NULL);
	strbuf_release(&hex);
}

static void fingerprint(struct json *j, uint64_t value)
{
	char text[24];
	snprintf(text, sizeof(text), "%016" PRIx64, value);
	json_string(j, "fingerprint", text);
}

static void who(struct json *j, const struct leak_story *s)
{
	const struct story_frame *frame = story_stack_place(&s->stack);
	json_string(j, "made_by", s->call);
	json_string(j, "made_role", role_symbol(s->example->role));
	json_uint(j, "allocator", s->example->allocator);
	json_string(j, "allocator_name", s->allocator);
	json_string(j, "function", frame ? frame->function : NULL);
	json_string(j, "module", frame ? frame->module : NULL);
	number_or_null(j, "process", s->process, TRACE_NO_PROCESS);
	json_uint(j, "pid", s->pid);
	json_string(j, "exe", s->exe);
	number_or_null(j, "tid", s->tid, 0);
	json_string(j, "thread", s->thread_name);
	json_uint(j, "processes", s->place->processes);
	json_bool(j, "several_threads", s->place->threads_differ);
}

static void amounts(struct json *j, const struct leak_place *p)
{
	json_string(j, "kind", leak_kind_key(p->kind));
	json_uint(j, "blocks", p->blocks);
	json_uint(j, "bytes", p->bytes);
	json_uint(j, "indirect_blocks", p->indirect_blocks);
	json_uint(j, "indirect_bytes", p->indirect_bytes);
	json_uint(j, "least_bytes", p->least_bytes);
	json_uint(j, "most_bytes", p->most_bytes);
	json_uint(j, "youngest_ns", p->youngest_ns);
	json_uint(j, "oldest_ns", p->oldest_ns);
	json_uint(j, "average_ns", p->blocks ? p->sum_ns / p->blocks : 0);
	json_bool(j, "cycle", p->flags & LEAK_IN_CYCLE);
	json_bool(j, "heuristic", p->flags & LEAK_BY_HEURISTIC);
	json_bool(j, "by_possibly_lost", p->flags & LEAK_POINTED_BY_OTHERS);
}

static void place(struct json *j, const struct leaks_report *r, const struct leak_place *p,
		  unsigned level)
{
	struct leak_story s;
	leak_story_read(&s, r->names, &r->places, p);
	json_object(j, NULL);
	fingerprint(j, s.fingerprint);
	amounts(j, p);
	json_uint(j, "scan", p->scan);
	json_hex(j, "address", s.example->address);
	who(j, &s);
	holder(j, &s, r->names);
	if (r->request->peek)
		peek(j, s.example);
	story_json_stack(j, "stack", &s.stack);
	if (r->request->tree) {
		json_array(j, "points_to");
		uint32_t child = level < TREE_LEVELS ? p->first_child_plus_1 : 0;
		for (; child; child = r->places.places[child - 1].next_plus_1)
			place(j, r, &r->places.places[child - 1], level + 1);
		json_end_array(j);
	}
	json_end_object(j);
	leak_story_release(&s);
}

static void places(struct json *j, const struct leaks_report *r)
{
	size_t shown = leaks_report_shown(r, r->count);
	json_uint(j, "leaks_in_all", r->count);
	json_array(j, "leaks");
	for (size_t i = 0; i < shown; i++)
		place(j, r, &r->places.places[r->list[i]], 1);
	json_end_array(j);
}

static void rows(struct json *j, struct leaks_report *r)
{
	size_t count, shown;
	struct leak_row *all = leaks_report_rows(r, &count);
	shown = leaks_report_shown(r, count);
	json_uint(j, "rows_in_all", count);
	json_array(j, "rows");
	for (size_t i = 0; i < shown; i++) {
		struct strbuf name = STRBUF_INIT;
		leaks_add_key(&name, r, all[i].key);
		json_object(j, NULL);
		json_string(j, "name", name.text);
		number_or_null(j, "index", all[i].key, UINT32_MAX);
		for (unsigned kind = 0; kind < LEAK_KINDS; kind++)
			if (r->request->kinds >> kind & 1)
				sum(j, leak_kind_key(kind), all[i].kinds[kind]);
		json_end_object(j);
		strbuf_release(&name);
	}
	json_end_array(j);
	free(all);
}

static void not_freed(struct json *j, const struct leaks_report *r)
{
	struct strbuf reason = STRBUF_INIT;
	size_t shown = leaks_report_shown(r, r->not_freed.count);
	leaks_report_add_reason(&reason, r);
	json_string(j, "reachability_unknown", reason.text);
	json_uint(j, "not_freed_in_all", r->not_freed.count);
	json_array(j, "not_freed");
	for (size_t i = 0; i < shown; i++) {
		const struct rollup_row *row = &r->not_freed.rows[i];
		struct story_stack stack = { 0 };
		leaks_read_step(&stack, r, row->key);
		json_object(j, NULL);
		fingerprint(j, story_fingerprint("leak", &stack));
		json_uint(j, "blocks", row->self.live_blocks);
		json_uint(j, "bytes", row->self.live_bytes);
		story_json_stack(j, "stack", &stack);
		json_end_object(j);
		free(stack.frames);
	}
	json_end_array(j);
	strbuf_release(&reason);
}

static void unused(struct json *j, const struct suppressions *s)
{
	json_array(j, "unused_suppressions");
	for (size_t i = 0; s && i < s->count; i++) {
		if (!suppression_is_unused_leak(&s->items[i]))
			continue;
		json_object(j, NULL);
		json_string(j, "file", s->items[i].file);
		json_uint(j, "line", s->items[i].line);
		json_string(j, "pattern", s->items[i].pattern);
		json_end_object(j);
	}
	json_end_array(j);
}

static void totals(struct json *j, const struct leaks_report *r)
{
	json_object(j, "totals");
	for (unsigned kind = 0; kind < LEAK_KINDS; kind++)
		total(j, leak_kind_key(kind), &r->places.kinds[kind]);
	json_end_object(j);
	sum(j, "suppressed", r->places.suppressed.sum);
	sum(j, "cut", r->places.cut);
}

void leaks_json(struct leaks_report *r, FILE *to)
{
	struct json j;
	json_init(&j, to);
	json_object(&j, NULL);
	json_string(&j, "format", "alloctrace leaks");
	json_uint(&j, "format_version", 1);
	json_string(&j, "path", r->path);
	json_string(&j, "damage", leaks_report_damage(r));
	json_bool(&j, "looked", !r->events && r->chosen.count);
	scans(&j, r);
	totals(&j, r);
	if (r->events)
		not_freed(&j, r);
	else if (r->request->by == LEAKS_BY_STACK)
		places(&j, r);
	else
		rows(&j, r);
	if (r->request->unused)
		unused(&j, r->request->suppressions);
	json_end_object(&j);
	json_end_line(&j);
	json_release(&j);
}
