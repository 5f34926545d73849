/* json_report.c - the JSON output of `report`. */
#include "report/json_parts.h"

static void metrics(struct json *j, const char *key, const struct metrics *m)
{
	json_object(j, key);
	json_uint(j, "allocations", m->allocs);
	json_uint(j, "bytes", m->bytes);
	json_uint(j, "temporary", m->temporary);
	json_uint(j, "peak_bytes", m->peak_bytes);
	json_uint(j, "peak_blocks", m->peak_blocks);
	json_uint(j, "live_bytes", m->live_bytes);
	json_uint(j, "live_blocks", m->live_blocks);
	json_uint(j, "lifetime_ns", m->lifetime_ns);
	json_end_object(j);
}

static void module_path(struct json *j, const struct trace_data *d, uint32_t module)
{
	if (module == TRACE_NO_MODULE)
		json_string(j, "module", NULL);
	else
		json_string(j, "module", trace_reader_module(d->reader, module)->path);
}

static void function(struct json *j, const struct trace_data *d, uint32_t index)
{
	if (index == UINT32_MAX) {
		json_string(j, "function", NULL);
		json_string(j, "module", NULL);
		return;
	}
	const struct frame_function *f = frames_function(d->frames, index);
	json_string(j, "function", f->name);
	module_path(j, d, f->module);
	if (!f->name)
		json_hex(j, "offset", f->offset);
}

void json_stack(struct json *j, const struct trace_data *d, const struct callstacks *c,
		uint32_t step)
{
	const struct frame *charged;
	callstacks_charged(c, step, &charged);
	json_array(j, "frames");
	for (; step >= STEP_FIRST; step = c->steps[step].parent) {
		size_t count;
		const struct frame *frames = frames_of_list(c->frames, c->steps[step].list, &count);
		for (size_t i = 0; i < count; i++) {
			json_object(j, NULL);
			function(j, d, frames[i].function);
			if (frames[i].file)
				json_string(j, "file", frames[i].file);
			if (frames[i].line)
				json_uint(j, "line", frames[i].line);
			if (frames[i].inlined)
				json_bool(j, "inlined", true);
			if (&frames[i] == charged) {
				json_bool(j, "charged", true);
				charged = NULL; /* in recursion it comes again */
			}
			json_end_object(j);
		}
	}
	json_end_array(j);
	json_string(j, "outermost",
		    step == STEP_TRUNCATED ? "depth limit"
		    : step == STEP_UNKNOWN ? "unknown"
					   : "complete");
}

static void row_key(struct json *j, const struct trace_data *d, enum rollup_by by, uint32_t key)
{
	const struct profile *p = d->profile;
	switch (by) {
	case ROLLUP_STACK:
		json_stack(j, d, d->stacks, key);
		break;
	case ROLLUP_FUNCTION:
		function(j, d, key);
		break;
	case ROLLUP_MODULE:
		module_path(j, d, key);
		break;
	case ROLLUP_THREAD:
		json_uint(j, "tid", trace_reader_thread(d->reader, p->threads[key].thread)->tid);
		json_string(j, "name",
			    trace_reader_thread(d->reader, p->threads[key].thread)->name);
		json_uint(j, "process", p->threads[key].process);
		json_uint(j, "frees", p->threads[key].frees);
		json_uint(j, "foreign_frees", p->threads[key].foreign_frees);
		break;
	case ROLLUP_SIZE:
		json_uint(j, "from_bytes", p->sizes[key].from_bytes);
		json_uint(j, "to_bytes", p->sizes[key].to_bytes);
		break;
	case ROLLUP_ALLOCATOR:
		json_uint(j, "index", key);
		json_allocator_name(j, d->reader, key);
		break;
	case ROLLUP_COUNT:
		break;
	}
}

static void table(struct json *j, const struct trace_data *d, enum rollup_by by,
		  enum rollup_sort sort, uint64_t top)
{
	struct rollup r;
	rollup_make(&r, by, sort, false, d->profile, d->stacks);
	json_object(j, NULL);
	json_string(j, "by", rollup_by_names[by]);
	json_string(j, "sort", rollup_sort_names[sort]);
	json_uint(j, "rows_in_all", r.count);
	json_array(j, "rows");
	for (size_t i = 0; i < r.count && (!top || i < top); i++) {
		json_object(j, NULL);
		row_key(j, d, by, r.rows[i].key);
		metrics(j, "self", &r.rows[i].self);
		if (by == ROLLUP_FUNCTION || by == ROLLUP_MODULE)
			metrics(j, "inclusive", &r.rows[i].inclusive);
		json_end_object(j);
	}
	json_end_array(j);
	json_end_object(j);
	rollup_release(&r);
}

/* Flat, parents before children: a deep tree would be more than most readers of JSON take. */
static void tree(struct json *j, const struct trace_data *d, const struct report_request *request)
{
	static const char *const special[] = { "none", "depth limit", "unknown" };
	struct calltree t;
	calltree_make(&t, request->tree, request->sort, d->stacks);
	double least = request->min_percent / 100 *
		       (double)metrics_get(&t.nodes[0].metrics, request->sort);
	json_object(j, "tree");
	json_string(j, "kind", request->tree == CALLTREE_CALLERS ? "callers" : "callees");
	json_string(j, "sort", rollup_sort_names[request->sort]);
	json_array(j, "nodes");
	for (uint32_t i = 1; i < t.count; i++) {
		const struct calltree_node *node = &t.nodes[i];
		if ((double)metrics_get(&node->metrics, request->sort) < least)
			continue;
		json_object(j, NULL);
		json_uint(j, "id", i);
		json_uint(j, "parent", node->parent);
		if (node->function < 0)
			json_string(j, "special", special[-node->function - 1]);
		else
			function(j, d, (uint32_t)node->function);
		metrics(j, "inclusive", &node->metrics);
		json_end_object(j);
	}
	json_end_array(j);
	json_end_object(j);
	calltree_release(&t);
}

static void totals(struct json *j, const struct trace_data *d)
{
	const struct profile *p = d->profile;
	json_object(j, "totals");
	json_heap(j, &p->heap);
	json_uint(j, "largest_bytes", p->largest_bytes);
	json_uint(j, "inherited_frees", p->inherited_frees);
	json_uint(j, "unknown_frees", p->unknown_frees);
	json_uint(j, "ignored_events", p->ignored_events);
	json_end_object(j);
	json_object(j, "entry_points");
	for (unsigned i = 0; i < ROLE_COUNT; i++)
		if (p->role_counts[i])
			json_uint(j, role_symbol(i), p->role_counts[i]);
	json_end_object(j);
	json_findings(j, d);
	json_losses(j, p->losses);
}

static void timeline(struct json *j, const struct profile *p)
{
	json_object(j, "timeline");
	json_uint(j, "step_ns", p->timeline_step_ns);
	json_array(j, "most_live_bytes");
	for (size_t i = 0; i < p->timeline_count; i++)
		json_uint(j, NULL, p->timeline[i]);
	json_end_array(j);
	json_end_object(j);
}

static void marks(struct json *j, const struct trace_data *d)
{
	const struct profile *p = d->profile;
	json_array(j, "marks");
	for (size_t i = 0; i < p->mark_count; i++) {
		json_object(j, NULL);
		json_uint(j, "time_ns", p->marks[i].time_ns);
		json_string(j, "type", mark_key(p->marks[i].type));
		json_string(j, "text", p->marks[i].text);
		json_uint(j, "live_bytes", p->marks[i].live_bytes);
		json_end_object(j);
	}
	json_end_array(j);
	json_array(j, "scopes");
	for (size_t i = 0; i < p->scope_count; i++) {
		const struct profile_scope *s = &p->scopes[i];
		json_object(j, NULL);
		json_string(j, "name", s->name);
		json_uint(j, "runs", s->runs);
		json_uint(j, "never_ended", s->open);
		json_uint(j, "time_ns", s->time_ns);
		json_uint(j, "allocations", s->allocs);
		json_uint(j, "bytes", s->bytes);
		json_uint(j, "freed_bytes", s->freed_bytes);
		json_uint(j, "temporary", s->temporary);
		json_end_object(j);
	}
	json_end_array(j);
}

/* Only when there is any: it is recorded on request. */
static void mapped(struct json *j, const struct trace_data *d, uint64_t top)
{
	const struct profile_mapped *m = &d->profile->mapped;
	struct rollup r = { 0 };
	if (!m->maps && !m->unmaps)
		return;
	if (d->mapped_stacks)
		rollup_mapped(&r, m, d->mapped_stacks);
	json_object(j, "mapped");
	json_uint(j, "peak_bytes", m->peak_bytes);
	json_uint(j, "peak_time_ns", m->peak_ns);
	json_uint(j, "bytes_at_end", m->bytes);
	json_uint(j, "maps", m->maps);
	json_uint(j, "unmaps", m->unmaps);
	json_uint(j, "stacks_in_all", r.count);
	json_array(j, "stacks");
	for (size_t i = 0; i < r.count && (!top || i < top); i++) {
		const struct metrics *self = &r.rows[i].self;
		json_object(j, NULL);
		json_stack(j, d, d->mapped_stacks, r.rows[i].key);
		json_uint(j, "maps", self->allocs);
		json_uint(j, "bytes", self->bytes);
		json_uint(j, "peak_bytes", self->peak_bytes);
		json_uint(j, "bytes_at_end", self->live_bytes);
		json_end_object(j);
	}
	json_end_array(j);
	json_end_object(j);
	rollup_release(&r);
}

static void tables(struct json *j, const struct trace_data *d, const struct report_request *r)
{
	json_array(j, "tables");
	if (r->part == REPORT_ROWS)
		table(j, d, r->by, r->sort, r->top);
	if (r->part == REPORT_SUMMARY)
		table(j, d, ROLLUP_FUNCTION, SORT_PEAK, r->top);
	if (r->part == REPORT_OVERVIEW) {
		for (int sort = 0; sort < SORT_KINDS; sort++)
			table(j, d, ROLLUP_STACK, (enum rollup_sort)sort, r->top);
		for (int by = ROLLUP_FUNCTION; by < ROLLUP_COUNT; by++)
			table(j, d, (enum rollup_by)by, SORT_PEAK, r->top);
	}
	json_end_array(j);
}

static void make_report(const struct trace_data *d, const struct report_request *request, FILE *to)
{
	struct json j;
	json_init(&j, to);
	json_object(&j, NULL);
	json_string(&j, "format", "alloctrace report");
	json_uint(&j, "format_version", 1);
	json_trace(&j, d);
	totals(&j, d);
	json_processes(&j, d);
	json_allocators(&j, d);
	json_instances(&j, d);
	marks(&j, d);
	timeline(&j, d->profile);
	mapped(&j, d, request->top);
	if (request->part == REPORT_TREE)
		tree(&j, d, request);
	else
		tables(&j, d, request);
	json_end_object(&j);
	json_end_line(&j);
	json_release(&j);
}

const struct report_ops report_json = { make_report, json_info };
