/* leaks_text.c - leaks as text for people; see leaks_report.h. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/humane.h"
#include "report/leak_story.h"
#include "report/leaks_report.h"
#include "report/leaks_words.h"
#include "report/suppressions.h"
#include "util/path.h"

enum { PEEK_LINE_BYTES = 16, UNKNOWN_AGE_NS = 30000000 };

void leaks_add_amount(struct strbuf *out, uint64_t bytes, uint64_t blocks)
{
	char a[HUMANE_BYTES], b[HUMANE_BYTES];
	strbuf_addf(out, "%s in %s block%s", humane_bytes(a, bytes), humane_count(b, blocks),
		    blocks == 1 ? "" : "s");
}

/* ---- a place ---- */

static void add_title(struct strbuf *out, const struct leak_story *s, const char *head,
		      const struct finding_style *style)
{
	const struct leak_place *place = s->place;
	struct strbuf title = STRBUF_INIT;
	strbuf_adds(out, head);
	strbuf_addf(&title, "%s: ", leak_kind_words(place->kind));
	leaks_add_amount(&title, place->bytes, place->blocks);
	if (place->indirect_blocks) {
		strbuf_adds(&title, ", and ");
		leaks_add_amount(&title, place->indirect_bytes, place->indirect_blocks);
		strbuf_adds(&title, " with them");
	}
	story_add_title(out, style, title.text, s->fingerprint);
	strbuf_release(&title);
}

/* The main thread, and the only process, go without saying. */
static void add_maker(struct strbuf *out, const struct leak_story *s,
		      const struct trace_reader *reader)
{
	const struct story_frame *frame = story_stack_place(&s->stack);
	strbuf_addf(out, "made by %s%s", s->call, s->place->roles_differ ? " and others" : "");
	if (s->allocator)
		strbuf_addf(out, " of %s", s->allocator);
	if (frame)
		strbuf_addf(out, ", for %s", story_module_name(frame));
	if (s->place->processes > 1)
		strbuf_addf(out, ", in %" PRIu32 " processes", s->place->processes);
	else if (s->place->threads_differ)
		strbuf_adds(out, ", in several threads");
	else if (s->tid && s->tid != s->pid)
		strbuf_addf(out, ", in thread %" PRIu32 "%s%s%s", s->tid,
			    *s->thread_name ? " (" : "", s->thread_name,
			    *s->thread_name ? ")" : "");
	if (trace_reader_process_count(reader) > 1 && s->place->processes < 2)
		strbuf_addf(out, ", in pid %" PRIu32 "%s%s%s", s->pid, *s->exe ? " (" : "",
			    path_name(s->exe), *s->exe ? ")" : "");
}

/* Ages come in steps of some 20 ms. */
static const char *age(char *buf, uint64_t ns)
{
	return humane_time(buf, ns < UNKNOWN_AGE_NS ? UNKNOWN_AGE_NS : ns);
}

static void add_ages(struct strbuf *out, const struct leak_place *p)
{
	char a[HUMANE_BYTES], b[HUMANE_BYTES];
	age(a, p->youngest_ns);
	age(b, p->oldest_ns);
	if (p->oldest_ns < UNKNOWN_AGE_NS)
		strbuf_addf(out, "under %s old", b);
	else if (strcmp(a, b) == 0)
		strbuf_addf(out, "%s old", a);
	else
		strbuf_addf(out, "%s%s to %s old", p->youngest_ns < UNKNOWN_AGE_NS ? "under " : "",
			    a, b);
}

static void add_sizes(struct strbuf *out, const struct leak_place *p)
{
	char a[HUMANE_BYTES], b[HUMANE_BYTES];
	if (p->least_bytes != p->most_bytes)
		strbuf_addf(out, "%s to %s each", humane_bytes(a, p->least_bytes),
			    humane_bytes(b, p->most_bytes));
	else
		strbuf_addf(out, "%s%s", humane_bytes(a, p->most_bytes),
			    p->blocks > 1 ? " each" : "");
}

static void add_remarks(struct strbuf *out, const struct leak_story *s, struct trace_names *names)
{
	struct strbuf holder = STRBUF_INIT;
	unsigned flags = s->place->flags;
	if (flags & LEAK_IN_CYCLE)
		strbuf_adds(out, "; blocks of a ring, that point to each other");
	if (flags & LEAK_BY_HEURISTIC)
		strbuf_adds(out, "; known by a pointer into it, as C++ has them");
	if (flags & LEAK_POINTED_BY_OTHERS && s->place->kind == LEAK_POSSIBLE)
		strbuf_adds(out, "; a possibly lost block points to it");
	leak_story_add_holder(&holder, s, names);
	if (holder.len)
		strbuf_addf(out, "; %s", holder.text);
	strbuf_release(&holder);
}

/* "00000000  61 62 00 ...  ab..", 16 bytes a line. */
static void add_peek(struct strbuf *out, const struct trace_leak_group *g)
{
	for (uint32_t at = 0; at < g->peek_bytes; at += PEEK_LINE_BYTES) {
		uint32_t end = at + PEEK_LINE_BYTES;
		strbuf_addf(out, "        %02" PRIx32 " ", at);
		for (uint32_t i = at; i < end; i++) {
			if (i < g->peek_bytes)
				strbuf_addf(out, " %02x", g->peek[i]);
			else
				strbuf_adds(out, "   ");
		}
		strbuf_adds(out, "  ");
		for (uint32_t i = at; i < end && i < g->peek_bytes; i++)
			strbuf_addc(out, g->peek[i] >= ' ' && g->peek[i] < 0x7f ? (char)g->peek[i]
										: '.');
		strbuf_addc(out, '\n');
	}
}

void leaks_add_place(struct strbuf *out, const struct leaks_report *r,
		     const struct leak_place *place, const char *head)
{
	const struct finding_style *style = &r->request->style;
	struct leak_story s;
	struct strbuf text = STRBUF_INIT;
	leak_story_read(&s, r->names, &r->places, place);
	add_title(out, &s, head, style);
	add_maker(&text, &s, r->names->reader);
	story_add_paragraph(out, style, text.text);
	strbuf_clear(&text);
	add_sizes(&text, place);
	strbuf_adds(&text, ", ");
	add_ages(&text, place);
	strbuf_addf(&text, ", for example at 0x%" PRIx64, s.example->address);
	add_remarks(&text, &s, r->names);
	story_add_paragraph(out, style, text.text);
	if (r->request->peek)
		add_peek(out, s.example);
	story_add_stack(out, "allocated", 0, &s.stack, style);
	strbuf_release(&text);
	leak_story_release(&s);
}

/* ---- sums ---- */

static void add_total(struct strbuf *out, const char *label, const struct leak_total *total,
		      bool listed)
{
	char a[HUMANE_BYTES];
	strbuf_addf(out, "  %-16s ", label);
	if (!total->sum.blocks) {
		strbuf_adds(out, "nothing\n");
		return;
	}
	leaks_add_amount(out, total->sum.bytes, total->sum.blocks);
	strbuf_addf(out, " at %s place%s%s\n", humane_count(a, total->places),
		    total->places == 1 ? "" : "s", listed ? "" : ", not listed");
}

void leaks_add_sums(struct strbuf *out, const struct leak_places *p,
		    const struct leaks_request *request)
{
	for (unsigned kind = 0; kind < LEAK_KINDS; kind++)
		add_total(out, leak_kind_words(kind), &p->kinds[kind],
			  request->kinds >> kind & 1 ||
				  (kind == LEAK_INDIRECT && request->kinds & 1));
	if (p->suppressed.sum.blocks) {
		strbuf_addf(out, "  %-16s ", "suppressed");
		leaks_add_amount(out, p->suppressed.sum.bytes, p->suppressed.sum.blocks);
		strbuf_addc(out, '\n');
	}
}

/* Paragraphs of it, not cut. */
static void print_circumstances(const struct leaks_report *r, FILE *to)
{
	struct strbuf lines = STRBUF_INIT, out = STRBUF_INIT;
	leaks_add_circumstances(&lines, r);
	for (char *rest = lines.text, *line; (line = strsep(&rest, "\n")) && *line;) {
		strbuf_addc(&out, '\n');
		story_add_text(&out, &r->request->style, line);
	}
	fwrite(out.text, 1, out.len, to);
	strbuf_release(&lines);
	strbuf_release(&out);
}

/* ---- the whole ---- */

static void print_head(const struct leaks_report *r, FILE *to)
{
	struct strbuf out = STRBUF_INIT;
	const struct leak_total *kinds = r->places.kinds;
	bool some = kinds[LEAK_DEFINITE].sum.blocks || kinds[LEAK_INDIRECT].sum.blocks ||
		    kinds[LEAK_POSSIBLE].sum.blocks || kinds[LEAK_OTHER_KIND].places;
	if (!some) {
		strbuf_adds(&out, "nothing is lost");
		if (kinds[LEAK_REACHABLE].sum.blocks) {
			strbuf_adds(&out, ": ");
			leaks_add_amount(&out, kinds[LEAK_REACHABLE].sum.bytes,
					 kinds[LEAK_REACHABLE].sum.blocks);
			strbuf_adds(&out, " are still reachable");
		}
		strbuf_addc(&out, '\n');
	}
	if (some || r->places.suppressed.sum.blocks)
		leaks_add_sums(&out, &r->places, r->request);
	fwrite(out.text, 1, out.len, to);
	strbuf_release(&out);
}

static void print_rest(size_t shown, size_t count, FILE *to)
{
	if (shown < count)
		fprintf(to, "\n... %zu more\n", count - shown);
}

static void print_places(const struct leaks_report *r, FILE *to)
{
	struct strbuf out = STRBUF_INIT;
	size_t shown = leaks_report_shown(r, r->count);
	for (size_t i = 0; i < shown; i++) {
		char head[32];
		const struct leak_place *place = &r->places.places[r->list[i]];
		snprintf(head, sizeof(head), "\n%zu. ", i + 1);
		leaks_add_place(&out, r, place, head);
		if (r->request->tree)
			leaks_add_children(&out, r, place);
		fwrite(out.text, 1, out.len, to);
		strbuf_clear(&out);
	}
	print_rest(shown, r->count, to);
	strbuf_release(&out);
}

static void print_unused(const struct leaks_report *r, FILE *to)
{
	const struct suppressions *s = r->request->suppressions;
	struct strbuf out = STRBUF_INIT;
	for (size_t i = 0; r->request->unused && s && i < s->count; i++) {
		const struct suppression *one = &s->items[i];
		if (!suppression_is_unused_leak(one))
			continue;
		strbuf_adds(&out, out.len ? "" : "\nsuppressions that match nothing:\n");
		strbuf_adds(&out, "    ");
		strbuf_add_escaped(&out, one->file);
		strbuf_addf(&out, ":%u: %s:", one->line, one->kind);
		strbuf_add_escaped(&out, one->pattern);
		strbuf_addc(&out, '\n');
	}
	fwrite(out.text, 1, out.len, to);
	strbuf_release(&out);
}

/* ---- without a scan ---- */

static void add_not_freed(struct strbuf *out, const struct leaks_report *r, size_t i)
{
	const struct rollup_row *row = &r->not_freed.rows[i];
	struct story_stack stack = { 0 };
	struct strbuf title = STRBUF_INIT;
	leaks_read_step(&stack, r, row->key);
	strbuf_addf(out, "\n%zu. ", i + 1);
	strbuf_adds(&title, "not freed: ");
	leaks_add_amount(&title, row->self.live_bytes, row->self.live_blocks);
	story_add_title(out, &r->request->style, title.text, story_fingerprint("leak", &stack));
	story_add_stack(out, "allocated", 0, &stack, &r->request->style);
	strbuf_release(&title);
	free(stack.frames);
}

static void print_not_freed(const struct leaks_report *r, FILE *to)
{
	const struct heap *heap = &r->events->profile->heap;
	struct strbuf out = STRBUF_INIT, reason = STRBUF_INIT;
	char a[HUMANE_BYTES];
	size_t shown = leaks_report_shown(r, r->not_freed.count);
	leaks_report_add_reason(&reason, r);
	strbuf_adds(&out, "not freed: ");
	leaks_add_amount(&out, heap->live_bytes, heap->live_blocks);
	strbuf_addf(&out, " at %s place%s\n", humane_count(a, r->not_freed.count),
		    r->not_freed.count == 1 ? "" : "s");
	strbuf_adds(&out, "Whether something still points to them is not known: ");
	strbuf_add_escaped(&out, reason.text);
	strbuf_addc(&out, '\n');
	for (size_t i = 0; i < shown; i++) {
		add_not_freed(&out, r, i);
		fwrite(out.text, 1, out.len, to);
		strbuf_clear(&out);
	}
	fwrite(out.text, 1, out.len, to);
	print_rest(shown, r->not_freed.count, to);
	strbuf_release(&out);
	strbuf_release(&reason);
}

void leaks_text(struct leaks_report *r, FILE *to)
{
	if (r->events) {
		print_not_freed(r, to);
		return;
	}
	if (!r->chosen.count) {
		fprintf(to, "nobody has looked for leaks then\n");
	} else {
		print_head(r, to);
		if (r->request->by == LEAKS_BY_STACK)
			print_places(r, to);
		else
			leaks_print_rows(r, to);
	}
	print_circumstances(r, to);
	print_unused(r, to);
}
