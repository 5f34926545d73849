/* finding_list.c - see finding_list.h. */
#include "report/finding_list.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "report/crash_json.h"
#include "report/crash_text.h"
#include "report/finding_json.h"
#include "report/finding_judge.h"
#include "report/humane.h"
#include "report/suppressions.h"
#include "util/mem.h"
#include "wire/findings.h"

static int compare(const void *a, const void *b, void *context)
{
	const struct trace_reader *reader = context;
	const uint32_t *x = a, *y = b;
	int order =
		finding_compare(trace_reader_finding(reader, *x), trace_reader_finding(reader, *y));
	return order ? order : (*x > *y) - (*x < *y);
}

enum verdict { SHOWN, NOT_JUDGED, SUPPRESSED };

static enum verdict judge_one(struct finding_judge *judge, struct trace_names *names,
			      uint32_t number)
{
	struct finding_story story;
	unsigned class = trace_reader_finding(names->reader, number)->class;
	if (class != FINDING_MISMATCH && !names->suppressions)
		return SHOWN;
	finding_story_read(&story, names, number);
	enum verdict verdict = finding_is_doubtful(judge, &story)		 ? NOT_JUDGED
			       : suppressions_match(names->suppressions, &story) ? SUPPRESSED
										 : SHOWN;
	finding_story_release(&story);
	return verdict;
}

static void add(struct finding_list *l, uint32_t number, enum verdict verdict)
{
	uint64_t count = trace_reader_finding(l->names->reader, number)->count;
	switch (verdict) {
	case SHOWN:
		l->numbers[l->count++] = number;
		l->occurrences += count;
		break;
	case NOT_JUDGED:
		l->not_judged += count;
		break;
	case SUPPRESSED:
		l->suppressed++;
		l->suppressed_occurrences += count;
		break;
	}
}

void finding_list_init(struct finding_list *l, struct trace_names *names)
{
	*l = (struct finding_list){ .names = names };
	uint32_t all = (uint32_t)trace_reader_finding_count(names->reader);
	struct finding_judge *judge = finding_judge_new();
	l->numbers = mem_zalloc(all + 1u, sizeof(*l->numbers));
	for (uint32_t i = 0; i < all; i++)
		add(l, i, judge_one(judge, names, i));
	finding_judge_free(judge);
	qsort_r(l->numbers, l->count, sizeof(*l->numbers), compare, names->reader);
}

void finding_list_release(struct finding_list *l)
{
	free(l->numbers);
}

static size_t shown_of(const struct finding_list *l, uint64_t top)
{
	return top && top < l->count ? (size_t)top : l->count;
}

static void add_totals(struct strbuf *out, const struct finding_list *l)
{
	char count[HUMANE_BYTES], all[HUMANE_BYTES];
	if (!l->count)
		strbuf_adds(out, "no wrong frees");
	else
		strbuf_addf(out, "%s wrong free%s, %s time%s in all", humane_count(count, l->count),
			    l->count == 1 ? "" : "s", humane_count(all, l->occurrences),
			    l->occurrences == 1 ? "" : "s");
	if (l->suppressed)
		strbuf_addf(out, "; %s suppressed", humane_count(count, l->suppressed));
	strbuf_addc(out, '\n');
}

static void text_crashes(const struct finding_list *l, const struct finding_style *style, FILE *to)
{
	struct strbuf out = STRBUF_INIT;
	uint32_t count = (uint32_t)trace_reader_crash_count(l->names->reader);
	for (uint32_t i = 0; i < count; i++) {
		struct crash_story story;
		crash_story_read(&story, l->names, i);
		crash_add_text(&out, &story, "", style);
		strbuf_addc(&out, '\n');
		crash_story_release(&story);
	}
	const char *missing = trace_reader_fact(l->names->reader, "crashes_not_told");
	if (missing) {
		strbuf_adds(&out, "crashes of which nothing more is known: ");
		strbuf_add_escaped(&out, missing);
		strbuf_adds(&out, "\n\n");
	}
	fwrite(out.text, 1, out.len, to);
	strbuf_release(&out);
}

static void json_crashes(struct json *j, const struct finding_list *l)
{
	uint32_t count = (uint32_t)trace_reader_crash_count(l->names->reader);
	json_array(j, "crashes");
	for (uint32_t i = 0; i < count; i++) {
		struct crash_story story;
		crash_story_read(&story, l->names, i);
		crash_json(j, &story);
		crash_story_release(&story);
	}
	json_end_array(j);
}

static void add_unused(struct strbuf *out, const struct suppressions *suppressions)
{
	bool some = false;
	for (size_t i = 0; suppressions && i < suppressions->count; i++) {
		const struct suppression *one = &suppressions->items[i];
		if (!suppression_is_unused(one))
			continue;
		strbuf_adds(out, some ? "" : "\nsuppressions that match nothing:\n");
		some = true;
		strbuf_adds(out, "    ");
		strbuf_add_escaped(out, one->file);
		strbuf_addf(out, ":%u: %s:", one->line, one->kind);
		strbuf_add_escaped(out, one->pattern);
		strbuf_addc(out, '\n');
	}
}

/* Is the last line, which begins at from, in the text already? A second one would match nothing. */
static bool is_repeated(const struct strbuf *out, size_t from)
{
	size_t bytes = out->len - from;
	for (const char *at = out->text; at < out->text + from;) {
		size_t len = strcspn(at, "\n") + 1;
		if (len == bytes && memcmp(at, out->text + from, bytes) == 0)
			return true;
		at += len;
	}
	return false;
}

/* The pattern of a finding whose own is there already stands in a comment. */
static void add_suppression(struct strbuf *out, const struct finding_story *story)
{
	struct strbuf one = STRBUF_INIT;
	size_t from = out->len;
	suppression_add_for(&one, story);
	const char *pattern = strchr(one.text, '\n') + 1;
	strbuf_adds(out, pattern);
	bool repeated = is_repeated(out, from);
	strbuf_truncate(out, from);
	strbuf_addf(out, "%.*s%s%s", (int)(pattern - one.text), one.text, repeated ? "# " : "",
		    pattern);
	strbuf_release(&one);
}

void finding_list_suppressions(const struct finding_list *l, FILE *to)
{
	struct strbuf out = STRBUF_INIT;
	for (size_t i = 0; i < l->count; i++) {
		struct finding_story story;
		finding_story_read(&story, l->names, l->numbers[i]);
		add_suppression(&out, &story);
		finding_story_release(&story);
	}
	fwrite(out.text, 1, out.len, to);
	strbuf_release(&out);
}

void finding_list_text(const struct finding_list *l, uint64_t top,
		       const struct finding_style *style, bool unused, FILE *to)
{
	struct strbuf out = STRBUF_INIT;
	size_t shown = shown_of(l, top);
	text_crashes(l, style, to);
	add_totals(&out, l);
	for (size_t i = 0; i < shown; i++) {
		char head[32];
		struct finding_story story;
		finding_story_read(&story, l->names, l->numbers[i]);
		snprintf(head, sizeof(head), "\n%zu. ", i + 1);
		finding_add_text(&out, &story, head, style);
		fwrite(out.text, 1, out.len, to);
		strbuf_clear(&out);
		finding_story_release(&story);
	}
	if (shown < l->count)
		strbuf_addf(&out, "\n... %zu more\n", l->count - shown);
	if (unused)
		add_unused(&out, l->names->suppressions);
	fwrite(out.text, 1, out.len, to);
	strbuf_release(&out);
}

static void json_unused(struct json *j, const struct suppressions *suppressions)
{
	json_array(j, "unused_suppressions");
	for (size_t i = 0; suppressions && i < suppressions->count; i++) {
		const struct suppression *one = &suppressions->items[i];
		if (!suppression_is_unused(one))
			continue;
		json_object(j, NULL);
		json_string(j, "file", one->file);
		json_uint(j, "line", one->line);
		json_string(j, "kind", one->kind);
		json_string(j, "pattern", one->pattern);
		json_end_object(j);
	}
	json_end_array(j);
}

void finding_list_json(const struct finding_list *l, const char *path, uint64_t top, bool unused,
		       FILE *to)
{
	struct json j;
	size_t shown = shown_of(l, top);
	json_init(&j, to);
	json_object(&j, NULL);
	json_string(&j, "format", "alloctrace errors");
	json_uint(&j, "format_version", 1);
	json_string(&j, "path", path);
	json_string(&j, "damage", trace_reader_damage(l->names->reader));
	json_uint(&j, "findings_in_all", l->count);
	json_uint(&j, "occurrences", l->occurrences);
	json_uint(&j, "not_judged", l->not_judged);
	json_uint(&j, "suppressed", l->suppressed);
	json_uint(&j, "suppressed_occurrences", l->suppressed_occurrences);
	json_crashes(&j, l);
	json_array(&j, "findings");
	for (size_t i = 0; i < shown; i++) {
		struct finding_story story;
		finding_story_read(&story, l->names, l->numbers[i]);
		finding_json(&j, &story);
		finding_story_release(&story);
	}
	json_end_array(&j);
	if (unused)
		json_unused(&j, l->names->suppressions);
	json_end_object(&j);
	json_end_line(&j);
	json_release(&j);
}
