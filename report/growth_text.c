/* growth_text.c - what keeps growing, for people: the first line says whether anything does. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "analysis/allocator_name.h"
#include "report/growth_report.h"
#include "report/humane.h"
#include "report/text_parts.h"
#include "util/path.h"

enum { SPARK_COLUMNS = 48, INDENT = 6, SHORT_ROWS = 5, RATE_BYTES = HUMANE_BYTES + 8 };

struct page {
	struct sheet sheet;
	const struct growth_report *growth;
};

/* ---- numbers ---- */

/* "128 B/s", "3.1 B/min": the unit in which there is something before the point. */
static const char *rate_text(char out[RATE_BYTES], double bytes_per_s)
{
	char bytes[HUMANE_BYTES];
	if (bytes_per_s >= 1)
		snprintf(out, RATE_BYTES, "%s/s",
			 humane_bytes(bytes, (uint64_t)(bytes_per_s + 0.5)));
	else if (bytes_per_s * 60 >= 1)
		snprintf(out, RATE_BYTES, "%.3g B/min", bytes_per_s * 60);
	else
		snprintf(out, RATE_BYTES, "%.3g B/h", bytes_per_s * 3600);
	return out;
}

static const char *blocks_rate_text(char out[RATE_BYTES], double blocks_per_s)
{
	if (blocks_per_s >= 0.5)
		snprintf(out, RATE_BYTES, "%.3g blocks/s", blocks_per_s);
	else if (blocks_per_s * 60 >= 0.5)
		snprintf(out, RATE_BYTES, "%.3g blocks/min", blocks_per_s * 60);
	else
		snprintf(out, RATE_BYTES, "%.3g blocks/h", blocks_per_s * 3600);
	return out;
}

static const char *sureness(double chance)
{
	return chance < 1e-9 ? "certain" : chance < 1e-5 ? "very likely" : "likely";
}

static const char *age_text(char out[HUMANE_BYTES], unsigned class)
{
	static const char *const ends[GROWTH_AGES] = { "10 us",	 "100 us", "1 ms", "10 ms",
						       "100 ms", "1 s",	   "10 s", "100 s",
						       "17 min", "3 h",	   "" };
	snprintf(out, HUMANE_BYTES, "%s", ends[class]);
	return out;
}

/* ---- a site ---- */

static void place(struct page *p, uint32_t step, enum sheet_style style, size_t room)
{
	struct sheet *s = &p->sheet;
	const struct frame *frame;
	uint32_t function = callstacks_charged(s->data->stacks, step, &frame);
	if (function == UINT32_MAX) {
		sheet_text(s, STYLE_DIM, "[no stack]");
		return;
	}
	sheet_function(s, style, function, room);
	const struct frame_function *f = frames_function(s->data->frames, function);
	if (frame->file) {
		sheet_text(s, STYLE_PLAIN, " (");
		sheet_position(s, frame);
		sheet_text(s, STYLE_PLAIN, ")");
	} else if (f->name && f->module != TRACE_NO_MODULE) {
		sheet_text(s, STYLE_DIM, " in ");
		sheet_module(s, STYLE_DIM, f->module);
	}
}

/* The series in so many columns: of each the most that was there at the end of its buckets. */
static void sparkline(struct page *p, const struct growth_site *site,
		      const struct growth_process *process)
{
	static const char *const bars[] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };
	static const char ascii[] = "_.:-=+*#";
	size_t buckets = process->buckets;
	size_t columns = buckets < SPARK_COLUMNS ? buckets : SPARK_COLUMNS;
	uint64_t most = 1, values[SPARK_COLUMNS] = { 0 };
	for (size_t i = 0; i < buckets; i++) {
		uint64_t *value = &values[i * columns / buckets];
		if (site->points[i].last_bytes > *value)
			*value = site->points[i].last_bytes;
		if (*value > most)
			most = *value;
	}
	char bytes[HUMANE_BYTES], time[HUMANE_BYTES], line[SPARK_COLUMNS * 4 + 1] = "";
	size_t length = 0;
	for (size_t i = 0; i < columns; i++) {
		size_t level = (size_t)((double)values[i] * 8 / ((double)most + 1));
		if (p->growth->utf8)
			length += (size_t)snprintf(line + length, sizeof(line) - length, "%s",
						   bars[level]);
		else
			line[length++] = ascii[level];
	}
	line[length] = '\0';
	sheet_to_column(&p->sheet, INDENT);
	sheet_text(&p->sheet, STYLE_PLAIN, line);
	sheet_format(&p->sheet, STYLE_DIM, "  0 to %s in ", humane_bytes(bytes, most));
	sheet_text(&p->sheet, STYLE_DIM, humane_time(time, process->duration_ns));
	sheet_end_line(&p->sheet);
}

static void live_ages(struct page *p, const struct growth_row *row)
{
	struct strbuf text = STRBUF_INIT;
	char count[HUMANE_BYTES], age[HUMANE_BYTES];
	for (unsigned i = 0; i < GROWTH_AGES; i++) {
		if (!row->live_ages[i])
			continue;
		strbuf_addf(&text, "%s%s ",
			    text.len ? ", " : "alive: ", humane_count(count, row->live_ages[i]));
		if (!i)
			strbuf_addf(&text, "for less than %s", age_text(age, i));
		else
			strbuf_addf(&text, "for %s", age_text(age, i - 1));
		if (i && i + 1 < GROWTH_AGES)
			strbuf_addf(&text, " to %s", age_text(age, i));
		else if (i)
			strbuf_adds(&text, " and more");
	}
	if (text.len) {
		sheet_to_column(&p->sheet, INDENT);
		sheet_wrapped(&p->sheet, text.text);
	}
	strbuf_release(&text);
}

static void freed_ages(struct page *p, const struct growth_row *row)
{
	char count[HUMANE_BYTES], share[HUMANE_BYTES], age[HUMANE_BYTES], text[200];
	uint64_t freed = 0;
	for (unsigned i = 0; i < GROWTH_AGES; i++)
		freed += row->freed_ages[i];
	sheet_to_column(&p->sheet, INDENT);
	if (!freed) {
		sheet_text(&p->sheet, STYLE_PLAIN, "none was ever freed");
		sheet_end_line(&p->sheet);
		return;
	}
	int half = growth_age_of_part(row->freed_ages, 0.5);
	int most = growth_age_of_part(row->freed_ages, 0.95);
	snprintf(text, sizeof(text), "freed: %s of them (%s)", humane_count(count, freed),
		 humane_percent(share, freed, row->allocs));
	sheet_text(&p->sheet, STYLE_PLAIN, text);
	if (most + 1 < GROWTH_AGES) {
		snprintf(text, sizeof(text), ", half when younger than %s",
			 age_text(age, (unsigned)half));
		sheet_text(&p->sheet, STYLE_PLAIN, text);
		if (most > half) {
			snprintf(text, sizeof(text), ", 95%% than %s",
				 age_text(age, (unsigned)most));
			sheet_text(&p->sheet, STYLE_PLAIN, text);
		}
	}
	sheet_end_line(&p->sheet);
}

static void head(struct page *p, size_t rank, const struct growth_row *row)
{
	struct sheet *s = &p->sheet;
	const struct growth_judgement *j = &row->site->judgement;
	char rate[RATE_BYTES], bytes[HUMANE_BYTES], time[HUMANE_BYTES];
	sheet_format(s, STYLE_DIM, "%3zu.", rank);
	sheet_right(s, STYLE_BOLD, 17, rate_text(rate, row->bytes_per_s));
	if (row->share > 0) {
		snprintf(rate, sizeof(rate), "%.1f%%", 100 * row->share);
		sheet_right(s, STYLE_BOLD, 25, rate);
	}
	sheet_to_column(s, 27);
	sheet_format(s, STYLE_PLAIN, "+%s, ", humane_bytes(bytes, row->grown_bytes));
	if (row->blocks_per_s * 3600 >= 0.5)
		sheet_format(s, STYLE_PLAIN, "%s, ", blocks_rate_text(rate, row->blocks_per_s));
	else
		sheet_text(s, STYLE_PLAIN, "in blocks that are made larger, ");
	sheet_format(s, STYLE_PLAIN, "since %s; %s", humane_time(time, j->began_ns),
		     sureness(j->chance));
	sheet_end_line(s);
}

static void processes_line(struct page *p, const struct growth_row *row)
{
	struct sheet *s = &p->sheet;
	const struct trace_reader *reader = s->data->reader;
	if (p->growth->growth->process_count > 1) {
		const struct trace_process *process =
			trace_reader_process(reader, row->site->process);
		sheet_to_column(s, INDENT);
		if (row->processes > 1)
			sheet_format(s, STYLE_DIM, "in %" PRIu32 " processes, fastest in ",
				     row->processes);
		else
			sheet_text(s, STYLE_DIM, "in ");
		sheet_format(s, STYLE_DIM, "pid %" PRIu32 " ", process->pid);
		sheet_text(s, STYLE_DIM, path_name(process->exe));
		sheet_end_line(s);
	}
	if (row->site->allocator) {
		struct strbuf name = STRBUF_INIT;
		allocator_add_name(&name, reader, row->site->allocator, TRACE_NO_PROCESS);
		sheet_to_column(s, INDENT);
		sheet_text(s, STYLE_DIM, row->site->pool ? "pool " : "of ");
		sheet_text(s, STYLE_DIM, name.text);
		sheet_end_line(s);
		strbuf_release(&name);
	}
}

static void row_in_full(struct page *p, size_t rank, const struct growth_row *row)
{
	head(p, rank, row);
	sparkline(p, row->site, growth_process_of(p->growth->growth, row->site->process));
	live_ages(p, row);
	freed_ages(p, row);
	processes_line(p, row);
	text_stack(&p->sheet, p->sheet.data->stacks, row->step);
}

static void row_in_short(struct page *p, const struct growth_row *row)
{
	char bytes[HUMANE_BYTES], count[HUMANE_BYTES];
	struct sheet *s = &p->sheet;
	sheet_right(s, STYLE_BOLD, 14, humane_bytes(bytes, row->live_bytes));
	sheet_right(s, STYLE_PLAIN, 26, humane_count(count, row->live_blocks));
	sheet_to_column(s, 28);
	place(p, row->step, STYLE_PLAIN, s->request->width > 60 ? s->request->width - 50 : 20);
	sheet_end_line(s);
}

/* ---- sections ---- */

static void section(struct page *p, enum growth_verdict verdict, const char *title, bool full)
{
	const struct growth_rows *rows = p->growth->rows;
	size_t all = rows->verdicts[verdict], shown = 0;
	uint64_t top = p->sheet.request->top;
	char remark[2 * HUMANE_BYTES + 8], a[HUMANE_BYTES], b[HUMANE_BYTES];
	if (!all)
		return;
	if (!full && (!top || top > SHORT_ROWS))
		top = SHORT_ROWS;
	size_t most = top && top < all ? (size_t)top : all;
	snprintf(remark, sizeof(remark), "%s of %s", humane_count(a, most), humane_count(b, all));
	sheet_heading(&p->sheet, title, most < all ? remark : NULL);
	if (!full) {
		sheet_right(&p->sheet, STYLE_DIM, 14, "live");
		sheet_right(&p->sheet, STYLE_DIM, 26, "blocks");
		sheet_end_line(&p->sheet);
	}
	for (size_t i = 0; i < rows->count && shown < most; i++) {
		if (rows->rows[i].verdict != verdict)
			continue;
		if (full && shown)
			sheet_end_line(&p->sheet);
		shown++;
		if (full)
			row_in_full(p, shown, &rows->rows[i]);
		else
			row_in_short(p, &rows->rows[i]);
	}
}

static const struct growth_process *longest(const struct growth_result *r, size_t *judged)
{
	const struct growth_process *best = NULL;
	*judged = 0;
	for (size_t i = 0; i < r->process_count; i++) {
		*judged += !r->processes[i].too_short;
		if (!best || r->processes[i].duration_ns > best->duration_ns)
			best = &r->processes[i];
	}
	return best;
}

/* The rows of a verdict lie together, the fastest first. */
static void say_growing(struct page *p, size_t count, enum growth_verdict verdict, const char *what)
{
	const struct growth_rows *rows = p->growth->rows;
	char rate[RATE_BYTES];
	size_t first = 0;
	double bytes_per_s = 0;
	while (rows->rows[first].verdict != verdict)
		first++;
	for (size_t i = first; i < first + count; i++)
		bytes_per_s += rows->rows[i].site->pool ? 0 : rows->rows[i].bytes_per_s;
	if (count == 1)
		sheet_format(&p->sheet, STYLE_WARN, "1 site %s: %s in ", what,
			     rate_text(rate, rows->rows[first].bytes_per_s));
	else
		sheet_format(&p->sheet, STYLE_WARN, "%zu sites %s, by %s; most in ", count, what,
			     rate_text(rate, bytes_per_s));
	place(p, rows->rows[first].step, STYLE_BOLD, 60);
}

static void first_line(struct page *p)
{
	struct sheet *s = &p->sheet;
	const struct growth_report *g = p->growth;
	size_t growing = g->rows->verdicts[GROWTH_GROWING], judged;
	const struct growth_process *process = longest(g->growth, &judged);
	char time[HUMANE_BYTES];
	if (!process) {
		sheet_text(s, STYLE_BOLD, "nothing to judge: no allocations");
	} else if (!judged) {
		sheet_format(s, STYLE_BOLD, "too short to tell: %s were recorded, 2 s are needed",
			     humane_time(time, process->duration_ns));
	} else if (growing) {
		say_growing(p, growing, GROWTH_GROWING,
			    growing == 1 ? "keeps growing" : "keep growing");
	} else if (g->rows->verdicts[GROWTH_FREED_AT_END]) {
		say_growing(p, g->rows->verdicts[GROWTH_FREED_AT_END], GROWTH_FREED_AT_END,
			    g->rows->verdicts[GROWTH_FREED_AT_END] == 1
				    ? "grew until the end and was freed there"
				    : "grew until the end and were freed there");
	} else {
		sheet_text(s, STYLE_BOLD, "nothing keeps growing");
	}
	sheet_end_line(s);
}

static void add_count(struct strbuf *out, uint64_t count, const char *what)
{
	char text[HUMANE_BYTES];
	if (count)
		strbuf_addf(out, ", %s %s", humane_count(text, count), what);
}

/* Over what it was judged, and what became of the sites that do not grow. */
static void second_line(struct page *p)
{
	static const struct {
		enum growth_verdict verdict;
		const char *what;
	} words[] = { { GROWTH_FREED_AT_END, "grew and freed at the end" },
		      { GROWTH_RECENT, "too new to tell" },
		      { GROWTH_LEVELLING_OFF, "levelling off" },
		      { GROWTH_STEADY, "filled up and staying" },
		      { GROWTH_STEPS, "grown in a few steps" },
		      { GROWTH_SAWTOOTH, "emptied now and then" } };
	const struct growth_result *r = p->growth->growth;
	struct strbuf text = STRBUF_INIT;
	char time[HUMANE_BYTES], count[HUMANE_BYTES];
	size_t judged;
	const struct growth_process *process = longest(r, &judged);
	if (!process)
		return;
	uint64_t sites = 0, counts[GROWTH_VERDICTS] = { 0 };
	for (size_t i = 0; i < r->process_count; i++) {
		sites += r->processes[i].sites;
		for (unsigned v = 0; v < GROWTH_VERDICTS; v++)
			counts[v] += r->processes[i].verdicts[v];
	}
	strbuf_addf(&text, "judged over %s", humane_time(time, process->duration_ns));
	if (r->paused_ns)
		strbuf_addf(&text, " (recording was paused for %s: not counted)",
			    humane_time(time, r->paused_ns));
	if (r->process_count > 1)
		strbuf_addf(&text, " of the longest of %zu processes, of which %zu ran long enough",
			    r->process_count, judged);
	strbuf_addf(&text, ": %s site%s", humane_count(count, sites), sites == 1 ? "" : "s");
	for (size_t i = 0; i < AT_COUNT_OF(words); i++)
		add_count(&text, counts[words[i].verdict], words[i].what);
	sheet_wrapped(&p->sheet, text.text);
	strbuf_release(&text);
}

static double told_rate(const struct growth_result *r, uint32_t process)
{
	double sum = 0;
	for (size_t i = 0; i < r->site_count; i++) {
		const struct growth_site *site = &r->sites[i];
		if (site->process == process && !site->pool &&
		    site->judgement.verdict <= GROWTH_RECENT)
			sum += site->judgement.bytes_per_s;
	}
	return sum;
}

/* What comes over ever different stacks may be no site's trend: told as far as it can be. */
static void heap_lines(struct page *p)
{
	const struct growth_result *r = p->growth->growth;
	char rate[RATE_BYTES], text[240];
	for (size_t i = 0; i < r->process_count; i++) {
		const struct growth_process *process = &r->processes[i];
		const struct growth_judgement *heap = &process->heap.judgement;
		if ((heap->verdict != GROWTH_GROWING && heap->verdict != GROWTH_FREED_AT_END) ||
		    told_rate(r, process->process) * 2 > heap->bytes_per_s)
			continue;
		snprintf(
			text, sizeof(text),
			"but the heap of pid %" PRIu32
			" as a whole grows by %s: most of it by stacks of which none alone shows a "
			"trend (--from=TIME tells which have blocks left)",
			trace_reader_process(p->sheet.data->reader, process->process)->pid,
			rate_text(rate, heap->bytes_per_s));
		sheet_wrapped(&p->sheet, text);
	}
}

void growth_text(const struct growth_report *g, const struct report_request *request, FILE *to)
{
	struct page p = { .growth = g };
	sheet_init(&p.sheet, g->data, request, to);
	first_line(&p);
	second_line(&p);
	heap_lines(&p);
	section(&p, GROWTH_GROWING, "Keep growing", true);
	section(&p, GROWTH_FREED_AT_END, "Grew until the end, where they were freed", true);
	section(&p, GROWTH_RECENT, "Began to grow so late that it may be a warm-up", true);
	section(&p, GROWTH_LEVELLING_OFF, "Grow less and less, as a cache does that fills up",
		false);
	section(&p, GROWTH_STEADY, "Filled up and stay", false);
	section(&p, GROWTH_STEPS, "Grew in a few steps: no trend", false);
	section(&p, GROWTH_SAWTOOTH, "Rise and are emptied again", false);
	text_nameless(&p.sheet);
	text_warnings(&p.sheet);
	sheet_release(&p.sheet);
}
