/* text_rows.c - stacks with their frames, and tables by function, module, thread, size, allocator.
 */
#include <inttypes.h>

#include "analysis/allocator_name.h"
#include "report/humane.h"
#include "report/text_parts.h"
#include "util/path.h"

/* Ends of the columns of a table. */
enum {
	COLUMN_VALUE = 12,
	COLUMN_SHARE = 20,
	COLUMN_INCLUSIVE = 31,
	COLUMN_SECOND = 43,
	COLUMN_THIRD = 55,
	COLUMN_NAME = 57,
	NARROW_NAME = 46, /* without the inclusive column */
};

enum { MOST_PLUMBING = 3 }; /* frames before the charged one */

static const char *sort_value(char *buf, const struct metrics *m, enum rollup_sort sort)
{
	uint64_t value = metrics_get(m, sort);
	if (sort == SORT_COUNT || sort == SORT_TEMPORARY)
		return humane_count(buf, value);
	return humane_bytes(buf, value);
}

/* What it is of: the two columns beside the one that is sorted by. */
static void other_values(char *second, char *third, const struct metrics *m, enum rollup_sort sort)
{
	switch (sort) {
	case SORT_PEAK:
		humane_count(second, m->peak_blocks);
		humane_count(third, m->allocs);
		break;
	case SORT_LIVE:
		humane_count(second, m->live_blocks);
		humane_count(third, m->allocs);
		break;
	case SORT_TOTAL:
		humane_count(second, m->allocs);
		humane_bytes(third, m->allocs ? m->bytes / m->allocs : 0);
		break;
	case SORT_COUNT:
		humane_bytes(second, m->bytes);
		humane_bytes(third, m->allocs ? m->bytes / m->allocs : 0);
		break;
	case SORT_TEMPORARY:
	case SORT_KINDS:
		humane_count(second, m->allocs);
		humane_percent(third, m->temporary, m->allocs);
		break;
	}
}

static const char *const titles[SORT_KINDS] = {
	"Live at the peak",	 "Allocated bytes", "Number of allocations",
	"Temporary allocations", "Live at the end",
};

static const char *const value_names[SORT_KINDS] = { "peak", "allocated", "allocations",
						     "temporary", "live" };
static const char *const second_names[SORT_KINDS] = { "blocks", "allocations", "bytes",
						      "allocations", "blocks" };
static const char *const third_names[SORT_KINDS] = { "allocations", "average", "average", "of them",
						     "allocations" };

/* ---- stacks ---- */

static void stack_head(struct sheet *s, size_t rank, const struct metrics *m,
		       const struct metrics *total, enum rollup_sort sort)
{
	char a[HUMANE_BYTES], b[HUMANE_BYTES];
	sheet_format(s, STYLE_DIM, "%3zu.", rank);
	sheet_right(s, STYLE_BOLD, 17, sort_value(a, m, sort));
	sheet_right(s, STYLE_BOLD, 25,
		    humane_percent(b, metrics_get(m, sort), metrics_get(total, sort)));
	sheet_to_column(s, 27);
	if (sort == SORT_PEAK || sort == SORT_LIVE)
		sheet_format(s, STYLE_PLAIN, "in %s %s; ",
			     humane_count(a, sort == SORT_PEAK ? m->peak_blocks : m->live_blocks),
			     (sort == SORT_PEAK ? m->peak_blocks : m->live_blocks) == 1 ? "block"
											: "blocks");
	if (sort == SORT_TEMPORARY)
		sheet_format(s, STYLE_PLAIN, "of %s %s", humane_count(a, m->allocs),
			     m->allocs == 1 ? "allocation" : "allocations");
	else if (sort != SORT_COUNT)
		sheet_format(s, STYLE_PLAIN, "%s %s", humane_count(a, m->allocs),
			     m->allocs == 1 ? "allocation" : "allocations");
	if (sort != SORT_TOTAL)
		sheet_format(s, STYLE_PLAIN, "%s %s", sort == SORT_COUNT ? "of" : " of",
			     humane_bytes(a, m->bytes));
	if (sort != SORT_TEMPORARY && m->temporary)
		sheet_format(s, STYLE_PLAIN, ", %s temporary",
			     humane_percent(a, m->temporary, m->allocs));
	sheet_end_line(s);
}

static void frame_line(struct sheet *s, const struct frame *frame, bool charged)
{
	const struct frame_function *f = frames_function(s->data->frames, frame->function);
	size_t room = s->request->width > 60 ? s->request->width - 34 : 26;
	sheet_text(s, STYLE_PLAIN, charged ? "    > " : "      ");
	sheet_function(s,
		       charged	     ? STYLE_BOLD
		       : f->plumbing ? STYLE_DIM
				     : STYLE_PLAIN,
		       frame->function, room);
	if (frame->inlined)
		sheet_text(s, STYLE_DIM, " (inlined)");
	if (frame->file) {
		sheet_to_column(s, room - 4);
		sheet_text(s, STYLE_PLAIN, " ");
		sheet_position(s, frame);
	} else if (f->name) {
		sheet_to_column(s, room - 4);
		sheet_text(s, STYLE_PLAIN, " ");
		sheet_module(s, STYLE_DIM, f->module);
	}
	sheet_end_line(s);
}

static void remark_line(struct sheet *s, const char *text)
{
	sheet_to_column(s, 6);
	sheet_text(s, STYLE_DIM, text);
	sheet_end_line(s);
}

/* Frames in all, and how many stand before the one that is charged: its first place, for in
 * recursion there are more. */
static size_t frame_count(const struct callstacks *c, uint32_t step, const struct frame *charged,
			  size_t *before)
{
	size_t all = 0, count;
	bool found = false;
	*before = 0;
	for (; step >= STEP_FIRST; step = c->steps[step].parent) {
		const struct frame *frames = frames_of_list(c->frames, c->steps[step].list, &count);
		if (!found && charged >= frames && charged < frames + count) {
			*before = all + (size_t)(charged - frames);
			found = true;
		}
		all += count;
	}
	return all;
}

/* Frames at the inner end that are left out: of a long run through the C++ library, the function
 * that was called from outside of it says enough. */
static size_t folded_frames(const struct sheet *s, size_t before)
{
	return s->request->long_names || before <= MOST_PLUMBING ? 0 : before - MOST_PLUMBING + 1;
}

/* When a stack is deeper than asked for, its innermost frames and the outermost one. */
void text_stack(struct sheet *s, const struct callstacks *c, uint32_t step)
{
	const struct frame *charged;
	char text[64];
	callstacks_charged(c, step, &charged);
	size_t before, all = frame_count(c, step, charged, &before), at = 0;
	size_t folded = folded_frames(s, before), rest = all - folded;
	size_t shown = s->request->depth && s->request->depth < rest ? s->request->depth : rest;
	if (folded) {
		snprintf(text, sizeof(text), "... %zu of the runtime and its libraries", folded);
		remark_line(s, text);
	}
	for (; step >= STEP_FIRST; step = c->steps[step].parent) {
		size_t count;
		const struct frame *frames = frames_of_list(c->frames, c->steps[step].list, &count);
		for (size_t i = 0; i < count; i++, at++) {
			if (at < folded)
				continue;
			size_t number = at - folded + 1;
			if (number < shown || number == rest || shown == rest) {
				frame_line(s, &frames[i], at == before);
			} else if (number == shown) {
				snprintf(text, sizeof(text), "... %zu more", rest - shown);
				remark_line(s, text);
			}
		}
	}
	if (!all)
		remark_line(s, "[no stack]");
	if (step == STEP_TRUNCATED)
		remark_line(s, "[deeper than the depth limit]");
	else if (step == STEP_UNKNOWN && all)
		remark_line(s, "[callers not found]");
}

static void stack_list(struct sheet *s, const struct rollup *r, enum rollup_sort sort, uint64_t top)
{
	for (size_t i = 0; i < r->count && i < top; i++) {
		if (i)
			sheet_end_line(s);
		stack_head(s, i + 1, &r->rows[i].self, &r->total, sort);
		text_stack(s, s->data->stacks, r->rows[i].key);
	}
}

static void mapped_head(struct sheet *s, size_t rank, const struct metrics *m, uint64_t whole)
{
	char a[HUMANE_BYTES];
	sheet_format(s, STYLE_DIM, "%3zu.", rank);
	sheet_right(s, STYLE_BOLD, 17, humane_bytes(a, m->peak_bytes));
	sheet_right(s, STYLE_BOLD, 25, humane_percent(a, m->peak_bytes, whole));
	sheet_to_column(s, 27);
	sheet_format(s, STYLE_PLAIN, "%s %s", humane_count(a, m->allocs),
		     m->allocs == 1 ? "call" : "calls");
	sheet_format(s, STYLE_PLAIN, " of %s", humane_bytes(a, m->bytes));
	sheet_format(s, STYLE_PLAIN, "; %s at the end", humane_bytes(a, m->live_bytes));
	sheet_end_line(s);
}

void text_mapped_stacks(struct sheet *s, uint64_t top)
{
	struct rollup r;
	char shown[HUMANE_BYTES], all[HUMANE_BYTES], remark[2 * HUMANE_BYTES + 32];
	if (!s->data->mapped_stacks)
		return;
	rollup_mapped(&r, &s->data->profile->mapped, s->data->mapped_stacks);
	snprintf(remark, sizeof(remark), "%s of %s", humane_count(shown, top),
		 humane_count(all, r.count));
	sheet_heading(s, "Mapped at its peak, by stack", top < r.count ? remark : NULL);
	for (size_t i = 0; i < r.count && i < top; i++) {
		if (i)
			sheet_end_line(s);
		mapped_head(s, i + 1, &r.rows[i].self, r.total.peak_bytes);
		text_stack(s, s->data->mapped_stacks, r.rows[i].key);
	}
	rollup_release(&r);
}

/* ---- tables ---- */

/* A power of two with its unit: 512 KiB. */
static uint64_t in_unit(uint64_t bytes, const char **unit)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	unsigned i = 0;
	for (; bytes >= 1024 && i + 1 < AT_COUNT_OF(units); i++)
		bytes /= 1024;
	*unit = units[i];
	return bytes;
}

/* "17 - 32 B"; where the smallest size is no round number, "over 16 to 32 KiB". */
static const char *size_range(char *buf, size_t size, const struct profile_size_class *c)
{
	const char *from_unit, *to_unit;
	uint64_t from = in_unit(c->from_bytes - 1, &from_unit);
	uint64_t to = in_unit(c->to_bytes, &to_unit);
	if (c->from_bytes == c->to_bytes)
		snprintf(buf, size, "%" PRIu64 " B", c->from_bytes);
	else if (c->to_bytes < 1024)
		snprintf(buf, size, "%" PRIu64 " - %" PRIu64 " B", c->from_bytes, c->to_bytes);
	else if (from_unit == to_unit)
		snprintf(buf, size, "over %" PRIu64 " to %" PRIu64 " %s", from, to, to_unit);
	else
		snprintf(buf, size, "over %" PRIu64 " %s to %" PRIu64 " %s", from, from_unit, to,
			 to_unit);
	return buf;
}

static void thread_name(struct sheet *s, const struct profile_thread *t)
{
	const struct trace_thread *thread = trace_reader_thread(s->data->reader, t->thread);
	const struct trace_process *process = trace_reader_process(s->data->reader, t->process);
	if (t->thread == UINT32_MAX)
		sheet_text(s, STYLE_PLAIN, "[unknown thread]");
	else
		sheet_format(s, STYLE_PLAIN, "%" PRIu32, thread->tid);
	if (*thread->name)
		sheet_format(s, STYLE_PLAIN, " %s", thread->name);
	if (s->data->profile->process_count > 1)
		sheet_format(s, STYLE_DIM, " of pid %" PRIu32, process->pid);
}

static void allocator_name(struct sheet *s, uint32_t allocator)
{
	const struct trace_allocator *a = trace_reader_allocator(s->data->reader, allocator);
	struct strbuf name = STRBUF_INIT;
	allocator_add_name(&name, s->data->reader, allocator, TRACE_NO_PROCESS);
	sheet_text(s, STYLE_PLAIN, name.text);
	strbuf_release(&name);
	/* Processes have instances of one name. */
	if (a->kind == TRACE_ALLOCATOR_INSTANCE && s->data->profile->process_count > 1)
		sheet_format(s, STYLE_DIM, " of pid %" PRIu32,
			     trace_reader_process(s->data->reader, a->process)->pid);
}

/* The position of a function for people: where its charged frame stands in its largest stack is
 * not worth a search; its module is. */
static void row_name(struct sheet *s, enum rollup_by by, uint32_t key)
{
	const struct profile *p = s->data->profile;
	size_t room = s->request->width > s->column + 12 ? s->request->width - s->column : 12;
	char text[64];
	switch (by) {
	case ROLLUP_FUNCTION:
		sheet_function(s, STYLE_PLAIN, key, room);
		break;
	case ROLLUP_MODULE:
		if (key == UINT32_MAX)
			sheet_text(s, STYLE_PLAIN, "[no stack]");
		else
			sheet_module(s, STYLE_PLAIN, key);
		break;
	case ROLLUP_THREAD:
		thread_name(s, &p->threads[key]);
		break;
	case ROLLUP_SIZE:
		sheet_text(s, STYLE_PLAIN, size_range(text, sizeof(text), &p->sizes[key]));
		break;
	case ROLLUP_ALLOCATOR:
		allocator_name(s, key);
		break;
	case ROLLUP_STACK:
	case ROLLUP_COUNT:
		break;
	}
}

static void table_head(struct sheet *s, enum rollup_by by, enum rollup_sort sort, bool inclusive)
{
	size_t shift = inclusive ? 0 : COLUMN_NAME - NARROW_NAME;
	sheet_right(s, STYLE_DIM, COLUMN_VALUE, value_names[sort]);
	if (inclusive)
		sheet_right(s, STYLE_DIM, COLUMN_INCLUSIVE, "with below");
	sheet_right(s, STYLE_DIM, COLUMN_SECOND - shift, second_names[sort]);
	sheet_right(s, STYLE_DIM, COLUMN_THIRD - shift, third_names[sort]);
	sheet_to_column(s, COLUMN_NAME - shift);
	sheet_text(s, STYLE_DIM, rollup_by_names[by]);
	sheet_end_line(s);
}

static void table_row(struct sheet *s, const struct rollup *r, size_t i, enum rollup_sort sort,
		      bool inclusive)
{
	const struct rollup_row *row = &r->rows[i];
	size_t shift = inclusive ? 0 : COLUMN_NAME - NARROW_NAME;
	uint64_t whole = metrics_get(&r->total, sort);
	char a[HUMANE_BYTES], b[HUMANE_BYTES];
	sheet_right(s, STYLE_BOLD, COLUMN_VALUE, sort_value(a, &row->self, sort));
	/* Pools lie inside the heap's blocks: they are no share of it. */
	if (r->by != ROLLUP_ALLOCATOR)
		sheet_right(s, STYLE_PLAIN, COLUMN_SHARE,
			    humane_percent(a, metrics_get(&row->self, sort), whole));
	if (inclusive)
		sheet_right(s, STYLE_PLAIN, COLUMN_INCLUSIVE,
			    humane_percent(a, metrics_get(&row->inclusive, sort), whole));
	other_values(a, b, &row->self, sort);
	sheet_right(s, STYLE_PLAIN, COLUMN_SECOND - shift, a);
	sheet_right(s, STYLE_PLAIN, COLUMN_THIRD - shift, b);
	sheet_to_column(s, COLUMN_NAME - shift);
	row_name(s, r->by, row->key);
	sheet_end_line(s);
}

void text_rows(struct sheet *s, enum rollup_by by, enum rollup_sort sort, uint64_t top)
{
	struct rollup r;
	char title[80], shown[HUMANE_BYTES], all[HUMANE_BYTES], remark[2 * HUMANE_BYTES + 32];
	rollup_make(&r, by, sort, false, s->data->profile, s->data->stacks);
	if (!r.count) {
		rollup_release(&r);
		return;
	}
	snprintf(title, sizeof(title), "%s, by %s", titles[sort], rollup_by_names[by]);
	if (!top || top > r.count)
		top = r.count;
	snprintf(remark, sizeof(remark), "%s of %s", humane_count(shown, top),
		 humane_count(all, r.count));
	sheet_heading(s, title, top < r.count ? remark : NULL);
	bool inclusive = by == ROLLUP_FUNCTION || by == ROLLUP_MODULE;
	if (by == ROLLUP_STACK) {
		stack_list(s, &r, sort, top);
	} else {
		table_head(s, by, sort, inclusive);
		for (size_t i = 0; i < top; i++)
			table_row(s, &r, i, sort, inclusive);
	}
	rollup_release(&r);
}
