/* text_summary.c - who ran and the sums of the heap; see text_parts.h. */
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "analysis/lineage.h"
#include "report/crash_text.h"
#include "report/finding_list.h"
#include "report/humane.h"
#include "report/leaks_report.h"
#include "report/text_parts.h"
#include "util/path.h"

enum { VALUE_END = 27, REMARK = 30 };

const char *text_wait_status(char *buf, size_t size, uint64_t status)
{
	buf[0] = '\0';
	if (status == TRACE_STATUS_UNKNOWN || status > UINT32_MAX)
		return buf;
	int code = (int)status;
	if (WIFEXITED(code)) {
		snprintf(buf, size, "exit code %d", WEXITSTATUS(code));
	} else if (WIFSIGNALED(code)) {
		const char *name = sigabbrev_np(WTERMSIG(code));
		if (name)
			snprintf(buf, size, "killed by SIG%s", name);
		else
			snprintf(buf, size, "killed by signal %d", WTERMSIG(code));
	}
	return buf;
}

static bool needs_quotes(const char *word)
{
	return !*word || word[strcspn(word, " \t\n'\"\\$`!*?[](){}<>|&;#~")];
}

void text_command(struct strbuf *out, const char *command, size_t bytes)
{
	for (size_t at = 0; at < bytes; at += strnlen(command + at, bytes - at) + 1) {
		const char *word = command + at;
		size_t len = strnlen(word, bytes - at);
		char *copy = strndup(word, len);
		if (out->len)
			strbuf_addc(out, ' ');
		if (copy && needs_quotes(copy))
			strbuf_addf(out, strchr(copy, '\'') ? "\"%s\"" : "'%s'", copy);
		else if (copy)
			strbuf_adds(out, copy);
		free(copy);
	}
}

static void line(struct sheet *s, const char *label, const char *value)
{
	sheet_to_column(s, 2);
	sheet_text(s, STYLE_PLAIN, label);
	sheet_right(s, STYLE_BOLD, VALUE_END, value);
	sheet_to_column(s, REMARK);
}

static void program(struct sheet *s)
{
	const struct trace_reader *reader = s->data->reader;
	struct strbuf command = STRBUF_INIT;
	const struct trace_process *p = trace_reader_process(reader, 0);
	const char *asked = trace_reader_fact(reader, "command");
	if (asked)
		strbuf_adds(&command, asked);
	else
		text_command(&command, p->command, p->command_bytes);
	if (!command.len)
		strbuf_adds(&command, *p->exe ? p->exe : s->data->path);
	sheet_text(s, STYLE_BOLD, command.text);
	sheet_end_line(s);
	strbuf_release(&command);
}

/* How the program ended; the first process image itself may have ended by exec. */
static uint64_t session_status(const struct sheet *s)
{
	const char *fact = trace_reader_fact(s->data->reader, "wait_status");
	const struct profile_process *first = &s->data->profile->processes[0];
	if (fact)
		return strtoull(fact, NULL, 10);
	return first->ended ? first->wait_status : TRACE_STATUS_UNKNOWN;
}

/* Programs are told where they are not one for each process: after an exec, or without one. */
static void processes(struct sheet *s, struct lineage l)
{
	char buf[HUMANE_BYTES];
	if (l.processes < 2 && l.programs < 2)
		return;
	sheet_format(s, STYLE_PLAIN, " in %s %s", humane_count(buf, l.processes),
		     l.processes == 1 ? "process" : "processes");
	if (l.programs != l.processes && l.programs > 1)
		sheet_format(s, STYLE_PLAIN, " (%s programs)", humane_count(buf, l.programs));
}

static void circumstances(struct sheet *s)
{
	const struct profile *p = s->data->profile;
	char buf[HUMANE_BYTES], count[HUMANE_BYTES], status[64];
	if (!p->process_count && !p->end_ns)
		return;
	if (p->process_count) {
		sheet_format(s, STYLE_PLAIN, "pid %" PRIu32,
			     trace_reader_process(s->data->reader, 0)->pid);
		if (*text_wait_status(status, sizeof(status), session_status(s)))
			sheet_format(s, STYLE_PLAIN, ", %s", status);
	}
	if (p->end_ns)
		sheet_format(s, STYLE_PLAIN, "%straced for %s", p->process_count ? "; " : "",
			     humane_time(buf, p->end_ns));
	struct lineage l = lineage_count(s->data->reader, p);
	if (l.threads)
		sheet_format(s, STYLE_PLAIN, "; %s %s", humane_count(count, l.threads),
			     l.threads == 1 ? "thread" : "threads");
	processes(s, l);
	sheet_end_line(s);
}

static const char *term_text(struct strbuf *out, const struct filter *f)
{
	char from[HUMANE_BYTES], to[HUMANE_BYTES];
	for (size_t i = 0; i < f->count; i++)
		strbuf_addf(out, "%s%s%s=%s", out->len ? ", " : "",
			    filter_key_name(f->terms[i].key), f->terms[i].negated ? "!" : "",
			    f->terms[i].pattern);
	if (f->from_ns || f->to_ns)
		strbuf_addf(out, "%stime=%s..%s", out->len ? ", " : "",
			    f->from_ns ? humane_time(from, f->from_ns) : "",
			    f->to_ns ? humane_time(to, f->to_ns) : "");
	return out->text;
}

static void filter(struct sheet *s)
{
	if (filter_is_empty(s->data->filter))
		return;
	struct strbuf terms = STRBUF_INIT;
	sheet_format(s, STYLE_WARN, "only allocations with %s", term_text(&terms, s->data->filter));
	sheet_end_line(s);
	strbuf_release(&terms);
}

static void allocations(struct sheet *s)
{
	const struct heap *h = &s->data->profile->heap;
	char a[HUMANE_BYTES], b[HUMANE_BYTES];
	line(s, "allocations", humane_count(a, h->allocs));
	double seconds = (double)s->data->profile->end_ns / 1e9;
	if (seconds >= 1)
		sheet_format(s, STYLE_DIM, "%s a second",
			     humane_count(a, (uint64_t)((double)h->allocs / seconds)));
	if (h->reallocs)
		sheet_format(s, STYLE_DIM, "%s%s by realloc", seconds >= 1 ? ", " : "",
			     humane_count(b, h->reallocs));
	sheet_end_line(s);
	line(s, "frees", humane_count(a, h->frees));
	sheet_end_line(s);
	line(s, "allocated", humane_bytes(a, h->bytes));
	if (h->allocs)
		sheet_format(s, STYLE_DIM, "%s on average", humane_bytes(b, h->bytes / h->allocs));
	sheet_end_line(s);
}

static void blocks_at(struct sheet *s, uint64_t blocks)
{
	char a[HUMANE_BYTES];
	sheet_format(s, STYLE_DIM, "in %s %s", humane_count(a, blocks),
		     blocks == 1 ? "block" : "blocks");
}

static void levels(struct sheet *s)
{
	const struct profile *p = s->data->profile;
	const struct heap *h = &p->heap;
	char a[HUMANE_BYTES], b[HUMANE_BYTES];
	line(s, "peak", humane_bytes(a, h->peak_bytes));
	blocks_at(s, h->peak_blocks);
	sheet_format(s, STYLE_DIM, ", at %s", humane_time(b, h->peak_ns));
	uint32_t largest = profile_largest_process(p);
	if (p->process_count > 1 && p->processes[largest].heap.peak_bytes < h->peak_bytes) {
		const char *exe = trace_reader_process(s->data->reader, largest)->exe;
		sheet_format(s, STYLE_DIM, "; %s alone %s", path_name(exe),
			     humane_bytes(b, p->processes[largest].heap.peak_bytes));
	}
	sheet_end_line(s);
	bool ended = p->process_count && p->processes[0].ended;
	line(s, ended ? "live at exit" : "live at the end", humane_bytes(a, h->live_bytes));
	blocks_at(s, h->live_blocks);
	sheet_end_line(s);
	line(s, "temporary", humane_count(a, h->temporary));
	sheet_format(s, STYLE_DIM, "%s of the allocations, freed before the next",
		     humane_percent(b, h->temporary, h->allocs));
	sheet_end_line(s);
}

static void largest(struct sheet *s)
{
	const struct profile *p = s->data->profile;
	const struct frame *frame = NULL;
	char a[HUMANE_BYTES];
	if (!p->largest_bytes)
		return;
	line(s, "largest block", humane_bytes(a, p->largest_bytes));
	uint32_t step = callstacks_step(s->data->stacks, p->largest_node);
	uint32_t function = callstacks_charged(s->data->stacks, step, &frame);
	sheet_function(s, STYLE_PLAIN, function, s->request->width / 2 - 6);
	sheet_text(s, STYLE_PLAIN, "  ");
	sheet_position(s, frame);
	sheet_end_line(s);
}

static void mapped(struct sheet *s)
{
	const struct profile_mapped *m = &s->data->profile->mapped;
	char a[HUMANE_BYTES], b[HUMANE_BYTES];
	if (!m->maps && !m->unmaps)
		return;
	line(s, "mapped", humane_bytes(a, m->peak_bytes));
	sheet_format(s, STYLE_DIM, "beside the heap, at %s; %s at the end",
		     humane_time(a, m->peak_ns), humane_bytes(b, m->bytes));
	sheet_end_line(s);
}

static void findings(struct sheet *s)
{
	struct finding_list list;
	char a[HUMANE_BYTES];
	finding_list_init(&list, s->data->names);
	if (list.count) {
		line(s, "wrong frees", humane_count(a, list.count));
		sheet_format(s, STYLE_DIM, "%s time%s in all; listed by alloctrace errors",
			     humane_count(a, list.occurrences), list.occurrences == 1 ? "" : "s");
		sheet_end_line(s);
	}
	finding_list_release(&list);
}

/* "lost  546 B  definitely, in 7 blocks; 464 B indirectly; 4.00 KiB possibly; ..." */
/* Of a process that went on after it was looked at, or was killed later. */
static void as_of(struct sheet *s, uint64_t as_of_ns)
{
	char a[HUMANE_BYTES];
	if (as_of_ns)
		sheet_format(s, STYLE_DIM, "; as of %s, not of the end", humane_time(a, as_of_ns));
}

static void leaks(struct sheet *s)
{
	struct leak_total kinds[LEAK_ALL_KINDS];
	char a[HUMANE_BYTES], b[HUMANE_BYTES];
	uint64_t as_of_ns;
	if (!filter_is_empty(s->data->filter) ||
	    !leaks_totals(kinds, &as_of_ns, s->data->names, s->data->stacks))
		return;
	struct trace_leak_sum definite = kinds[LEAK_DEFINITE].sum,
			      indirect = kinds[LEAK_INDIRECT].sum,
			      possible = kinds[LEAK_POSSIBLE].sum,
			      reachable = kinds[LEAK_REACHABLE].sum;
	if (!definite.blocks && !indirect.blocks && !possible.blocks) {
		line(s, "lost", "nothing");
		if (reachable.blocks)
			sheet_format(s, STYLE_DIM, "%s in %s block%s still reachable",
				     humane_bytes(a, reachable.bytes),
				     humane_count(b, reachable.blocks),
				     reachable.blocks == 1 ? "" : "s");
		as_of(s, as_of_ns);
		sheet_end_line(s);
		return;
	}
	line(s, "lost", humane_bytes(a, definite.bytes));
	sheet_format(s, STYLE_DIM, "definitely, in %s block%s", humane_count(a, definite.blocks),
		     definite.blocks == 1 ? "" : "s");
	if (indirect.blocks)
		sheet_format(s, STYLE_DIM, "; %s indirectly", humane_bytes(a, indirect.bytes));
	if (possible.blocks)
		sheet_format(s, STYLE_DIM, "; %s possibly", humane_bytes(a, possible.bytes));
	as_of(s, as_of_ns);
	sheet_text(s, STYLE_DIM, "; listed by alloctrace leaks");
	sheet_end_line(s);
}

static void crashes(struct sheet *s)
{
	uint32_t count = (uint32_t)trace_reader_crash_count(s->data->reader);
	struct strbuf text = STRBUF_INIT;
	char a[HUMANE_BYTES];
	if (!count)
		return;
	struct crash_story story;
	crash_story_read(&story, s->data->names, 0);
	crash_add_line(&text, &story);
	line(s, "crashes", humane_count(a, count));
	sheet_format(s, STYLE_DIM, "%s%s; explained by alloctrace errors", count > 1 ? "first " : "", text.text);
	sheet_end_line(s);
	strbuf_release(&text);
	crash_story_release(&story);
}

void text_summary(struct sheet *s)
{
	program(s);
	circumstances(s);
	text_allocator(s);
	filter(s);
	sheet_end_line(s);
	if (!s->data->profile->heap.allocs) {
		const char *why = trace_reader_fact(s->data->reader, "empty");
		const char *none = filter_is_empty(s->data->filter) ? "no allocations"
								    : "no allocations match";
		sheet_format(s, STYLE_PLAIN, "  %s", why ? why : none);
		sheet_end_line(s);
	} else {
		allocations(s);
		levels(s);
		largest(s);
	}
	mapped(s);
	leaks(s);
	findings(s);
	crashes(s);
}
