/* suppressions.c - see suppressions.h. */
#include "report/suppressions.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "report/finding_words.h"
#include "util/line.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "wire/findings.h"

static const char leak[] = "leak";

/* ---- patterns ---- */

/* The pattern's own text from `at` to `end`, in which "*" is anything, against all of the text. */
static bool matches_whole(const char *at, const char *end, const char *text)
{
	const char *star = NULL, *behind = NULL;
	while (*text) {
		if (at < end && *at == '*') {
			star = at++;
			behind = text;
		} else if (at < end && *at == *text) {
			at++;
			text++;
		} else if (star) {
			at = star + 1;
			text = ++behind;
		} else {
			return false;
		}
	}
	while (at < end && *at == '*')
		at++;
	return at == end;
}

bool suppression_pattern_matches(const char *pattern, const char *text)
{
	size_t len = strlen(pattern);
	bool from_begin = len && pattern[0] == '^';
	bool to_end = len > from_begin && pattern[len - 1] == '$';
	struct strbuf whole = STRBUF_INIT;
	if (!from_begin)
		strbuf_addc(&whole, '*');
	strbuf_add(&whole, pattern + from_begin, len - from_begin - to_end);
	if (!to_end)
		strbuf_addc(&whole, '*');
	bool result = matches_whole(whole.text, whole.text + whole.len, text);
	strbuf_release(&whole);
	return result;
}

/* ---- files ---- */

/* The kind that the line begins with, up to its colon; NULL if there is none of that name. */
static const char *find_kind(const char *line, size_t len)
{
	static const char *const kinds[] = {
		leak,
#define FINDING(id, word, group, text) group,
#include "wire/findings.def"
#undef FINDING
	};
	for (size_t i = 0; i < AT_COUNT_OF(kinds); i++)
		if (strlen(kinds[i]) == len && memcmp(kinds[i], line, len) == 0)
			return kinds[i];
	return NULL;
}

static int take_line(struct suppressions *s, char *line, const char *file, unsigned number,
		     struct err *err)
{
	size_t len = strlen(line);
	while (len && isspace((unsigned char)line[len - 1]))
		line[--len] = '\0';
	while (isspace((unsigned char)*line))
		line++;
	if (!*line || *line == '#')
		return 0;
	const char *colon = strchr(line, ':');
	const char *kind = colon ? find_kind(line, (size_t)(colon - line)) : NULL;
	if (!kind)
		return err_set(err,
			       "%s:%u: '%s' does not begin with leak:, cross:, mismatch:, double: "
			       "or invalid:",
			       file, number, line);
	if (!colon[1])
		return err_set(err, "%s:%u: a pattern is missing after '%s'", file, number, line);
	s->items = mem_grow(s->items, &s->cap, s->count + 1, sizeof(*s->items));
	s->items[s->count++] = (struct suppression){
		.kind = kind, .pattern = mem_strdup(colon + 1), .file = file, .line = number
	};
	return 0;
}

int suppressions_load(struct suppressions *s, const char *file, struct err *err)
{
	FILE *from = fopen(file, "re");
	if (!from)
		return err_set_errno(err, "cannot read the suppressions %s", file);
	char *line = NULL;
	size_t room = 0;
	int result = 0;
	ssize_t len = 0;
	for (unsigned number = 1; !result && (len = line_read(&line, &room, from)) > 0; number++) {
		if (strlen(line) != (size_t)len)
			result = err_set(err, "%s:%u: this is no text", file, number);
		else
			result = take_line(s, line, file, number, err);
	}
	if (!result && len < 0)
		result = err_set_errno(err, "cannot read the suppressions %s", file);
	free(line);
	fclose(from);
	return result;
}

void suppressions_parse(struct suppressions *s, const char *text, const char *from)
{
	struct err err;
	for (unsigned number = 1; text && *text; number++) {
		size_t bytes = strcspn(text, "\n");
		char *line = mem_strndup(text, bytes);
		if (take_line(s, line, from, number, &err) < 0)
			err.text[0] = '\0';
		free(line);
		text += bytes + (text[bytes] == '\n');
	}
}

void suppressions_add_text(struct suppressions *s, const char *text, const char *from)
{
	char *copy = mem_strdup(text), *rest = copy, *line;
	struct err err;
	for (unsigned number = 1; (line = strsep(&rest, "\n")); number++)
		(void)take_line(s, line, from, number, &err);
	free(copy);
}

void suppressions_release(struct suppressions *s)
{
	for (size_t i = 0; i < s->count; i++)
		free(s->items[i].pattern);
	free(s->items);
	*s = (struct suppressions){ NULL, 0, 0 };
}

/* ---- matching ---- */

static bool matches_stack(const char *pattern, const struct story_stack *stack)
{
	for (size_t i = 0; i < stack->count; i++) {
		const struct story_frame *frame = &stack->frames[i];
		if ((frame->function && suppression_pattern_matches(pattern, frame->function)) ||
		    (frame->file && suppression_pattern_matches(pattern, frame->file)) ||
		    (*frame->module && suppression_pattern_matches(pattern, frame->module)))
			return true;
	}
	return false;
}

bool suppressions_match(struct suppressions *s, const struct finding_story *story)
{
	const char *group = finding_class_group(story->finding.class);
	for (size_t i = 0; s && i < s->count; i++) {
		struct suppression *one = &s->items[i];
		if (strcmp(one->kind, group) != 0)
			continue;
		for (unsigned k = 0; k < STORY_STACKS; k++) {
			if (matches_stack(one->pattern, &story->stacks[k])) {
				one->used++;
				return true;
			}
		}
	}
	return false;
}

bool suppressions_match_leak(struct suppressions *s, const struct story_stack *stack)
{
	for (size_t i = 0; s && i < s->count; i++) {
		struct suppression *one = &s->items[i];
		if (strcmp(one->kind, leak) == 0 && matches_stack(one->pattern, stack)) {
			one->used++;
			return true;
		}
	}
	return false;
}

bool suppression_is_unused_leak(const struct suppression *s)
{
	return !s->used && strcmp(s->kind, leak) == 0;
}

bool suppression_is_unused(const struct suppression *s)
{
	return !s->used && strcmp(s->kind, leak) != 0;
}

/* ---- making them ---- */

/* A name as a pattern of its own line: what cannot stand there is anything. */
static void add_pattern(struct strbuf *out, const char *name)
{
	strbuf_addc(out, '^');
	for (; *name; name++)
		strbuf_addc(out, iscntrl((unsigned char)*name) ? '*' : *name);
	strbuf_adds(out, "$\n");
}

static void add_frame_pattern(struct strbuf *out, const struct story_frame *frame)
{
	if (frame && frame->function)
		add_pattern(out, frame->function);
	else if (frame && *frame->module)
		add_pattern(out, frame->module);
	else
		strbuf_adds(out, "*\n");
}

void suppression_add_for(struct strbuf *out, const struct finding_story *story)
{
	strbuf_addf(out, "# %s, %016" PRIx64 "\n%s:",
		    finding_title(story->finding.class, story->finding.role), story->fingerprint,
		    finding_class_group(story->finding.class));
	add_frame_pattern(out, story_place(story));
}

void suppression_add_for_leak(struct strbuf *out, const char *title, uint64_t fingerprint,
			      const struct story_stack *stack)
{
	strbuf_addf(out, "# %s, %016" PRIx64 "\n%s:", title, fingerprint, leak);
	add_frame_pattern(out, story_stack_place(stack));
}
