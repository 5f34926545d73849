/* text_tables.c - processes, pools, scopes, marks, mapped memory, warnings; see text_parts.h. */
#include <inttypes.h>
#include <stdlib.h>

#include "analysis/lineage.h"
#include "report/humane.h"
#include "report/text_parts.h"
#include "util/mem.h"
#include "util/path.h"
#include "wire/session.h"

enum { TREE_MAX_PROCESSES = 20 };

/* ---- processes ---- */

static void process_row(struct sheet *s, uint32_t index, unsigned depth)
{
	const struct profile_process *p = &s->data->profile->processes[index];
	const struct trace_process *process = trace_reader_process(s->data->reader, index);
	char a[HUMANE_BYTES], status[64];
	snprintf(a, sizeof(a), "%" PRIu32, process->pid);
	sheet_right(s, STYLE_PLAIN, 9, a);
	sheet_right(s, STYLE_PLAIN, 22, humane_count(a, p->heap.allocs));
	sheet_right(s, STYLE_PLAIN, 32, humane_bytes(a, p->heap.peak_bytes));
	sheet_right(s, STYLE_PLAIN, 42, humane_bytes(a, p->heap.live_bytes));
	sheet_to_column(s, 44 + 2 * (depth < 8 ? depth : 8));
	sheet_text(s, STYLE_PLAIN, path_name(process->exe));
	if (process->origin == PROCESS_FROM_FORK)
		sheet_text(s, STYLE_DIM, " (forked)");
	if (!p->ended)
		sheet_text(s, STYLE_DIM, ", still running");
	else if (p->wait_status && *text_wait_status(status, sizeof(status), p->wait_status))
		sheet_format(s, STYLE_DIM, ", %s", status);
	sheet_end_line(s);
}

/* Children follow their parent; a program that was exec'd stands where the one before it stood.
 * Depth is bounded: a parent of a later index is no parent. */
static void process_branch(struct sheet *s, uint32_t parent, unsigned depth)
{
	const struct profile *p = s->data->profile;
	const struct trace_reader *reader = s->data->reader;
	uint32_t from = parent == TRACE_NO_PROCESS ? 0 : parent + 1;
	for (uint32_t i = from; i < p->process_count; i++) {
		const struct trace_process *process = trace_reader_process(reader, i);
		uint32_t its = process->parent < i ? process->parent : TRACE_NO_PROCESS;
		if (its != parent)
			continue;
		bool same = its != TRACE_NO_PROCESS &&
			    trace_reader_process(reader, its)->pid == process->pid;
		unsigned its_depth = same && depth ? depth - 1 : depth;
		process_row(s, i, its_depth);
		process_branch(s, i, its_depth + 1);
	}
}

struct process_order {
	uint64_t peak_bytes;
	uint32_t process;
};

static int larger_peak_first(const void *a, const void *b)
{
	const struct process_order *x = a, *y = b;
	if (x->peak_bytes != y->peak_bytes)
		return x->peak_bytes > y->peak_bytes ? -1 : 1;
	return x->process < y->process ? -1 : x->process > y->process;
}

static void largest_processes(struct sheet *s, size_t top)
{
	const struct profile *p = s->data->profile;
	struct process_order *order = mem_zalloc(p->process_count, sizeof(*order));
	for (uint32_t i = 0; i < p->process_count; i++)
		order[i] = (struct process_order){ p->processes[i].heap.peak_bytes, i };
	qsort(order, p->process_count, sizeof(*order), larger_peak_first);
	for (size_t i = 0; i < top && i < p->process_count; i++)
		process_row(s, order[i].process, 0);
	free(order);
}

void text_processes(struct sheet *s)
{
	if (s->data->profile->process_count > 1)
		text_process_tree(s);
}

void text_process_tree(struct sheet *s)
{
	size_t count = s->data->profile->process_count;
	size_t top = s->request->top ? s->request->top : count;
	char shown[HUMANE_BYTES], all[HUMANE_BYTES], remark[2 * HUMANE_BYTES + 32];
	bool tree = count <= top || count <= TREE_MAX_PROCESSES;
	snprintf(remark, sizeof(remark), "the largest %s of %s", humane_count(shown, top),
		 humane_count(all, count));
	bool differ = lineage_count(s->data->reader, s->data->profile).processes != count;
	sheet_heading(s, differ ? "Processes and their programs" : "Processes",
		      tree ? NULL : remark);
	static const struct sheet_title titles[] = {
		{ 9, "pid" }, { 22, "allocations" }, { 32, "peak" }, { 42, "live" }, { 0, NULL }
	};
	sheet_titles(s, titles, 44, "program");
	if (tree)
		process_branch(s, TRACE_NO_PROCESS, 0);
	else
		largest_processes(s, top);
}

/* ---- pools, scopes, marks, mappings ---- */

void text_pools(struct sheet *s)
{
	const struct profile *p = s->data->profile;
	char a[HUMANE_BYTES];
	if (!p->pool_count)
		return;
	sheet_heading(s, "The program's own allocators", "inside blocks of the heap");
	static const struct sheet_title titles[] = { { 14, "allocations" },
						     { 26, "frees" },
						     { 38, "peak" },
						     { 50, "live at end" },
						     { 0, NULL } };
	sheet_titles(s, titles, 52, "allocator");
	for (size_t i = 0; i < p->pool_count; i++) {
		const struct heap *h = &p->pools[i].heap;
		sheet_right(s, STYLE_PLAIN, 14, humane_count(a, h->allocs));
		sheet_right(s, STYLE_PLAIN, 26, humane_count(a, h->frees));
		sheet_right(s, STYLE_PLAIN, 38, humane_bytes(a, h->peak_bytes));
		sheet_right(s, STYLE_PLAIN, 50, humane_bytes(a, h->live_bytes));
		sheet_to_column(s, 52);
		sheet_text(s, STYLE_PLAIN,
			   trace_reader_allocator(s->data->reader, p->pools[i].allocator)->name);
		sheet_end_line(s);
	}
}

void text_scopes(struct sheet *s)
{
	const struct profile *p = s->data->profile;
	char a[HUMANE_BYTES];
	if (!p->scope_count)
		return;
	sheet_heading(s, "Scopes", "named by the program");
	static const struct sheet_title titles[] = { { 10, "runs" },	    { 21, "time" },
						     { 34, "allocations" }, { 46, "allocated" },
						     { 58, "freed" },	    { 0, NULL } };
	sheet_titles(s, titles, 60, "scope");
	for (size_t i = 0; i < p->scope_count; i++) {
		const struct profile_scope *scope = &p->scopes[i];
		sheet_right(s, STYLE_PLAIN, 10, humane_count(a, scope->runs));
		sheet_right(s, STYLE_PLAIN, 21, humane_time(a, scope->time_ns));
		sheet_right(s, STYLE_PLAIN, 34, humane_count(a, scope->allocs));
		sheet_right(s, STYLE_PLAIN, 46, humane_bytes(a, scope->bytes));
		sheet_right(s, STYLE_PLAIN, 58, humane_bytes(a, scope->freed_bytes));
		sheet_to_column(s, 60);
		sheet_text(s, STYLE_PLAIN, scope->name);
		if (scope->open)
			sheet_format(s, STYLE_DIM, " (%s never ended)",
				     humane_count(a, scope->open));
		sheet_end_line(s);
	}
}

void text_marks(struct sheet *s)
{
	const struct profile *p = s->data->profile;
	static const char *const names[] = { "", "", "", "recording paused", "recording resumed" };
	char a[HUMANE_BYTES];
	if (!p->mark_count)
		return;
	uint64_t top = s->request->top && s->request->top < p->mark_count ? s->request->top
									  : p->mark_count;
	sheet_heading(s, "Marks", NULL);
	static const struct sheet_title titles[] = { { 14, "at" }, { 27, "live" }, { 0, NULL } };
	sheet_titles(s, titles, 29, "mark");
	for (size_t i = 0; i < top; i++) {
		const struct profile_mark *mark = &p->marks[i];
		sheet_right(s, STYLE_PLAIN, 14, humane_time(a, mark->time_ns));
		sheet_right(s, STYLE_PLAIN, 27, humane_bytes(a, mark->live_bytes));
		sheet_to_column(s, 29);
		sheet_text(s, STYLE_PLAIN,
			   *mark->text ? mark->text : names[mark->type % AT_COUNT_OF(names)]);
		sheet_end_line(s);
	}
	uint64_t more = p->mark_count - top + p->marks_dropped;
	if (more) {
		sheet_format(s, STYLE_DIM, "              ... %s more", humane_count(a, more));
		sheet_end_line(s);
	}
}

static void mapped_row(struct sheet *s, uint32_t index)
{
	const struct profile_process *p = &s->data->profile->processes[index];
	const struct trace_process *process = trace_reader_process(s->data->reader, index);
	char a[HUMANE_BYTES];
	snprintf(a, sizeof(a), "%" PRIu32, process->pid);
	sheet_right(s, STYLE_PLAIN, 9, a);
	sheet_right(s, STYLE_PLAIN, 20, humane_bytes(a, p->mapped_peak_bytes));
	sheet_right(s, STYLE_PLAIN, 31, humane_bytes(a, p->mapped_bytes));
	sheet_right(s, STYLE_PLAIN, 41, humane_count(a, p->maps));
	sheet_right(s, STYLE_PLAIN, 51, humane_count(a, p->unmaps));
	sheet_to_column(s, 53);
	sheet_text(s, STYLE_PLAIN, path_name(process->exe));
	sheet_end_line(s);
}

void text_mapped(struct sheet *s, uint64_t top)
{
	const struct profile *p = s->data->profile;
	if (!p->mapped.maps && !p->mapped.unmaps)
		return;
	struct process_order *order = mem_zalloc(p->process_count, sizeof(*order));
	size_t count = 0;
	for (uint32_t i = 0; i < p->process_count; i++)
		if (p->processes[i].maps || p->processes[i].unmaps)
			order[count++] =
				(struct process_order){ p->processes[i].mapped_peak_bytes, i };
	qsort(order, count, sizeof(*order), larger_peak_first);
	sheet_heading(s, "Mapped memory", "beside the heap, by mmap, mremap, brk and sbrk");
	static const struct sheet_title titles[] = { { 9, "pid" },	 { 20, "peak" },
						     { 31, "at end" },	 { 41, "mapped" },
						     { 51, "unmapped" }, { 0, NULL } };
	sheet_titles(s, titles, 53, "program");
	for (size_t i = 0; i < count && i < top; i++)
		mapped_row(s, order[i].process);
	free(order);
	text_mapped_stacks(s, top);
}

/* ---- what is missing ---- */

static void warning(struct sheet *s, bool *any, const char *number, const char *text)
{
	if (!*any)
		sheet_heading(s, "Not in this report", NULL);
	*any = true;
	sheet_right(s, STYLE_WARN, 14, number);
	sheet_to_column(s, 16);
	sheet_wrapped(s, text);
}

static void symbol_problems(struct sheet *s, bool *any)
{
	const struct trace_names *names = s->data->names;
	for (uint32_t i = 0; names->symbolizer && i < trace_reader_module_count(names->reader);
	     i++) {
		if (!names->module_was_searched[i])
			continue;
		const struct trace_module *module = trace_reader_module(names->reader, i);
		const char *problem = symbolizer_problem(names->symbolizer, module);
		struct strbuf text = STRBUF_INIT;
		if (problem) {
			strbuf_addf(&text, "names: %s", problem);
			warning(s, any, "", text.text);
		}
		strbuf_release(&text);
	}
}

void text_nameless(struct sheet *s)
{
	const struct trace_reader *reader = s->data->reader;
	bool any = false;
	for (uint32_t i = 0; i < trace_reader_module_count(reader); i++) {
		const struct trace_module *m = trace_reader_module(reader, i);
		if (!s->nameless[i] || !*m->path)
			continue;
		if (!any)
			sheet_heading(s, "Without symbols", "build-id and path");
		any = true;
		text_module(s, m);
	}
}

void text_module(struct sheet *s, const struct trace_module *m)
{
	struct strbuf id = STRBUF_INIT;
	for (uint32_t i = 0; i < m->build_id_bytes; i++)
		strbuf_addf(&id, "%02x", m->build_id[i]);
	sheet_to_column(s, 2);
	sheet_text(s, STYLE_DIM, id.len ? id.text : "-");
	sheet_to_column(s, 44);
	if (m->anonymous_process_plus_1)
		sheet_format(s, STYLE_PLAIN, "[anonymous code of pid %" PRIu32 "]",
			     trace_reader_process(s->data->reader, m->anonymous_process_plus_1 - 1)
				     ->pid);
	else
		sheet_text(s, STYLE_PLAIN, m->path);
	sheet_end_line(s);
	strbuf_release(&id);
}

void text_warnings(struct sheet *s)
{
	const struct profile *p = s->data->profile;
	const char *damage = trace_reader_damage(s->data->reader);
	char number[HUMANE_BYTES];
	bool any = false;
	if (damage)
		warning(s, &any, "", damage);
	for (unsigned i = 0; i < TRACE_LOSS_COUNT; i++)
		if (p->losses[i])
			warning(s, &any,
				i == TRACE_LOSS_CUT ? "" : humane_count(number, p->losses[i]),
				loss_explained(i, p->losses[i]));
	if (p->unknown_frees)
		warning(s, &any, humane_count(number, p->unknown_frees),
			p->unknown_frees == 1
				? "free of a block that the trace does not know as live"
				: "frees of blocks that the trace does not know as live");
	if (p->inherited_frees)
		warning(s, &any, humane_count(number, p->inherited_frees),
			p->inherited_frees == 1 ? "free, after a fork, of a block made before it"
						: "frees, after a fork, of blocks made before it");
	if (p->ignored_events)
		warning(s, &any, humane_count(number, p->ignored_events),
			p->ignored_events == 1 ? "event that makes no sense: the trace is damaged"
					       : "events that make no sense: the trace is damaged");
	symbol_problems(s, &any);
}
