/* crash_text.c - see crash_text.h. */
#include "report/crash_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "report/crash_words.h"
#include "report/humane.h"
#include "util/mem.h"
#include "util/path.h"

enum { SHOWN_BLOCKS = 4 };

static void add_sentence(struct strbuf *out, const struct crash_story *s,
			 void (*add)(struct strbuf *, const struct crash_story *),
			 const struct finding_style *style)
{
	struct strbuf text = STRBUF_INIT;
	add(&text, s);
	if (text.len)
		story_add_paragraph(out, style, text.text);
	strbuf_release(&text);
}

static void add_who(struct strbuf *text, const struct crash_story *s)
{
	const struct trace_crash *c = &s->crash;
	char time[HUMANE_BYTES];
	strbuf_addf(text, "pid %" PRIu32, c->pid);
	if (*s->exe)
		strbuf_addf(text, " (%s)", path_name(s->exe));
	strbuf_addf(text, ", thread %" PRIu32, c->tid);
	if (*s->thread_name)
		strbuf_addf(text, " (%s)", s->thread_name);
	strbuf_addf(text, ", at %s", humane_time(time, c->time_ns));
	if (c->flags & CRASH_BORROWED)
		strbuf_adds(text, "; a child that shares its parent's memory (vfork)");
	if (c->flags & CRASH_IN_RUNTIME && !(c->flags & CRASH_STACK_OVERFLOW))
		strbuf_adds(text,
			    "; in alloctrace's own code: a bug of alloctrace's, or its memory was "
			    "overwritten");
	if (c->flags & CRASH_GAVE_UP)
		strbuf_adds(text, "; looking for more crashed, too");
}

/* What a reader wants first: what was accessed, another allocator's, freed ones, registers. */
static unsigned rank(const struct crash_block *b)
{
	const struct trace_crash_pointer *p = &b->pointer;
	if (p->place == CRASH_IN_ADDRESS)
		return 0;
	if (b->is_foreign && p->value == p->block)
		return 1;
	if (p->flags & CRASH_BLOCK_FREED && p->place < CRASH_ON_STACK)
		return 2;
	return p->place < CRASH_ON_STACK ? 3 : 4;
}

/* Most programs have blocks, and so does their stack; an allocator's code works on one. */
static bool is_of_interest(const struct crash_story *s, const struct crash_block *b)
{
	bool raised = !crash_is_sent(&s->crash);
	if (b->pointer.flags & CRASH_IN_REGION && !b->is_foreign)
		return false; /* its own memory, or nobody's heap */
	return s->in_allocator || b->is_foreign || (raised && rank(b) < 4);
}

static int compare(const void *a, const void *b)
{
	const struct crash_block *const *x = a, *const *y = b;
	unsigned p = rank(*x), q = rank(*y);
	if (p != q)
		return p < q ? -1 : 1;
	return *x < *y ? -1 : *x > *y;
}

static void add_block(struct strbuf *out, const struct crash_block *b, bool told,
		      const struct finding_style *style)
{
	struct strbuf text = STRBUF_INIT;
	crash_add_pointer(&text, b);
	if (!told)
		story_add_paragraph(out, style, text.text);
	strbuf_release(&text);
	story_add_stack(out, b->pointer.flags & CRASH_IN_REGION ? "mapped" : "made", b->made_tid,
			&b->made, style);
	if (b->pointer.flags & CRASH_BLOCK_FREED)
		story_add_stack(out, "freed", b->freed_tid, &b->freed, style);
}

static void add_blocks(struct strbuf *out, const struct crash_story *s,
		       const struct finding_style *style)
{
	const struct crash_block **order =
		mem_zalloc(s->block_count + 1, sizeof(struct crash_block *));
	const struct crash_block *told = crash_told_block(s);
	size_t count = 0, shown = 0;
	char text[96];
	for (size_t i = 0; i < s->block_count; i++)
		if (is_of_interest(s, &s->blocks[i]))
			order[count++] = &s->blocks[i];
	qsort(order, count, sizeof(struct crash_block *), compare);
	if (told)
		add_block(out, told, true, style);
	for (size_t i = 0; i < count && shown < SHOWN_BLOCKS; i++, shown++)
		if (order[i] != told)
			add_block(out, order[i], false, style);
	free(order);
	if (count <= shown)
		return;
	snprintf(text, sizeof(text), "%zu more block%s are pointed to from there: see --json",
		 count - shown, count - shown == 1 ? "" : "s");
	story_add_paragraph(out, style, text);
}

void crash_add_text(struct strbuf *out, const struct crash_story *s, const char *head,
		    const struct finding_style *style)
{
	struct strbuf text = STRBUF_INIT;
	strbuf_adds(out, head);
	strbuf_addf(&text, "crash: %s, %s", crash_signal_name(s->crash.signal),
		    crash_signal_text(s->crash.signal));
	story_add_title(out, style, text.text, s->fingerprint);
	strbuf_clear(&text);
	add_sentence(out, s, crash_add_what, style);
	add_sentence(out, s, crash_add_where, style);
	add_who(&text, s);
	story_add_paragraph(out, style, text.text);
	add_sentence(out, s, crash_add_reason, style);
	story_add_stack(out, "crashed", s->crash.tid, &s->stack, style);
	add_blocks(out, s, style);
	strbuf_release(&text);
}

void crash_add_line(struct strbuf *out, const struct crash_story *s)
{
	struct strbuf text = STRBUF_INIT;
	strbuf_addf(&text, "%s ", crash_signal_name(s->crash.signal));
	if (s->place) {
		strbuf_adds(&text, "in ");
		story_add_frame_name(&text, s->place);
	}
	strbuf_addf(&text, ", pid %" PRIu32, s->crash.pid);
	strbuf_add_escaped(out, text.text);
	strbuf_release(&text);
}
