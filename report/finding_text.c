/* finding_text.c - see finding_text.h. */
#include "report/finding_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "report/finding_words.h"
#include "report/humane.h"
#include "report/shorten.h"
#include "util/path.h"
#include "wire/session.h"

enum {
	INDENT = 4,
	FRAME_INDENT = 8,
	POSITION_COLUMNS = 34, /* kept free at the right for file and line */
	LEAST_NAME_COLUMNS = 20,
	/* Ages come in steps of some 25 ms: less than that is not known. */
	UNKNOWN_AGE_NS = 30000000,
};

static void styled(struct strbuf *out, const struct finding_style *style, const char *code,
		   const char *text)
{
	if (style->color)
		strbuf_adds(out, code);
	strbuf_add_escaped(out, text);
	if (style->color)
		strbuf_adds(out, "\033[0m");
}

static void bold(struct strbuf *out, const struct finding_style *style, const char *text)
{
	styled(out, style, "\033[1m", text);
}

static void dim(struct strbuf *out, const struct finding_style *style, const char *text)
{
	styled(out, style, "\033[2m", text);
}

static void indent(struct strbuf *out, unsigned columns)
{
	strbuf_addf(out, "%*s", (int)columns, "");
}

/* "name", or "libx.so+0x1234"; not escaped. */
static void add_name(struct strbuf *out, const struct story_frame *frame, size_t room)
{
	if (!frame->function)
		strbuf_addf(out, "%s+0x%" PRIx64, story_module_name(frame), frame->offset);
	else if (room)
		shorten_function(out, frame->function, room);
	else
		strbuf_adds(out, frame->function);
}

/* "table.c:12", or the module; not escaped. */
static void add_position(struct strbuf *out, const struct story_frame *frame, bool long_names)
{
	if (!frame->file) {
		if (frame->function)
			strbuf_adds(out, story_module_name(frame));
		return;
	}
	strbuf_adds(out, long_names ? frame->file : path_name(frame->file));
	if (frame->line)
		strbuf_addf(out, ":%" PRIu32, frame->line);
}

void finding_add_place(struct strbuf *out, const struct finding_story *s, size_t room)
{
	const struct story_frame *frame = story_place(s);
	struct strbuf text = STRBUF_INIT, position = STRBUF_INIT;
	if (frame) {
		add_position(&position, frame, false);
		size_t used = position.len ? position.len + strlen(" ()") : 0;
		add_name(&text, frame,
			 room > used + LEAST_NAME_COLUMNS ? room - used : LEAST_NAME_COLUMNS);
		if (position.len)
			strbuf_addf(&text, " (%s)", position.text);
	} else {
		strbuf_adds(&text, "[no stack]");
	}
	strbuf_add_escaped(out, text.text);
	strbuf_release(&text);
	strbuf_release(&position);
}

/* ---- stacks ---- */

static void add_frame(struct strbuf *out, const struct story_frame *frame,
		      const struct finding_style *style)
{
	struct strbuf name = STRBUF_INIT, shown = STRBUF_INIT, position = STRBUF_INIT;
	size_t room = style->width > FRAME_INDENT + POSITION_COLUMNS + LEAST_NAME_COLUMNS
			      ? style->width - FRAME_INDENT - POSITION_COLUMNS
			      : LEAST_NAME_COLUMNS;
	static const char inlined[] = " (inlined)";
	size_t name_room = frame->inlined ? room - strlen(inlined) : room;
	add_name(&name, frame, style->long_names ? 0 : name_room);
	if (frame->inlined)
		strbuf_adds(&name, inlined);
	add_position(&position, frame, style->long_names);
	strbuf_add_escaped(&shown, name.text);
	indent(out, FRAME_INDENT);
	strbuf_adds(out, shown.text);
	if (position.len) {
		indent(out, shown.len < room ? (unsigned)(room - shown.len) : 0);
		strbuf_adds(out, "  ");
		dim(out, style, position.text);
	}
	strbuf_addc(out, '\n');
	strbuf_release(&name);
	strbuf_release(&shown);
	strbuf_release(&position);
}

static void remark(struct strbuf *out, const struct finding_style *style, const char *text)
{
	indent(out, FRAME_INDENT);
	dim(out, style, text);
	strbuf_addc(out, '\n');
}

/* Of a stack that is deeper than asked for, the innermost frames. */
static void add_stack(struct strbuf *out, const struct story_stack *stack,
		      const struct finding_style *style)
{
	char text[64];
	size_t shown = stack->count;
	if (style->depth && style->depth < shown)
		shown = style->depth;
	for (size_t i = 0; i < shown; i++)
		add_frame(out, &stack->frames[i], style);
	if (shown < stack->count) {
		snprintf(text, sizeof(text), "... %zu more", stack->count - shown);
		remark(out, style, text);
	} else if (!stack->count) {
		remark(out, style, "[no stack]");
	} else if (stack->outside == NODE_TRUNCATED) {
		remark(out, style, "[deeper than the depth limit]");
	} else if (stack->outside == NODE_UNKNOWN) {
		remark(out, style, "[callers not found]");
	}
}

static void stack_head(struct strbuf *out, const char *title, uint32_t tid)
{
	indent(out, INDENT);
	strbuf_adds(out, title);
	if (tid)
		strbuf_addf(out, ", thread %" PRIu32, tid);
	strbuf_adds(out, ":\n");
}

/* ---- the whole ---- */

static void add_head(struct strbuf *out, const struct finding_story *s, const char *head,
		     const struct finding_style *style)
{
	char text[HUMANE_BYTES + 32], count[HUMANE_BYTES];
	strbuf_adds(out, head);
	bold(out, style, finding_title(s->finding.class, s->finding.role));
	if (s->finding.count > 1)
		strbuf_addf(out, ", %s times", humane_count(count, s->finding.count));
	snprintf(text, sizeof(text), "  [%016" PRIx64 "]", s->fingerprint);
	dim(out, style, text);
	strbuf_addc(out, '\n');
}

/* Words up to the width, continued below; the text is escaped. */
static void add_wrapped_at(struct strbuf *out, unsigned margin, const struct finding_style *style,
			   const char *text)
{
	size_t column = margin;
	bool begun = false;
	indent(out, margin);
	while (*text) {
		size_t len = strcspn(text, " ");
		if (begun && column + 1 + len > style->width) {
			strbuf_addc(out, '\n');
			indent(out, margin);
			column = margin;
		} else if (begun) {
			strbuf_addc(out, ' ');
			column++;
		}
		strbuf_add(out, text, len);
		begun = true;
		column += len;
		text += len;
		text += strspn(text, " ");
	}
	strbuf_addc(out, '\n');
}

static void add_wrapped(struct strbuf *out, const struct finding_style *style, const char *text)
{
	add_wrapped_at(out, INDENT, style, text);
}

static void add_summary(struct strbuf *out, const struct finding_story *s,
			const struct finding_style *style)
{
	struct strbuf text = STRBUF_INIT, shown = STRBUF_INIT;
	finding_add_summary(&text, &s->finding, s->made_allocator, s->called_allocator);
	strbuf_add_escaped(&shown, text.text);
	add_wrapped(out, style, shown.text);
	strbuf_release(&text);
	strbuf_release(&shown);
}

static void add_sentence(struct strbuf *out, const struct finding_story *s, const char *label,
			 void (*add)(struct strbuf *, const struct trace_finding *),
			 const struct finding_style *style)
{
	struct strbuf text = STRBUF_INIT, shown = STRBUF_INIT;
	strbuf_adds(&text, label);
	add(&text, &s->finding);
	strbuf_add_escaped(&shown, text.text);
	add_wrapped(out, style, shown.text);
	strbuf_release(&text);
	strbuf_release(&shown);
}

static void add_who(struct strbuf *text, const struct finding_story *s)
{
	strbuf_addf(text, "pid %" PRIu32, s->pid);
	if (*s->exe) {
		strbuf_adds(text, " (");
		strbuf_add_escaped(text, path_name(s->exe));
		strbuf_adds(text, ")");
	}
	if (s->tid)
		strbuf_addf(text, ", thread %" PRIu32, s->tid);
	if (*s->thread_name) {
		strbuf_adds(text, " (");
		strbuf_add_escaped(text, s->thread_name);
		strbuf_adds(text, ")");
	}
}

/* Who, when, how old the block was, and what became of it. */
static void add_circumstances(struct strbuf *out, const struct finding_story *s,
			      const struct finding_style *style)
{
	struct strbuf text = STRBUF_INIT;
	char time[HUMANE_BYTES];
	add_who(&text, s);
	strbuf_addf(&text, ", at %s", humane_time(time, s->finding.time_ns));
	if (story_has_block(s) && s->finding.age_ns < UNKNOWN_AGE_NS)
		strbuf_addf(&text, "; the block was under %s old",
			    humane_time(time, s->finding.age_ns + UNKNOWN_AGE_NS));
	else if (story_has_block(s))
		strbuf_addf(&text, "; the block was %s old", humane_time(time, s->finding.age_ns));
	strbuf_addf(&text, "; %s", finding_outcome_text(s->finding.outcome, s->finding.role));
	add_wrapped(out, style, text.text);
	strbuf_release(&text);
}

void finding_add_text(struct strbuf *out, const struct finding_story *s, const char *head,
		      const struct finding_style *style)
{
	add_head(out, s, head, style);
	add_summary(out, s, style);
	add_circumstances(out, s, style);
	stack_head(out, finding_deed(s->finding.role), s->tid);
	add_stack(out, &s->stacks[STORY_RELEASE], style);
	if (story_was_freed(s)) {
		stack_head(out, "freed before", s->first_tid);
		add_stack(out, &s->stacks[STORY_FIRST], style);
	}
	if (story_has_block(s) || story_has_region(s)) {
		stack_head(out, story_has_block(s) ? "made" : "mapped", s->made_tid);
		add_stack(out, &s->stacks[STORY_MADE], style);
	}
	add_sentence(out, s, "why: ", finding_add_why, style);
	add_sentence(out, s, "fix: ", finding_add_fix, style);
}

/* ---- parts, for others ---- */

void story_add_stack(struct strbuf *out, const char *title, uint32_t tid, const struct story_stack *stack,
		     const struct finding_style *style)
{
	stack_head(out, title, tid);
	add_stack(out, stack, style);
}

void story_add_paragraph(struct strbuf *out, const struct finding_style *style, const char *text)
{
	struct strbuf shown = STRBUF_INIT;
	strbuf_add_escaped(&shown, text);
	add_wrapped(out, style, shown.text);
	strbuf_release(&shown);
}

void story_add_text(struct strbuf *out, const struct finding_style *style, const char *text)
{
	add_wrapped_at(out, 0, style, text);
}

void story_add_title(struct strbuf *out, const struct finding_style *style, const char *title,
		     uint64_t fingerprint)
{
	char text[32];
	bold(out, style, title);
	snprintf(text, sizeof(text), "  [%016" PRIx64 "]", fingerprint);
	dim(out, style, text);
	strbuf_addc(out, '\n');
}

void story_add_frame_name(struct strbuf *out, const struct story_frame *frame)
{
	struct strbuf position = STRBUF_INIT;
	add_name(out, frame, 0);
	add_position(&position, frame, false);
	if (position.len)
		strbuf_addf(out, " (%s)", position.text);
	strbuf_release(&position);
}
