/* leaks_report.c - see leaks_report.h. */
#include "report/leaks_report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "report/leaks_words.h"
#include "report/suppressions.h"
#include "report/text_parts.h"
#include "util/mem.h"
#include "util/path.h"

/* Asked of each stack once: its frames are looked up for it. */
static bool is_suppressed(void *ctx, uint32_t node)
{
	struct leaks_report *r = ctx;
	int8_t *known = &r->suppressed_nodes[node];
	if (!*known) {
		struct story_stack stack = { 0 };
		story_stack_read(&stack, r->names, node);
		*known = suppressions_match_leak(r->request->suppressions, &stack) ||
					 suppressions_match_leak(r->names->of_program, &stack)
				 ? 1
				 : -1;
		free(stack.frames);
	}
	return *known > 0;
}

/* What the program itself does not want to hear of: alloctrace.h, __lsan_default_suppressions(). */
static void read_own(struct leaks_report *r)
{
	const char *text = trace_reader_fact(r->names->reader, "suppressions");
	r->own = mem_zalloc(1, sizeof(*r->own));
	if (text)
		suppressions_add_text(r->own, text, "the program");
	r->suppressed_nodes = mem_zalloc(trace_reader_node_count(r->names->reader) + 1,
					 sizeof(*r->suppressed_nodes));
}

static void release_own(struct leaks_report *r)
{
	if (r->own)
		suppressions_release(r->own);
	free(r->own);
	free(r->suppressed_nodes);
	r->own = NULL;
	r->suppressed_nodes = NULL;
}

static struct leak_places_request places_request(struct leaks_report *r)
{
	return (struct leak_places_request){
		.scans = r->chosen.scans,
		.scan_count = r->chosen.count,
		.tree = r->request->tree,
		.filter = r->request->filter ? &r->filter : NULL,
		.suppressed = r->request->suppressions || r->names->of_program->count
				      ? is_suppressed
				      : NULL,
		.ctx = r,
	};
}

static void make_places(struct leaks_report *r)
{
	struct leak_places_request request = places_request(r);
	leak_places_make(&r->places, r->stacks, &request);
	r->list =
		leak_places_list(&r->places, r->request->kinds, r->request->least_bytes, &r->count);
}

static void drop_places(struct leaks_report *r)
{
	free(r->list);
	r->list = NULL;
	leak_places_release(&r->places);
}

static void choose(struct leaks_report *r, const struct leaks_selection *selection)
{
	struct leaks_selection filtered = *selection;
	filtered.filter = r->request->filter ? &r->filter : NULL;
	leaks_choose(&r->chosen, r->names->reader, &filtered);
}

void leaks_report_choose(struct leaks_report *r, uint32_t scan)
{
	const struct leaks_selection one = { .at = LEAKS_AT_NUMBER, .number = scan };
	drop_places(r);
	leaks_chosen_release(&r->chosen);
	choose(r, &one);
	make_places(r);
}

struct leak_row *leaks_report_rows(struct leaks_report *r, size_t *count)
{
	struct leak_places_request request = places_request(r);
	return leak_rows_make(&r->places, &request, r->request->by, r->request->kinds, count);
}

/* One that failed says nothing but why. */
static bool says_something(const struct leaks_report *r)
{
	for (size_t i = 0; i < r->chosen.count; i++)
		if (trace_reader_leak_scan(r->names->reader, r->chosen.scans[i])->method !=
		    SCAN_IMPOSSIBLE)
			return true;
	return false;
}

static int open_events(struct leaks_report *r, const struct progress_sink *progress,
		       struct err *err)
{
	trace_names_close(r->names);
	r->names = NULL;
	leaks_chosen_release(&r->chosen);
	r->events = trace_data_load(r->path, r->request->filter, progress, err);
	if (!r->events)
		return -1;
	r->names = r->events->names;
	r->stacks = r->events->stacks;
	/* Made anew: the replay has had the filter for other frames. */
	if (r->request->filter &&
	    filter_prepare(r->request->filter, r->names->frames, &r->filter, err) < 0)
		return -1;
	choose(r, &r->request->selection);
	rollup_make(&r->not_freed, ROLLUP_STACK, SORT_LIVE, false, r->events->profile, r->stacks);
	return 0;
}

int leaks_report_open(struct leaks_report *r, const char *path, const struct leaks_request *request,
		      const struct progress_sink *progress, struct err *err)
{
	*r = (struct leaks_report){ .path = path, .request = request };
	r->names = trace_names_open(path, err);
	if (!r->names)
		return -1;
	read_own(r);
	if (request->filter &&
	    filter_prepare(request->filter, r->names->frames, &r->filter, err) < 0)
		return -1;
	choose(r, &request->selection);
	if (!says_something(r) && request->selection.at == LEAKS_AT_LAST)
		return open_events(r, progress, err);
	r->stacks = callstacks_new(r->names->frames, NULL, 0);
	make_places(r);
	return 0;
}

static uint64_t first_before_an_end(const struct leaks_chosen *c, const struct trace_reader *reader)
{
	uint64_t first_ns = 0;
	for (size_t i = 0; i < c->count; i++) {
		const struct trace_leak_scan *s = trace_reader_leak_scan(reader, c->scans[i]);
		if (!leaks_is_at_an_end(s) && (!first_ns || s->time_ns < first_ns))
			first_ns = s->time_ns;
	}
	return first_ns;
}

bool leaks_totals(struct leak_total kinds[LEAK_ALL_KINDS], uint64_t *as_of_ns,
		  struct trace_names *names, struct callstacks *stacks)
{
	const struct leaks_request request = { .suppressions = names->suppressions };
	struct leaks_report r = { .request = &request, .names = names, .stacks = stacks };
	leaks_choose(&r.chosen, names->reader, &request.selection);
	bool looked = says_something(&r);
	*as_of_ns = first_before_an_end(&r.chosen, names->reader);
	r.suppressed_nodes =
		mem_zalloc(trace_reader_node_count(names->reader) + 1, sizeof(*r.suppressed_nodes));
	make_places(&r);
	memcpy(kinds, r.places.kinds, sizeof(r.places.kinds));
	drop_places(&r);
	leaks_chosen_release(&r.chosen);
	release_own(&r);
	return looked;
}

void leaks_report_close(struct leaks_report *r)
{
	drop_places(r);
	leaks_chosen_release(&r->chosen);
	release_own(r);
	if (r->events) {
		rollup_release(&r->not_freed);
		trace_data_free(r->events);
	} else {
		callstacks_free(r->stacks);
		trace_names_close(r->names);
	}
	*r = (struct leaks_report){ 0 };
}

const char *leaks_report_damage(const struct leaks_report *r)
{
	return trace_reader_damage(r->names->reader);
}

bool leaks_report_has_lost(const struct leaks_report *r)
{
	for (size_t i = 0; i < r->count; i++)
		if (r->places.places[r->list[i]].kind != LEAK_REACHABLE)
			return true;
	return false;
}

size_t leaks_report_shown(const struct leaks_report *r, size_t count)
{
	return r->request->top && r->request->top < count ? (size_t)r->request->top : count;
}

/* ---- why there is no scan ---- */

static bool was_switched_off(const struct trace_reader *reader)
{
	const char *options = trace_reader_fact(reader, "options");
	return options &&
	       (strstr(options, "--leak-point=none") || strstr(options, "--leak-point none"));
}

/* The first one that nobody has looked at. */
static const struct profile_process *first_process(const struct leaks_report *r)
{
	uint32_t process = r->chosen.unseen_count ? r->chosen.unseen[0] : 0;
	if (!r->events || process >= r->events->profile->process_count)
		return NULL;
	return &r->events->profile->processes[process];
}

static const char *problem_of_scans(const struct leaks_report *r)
{
	for (size_t i = 0; i < r->chosen.count; i++) {
		const struct trace_leak_scan *scan =
			trace_reader_leak_scan(r->names->reader, r->chosen.scans[i]);
		if (*scan->problem)
			return scan->problem;
	}
	return NULL;
}

void leaks_report_add_reason(struct strbuf *out, const struct leaks_report *r)
{
	const struct trace_reader *reader = r->names->reader;
	const struct profile_process *p = first_process(r);
	const char *ended = trace_reader_fact(reader, "ended"), *problem = problem_of_scans(r);
	char status[64] = "";
	if (p && p->ended)
		text_wait_status(status, sizeof(status), p->wait_status);
	if (problem)
		strbuf_adds(out, problem);
	else if (was_switched_off(reader))
		strbuf_adds(out, "it ran with --leak-point=none");
	else if (ended && strcmp(ended, "limit") == 0)
		strbuf_adds(out, "the recording had reached its limit before the program's end");
	else if (p && p->ended && WIFSIGNALED((int)p->wait_status) &&
		 p->wait_status != TRACE_STATUS_UNKNOWN)
		strbuf_addf(out, "it was %s before anybody could look", status);
	else if (p && !p->ended)
		strbuf_adds(out, "the recording ends before the program does");
	else
		strbuf_adds(out, "nobody has looked while it ran");
}
