/* leaks_growth.c - see leaks_growth.h. */
#include "cli/leaks_growth.h"

#include <string.h>

#include "cli/command.h"
#include "cli/options.h"
#include "cli/output.h"
#include "report/growth_report.h"
#include "report/humane.h"
#include "report/text_parts.h"
#include "wire/events.h"

enum { BATCH = 512 };

static struct report_request request_of(const struct leaks_growth_options *o)
{
	return (struct report_request){
		.part = REPORT_ROWS,
		.by = ROLLUP_STACK,
		.sort = SORT_LIVE,
		.top = o->top,
		.depth = o->depth,
		.long_names = o->long_names,
		.color = output_color(stdout, (enum color_when)o->color),
		.width = output_width(stdout),
	};
}

/* ---- growth ---- */

static void begin(void *ctx, const struct replay_filter *filter)
{
	struct growth **growth = ctx;
	*growth = growth_new(filter);
}

static void feed(void *ctx, const struct trace_event *events, size_t count)
{
	struct growth **growth = ctx;
	growth_feed(*growth, events, count);
}

static void show_growth(struct trace_data *d, struct growth_result *result,
			const struct leaks_growth_options *o)
{
	struct growth_rows rows;
	const struct report_request request = request_of(o);
	growth_rows_make(&rows, result, d->stacks);
	const struct growth_report report = { d, result, &rows, output_is_utf8() };
	if (!o->no_pager && !o->json)
		pager_start();
	(o->json ? growth_json : growth_text)(&report, &request, stdout);
	growth_rows_release(&rows);
}

int leaks_growth(const char *trace, const struct leaks_growth_options *o)
{
	struct err err;
	struct progress progress;
	struct growth *growth = NULL;
	const struct progress_sink sink = { progress_step, &progress };
	const struct event_sink events = { begin, feed, &growth };
	progress_begin(&progress, "reading");
	struct trace_data *d = trace_data_load_for(trace, o->filter, &events, &sink, &err);
	progress_end(&progress);
	if (!d) {
		growth_free(growth);
		say("%s", err.text);
		return EXIT_CANNOT;
	}
	struct growth_result *result = growth_finish(growth);
	show_growth(d, result, o);
	growth_result_free(result);
	trace_data_free(d);
	return 0;
}

/* ---- between two moments ---- */

struct moment {
	const char *text; /* as given */
	uint64_t time_ns;
	uint64_t event; /* of a mark: its number in the trace, from 1 */
	unsigned scope; /* MARK_SCOPE_BEGIN or _END: what a scope's name means */
	bool is_time, found;
};

static void read_moment(struct moment *m, const char *text, unsigned scope)
{
	struct err err;
	*m = (struct moment){ .text = text, .scope = scope };
	m->is_time = text && parse_time_ns(text, &m->time_ns, &err) == 0;
	m->found = !text || m->is_time;
}

static void look_at_mark(struct moment *m, const struct trace_event *e, uint64_t number)
{
	if (m->found || (e->role != MARK_POINT && e->role != m->scope) ||
	    strcmp(e->text, m->text) != 0)
		return;
	m->found = true;
	m->time_ns = e->time_ns;
	m->event = number;
}

/* Marks count by their place among the events: times of allocations may be too early by a
 * millisecond. The first mark of the name, or where the first scope of the name begins, or ends. A
 * mark may be called "5s": then it is the time that is meant. */
static int find_marks(const char *trace, struct moment *from, struct moment *to, struct err *err)
{
	struct trace_event batch[BATCH];
	uint64_t number = 1;
	long count;
	if (from->found && to->found)
		return 0;
	struct trace_reader *reader = trace_reader_open(trace, err);
	if (!reader)
		return -1;
	while ((!from->found || !to->found) &&
	       (count = trace_reader_next(reader, batch, BATCH, err)) > 0)
		for (long i = 0; i < count; i++, number++) {
			if (batch[i].op != TRACE_MARK)
				continue;
			look_at_mark(from, &batch[i], number);
			look_at_mark(to, &batch[i], number);
		}
	trace_reader_close(reader);
	const struct moment *missing = !from->found ? from : to;
	if (!missing->found)
		return err_set(err, "%s: no mark or scope '%s' in it, and that is no time", trace,
			       missing->text);
	return 0;
}

static void say_moment(struct sheet *s, const struct moment *m, const char *otherwise,
		       uint64_t time_ns)
{
	char time[HUMANE_BYTES];
	if (m->text && m->is_time) {
		sheet_text(s, STYLE_PLAIN, humane_time(time, m->time_ns));
		return;
	}
	sheet_text(s, STYLE_PLAIN, m->text ? "'" : "");
	sheet_text(s, STYLE_BOLD, m->text ? m->text : otherwise);
	sheet_text(s, STYLE_PLAIN, m->text ? "'" : "");
	sheet_format(s, STYLE_PLAIN, " (%s)", humane_time(time, m->text ? m->time_ns : time_ns));
}

static void between_text(const struct trace_data *d, const struct report_request *request,
			 const struct moment *from, const struct moment *to)
{
	char bytes[HUMANE_BYTES], blocks[HUMANE_BYTES];
	const struct heap *heap = &d->profile->heap;
	struct sheet s;
	sheet_init(&s, d, request, stdout);
	if (heap->live_blocks)
		sheet_format(
			&s, STYLE_BOLD, "%s in %s block%s", humane_bytes(bytes, heap->live_bytes),
			humane_count(blocks, heap->live_blocks), heap->live_blocks == 1 ? "" : "s");
	else
		sheet_text(&s, STYLE_BOLD, "nothing");
	sheet_text(&s, STYLE_PLAIN, " allocated after ");
	say_moment(&s, from, "the beginning", 0);
	sheet_text(&s, STYLE_PLAIN, " was not freed by ");
	say_moment(&s, to, "the end", d->profile->end_ns);
	sheet_end_line(&s);
	text_rows(&s, ROLLUP_STACK, SORT_LIVE, request->top);
	text_nameless(&s);
	text_warnings(&s);
	sheet_release(&s);
}

int leaks_between(const char *trace, const struct leaks_growth_options *o)
{
	struct err err;
	struct moment from, to;
	struct progress progress;
	const struct progress_sink sink = { progress_step, &progress };
	struct trace_data *d = NULL;
	read_moment(&from, o->from, MARK_SCOPE_BEGIN);
	read_moment(&to, o->to, MARK_SCOPE_END);
	int result = find_marks(trace, &from, &to, &err);
	bool by_event = from.event && to.event;
	if (!result && to.text && (by_event ? to.event <= from.event : to.time_ns <= from.time_ns))
		result = err_set(&err, "nothing lies between %s and %s",
				 from.text ? from.text : "0", to.text);
	if (!result) {
		o->filter->from_event = from.event;
		o->filter->to_event = to.event;
		o->filter->from_ns = from.event ? 0 : from.time_ns;
		o->filter->to_ns = to.event ? 0 : to.time_ns;
		progress_begin(&progress, "reading");
		d = trace_data_load(trace, o->filter, &sink, &err);
		progress_end(&progress);
	}
	if (!d) {
		say("%s", err.text);
		return EXIT_CANNOT;
	}
	const struct report_request request = request_of(o);
	if (!o->no_pager && !o->json)
		pager_start();
	if (o->json)
		report_json.report(d, &request, stdout);
	else
		between_text(d, &request, &from, &to);
	trace_data_free(d);
	return 0;
}
