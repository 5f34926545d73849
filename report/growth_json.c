/* growth_json.c - what keeps growing, for programs; keys as documented in alloctrace-leaks(1). */
#include "report/growth_report.h"
#include "report/json_parts.h"

const char *growth_verdict_key(enum growth_verdict verdict)
{
	static const char *const keys[GROWTH_VERDICTS] = {
		"growing", "freed_at_end", "recent", "levelling_off", "steady",
		"steps",   "sawtooth",	   "quiet",  "too_short",
	};
	return verdict < GROWTH_VERDICTS ? keys[verdict] : "unknown";
}

/* Rates in thousandths: a byte in a quarter of an hour is something, too. */
static void rates(struct json *j, double bytes_per_s, double blocks_per_s)
{
	json_uint(j, "bytes_per_1000_s", (uint64_t)(bytes_per_s * 1000 + 0.5));
	json_uint(j, "blocks_per_1000_s", (uint64_t)(blocks_per_s * 1000 + 0.5));
}

static void judgement(struct json *j, const struct growth_judgement *of)
{
	json_string(j, "verdict", growth_verdict_key(of->verdict));
	json_uint(j, "began_ns", of->began_ns);
	json_uint(j, "until_ns", of->until_ns);
	json_uint(j, "rises", of->rises);
	/* Of a thousand million sums that only wander, so many rise like this. */
	json_uint(j, "chance_ppb", (uint64_t)(of->chance * 1e9 + 0.5));
}

static void ages(struct json *j, const char *key, const uint64_t counts[GROWTH_AGES])
{
	json_array(j, key);
	for (unsigned i = 0; i < GROWTH_AGES; i++) {
		if (!counts[i])
			continue;
		json_object(j, NULL);
		if (i + 1 < GROWTH_AGES)
			json_uint(j, "below_ns", growth_age_end_ns(i));
		json_uint(j, "blocks", counts[i]);
		json_end_object(j);
	}
	json_end_array(j);
}

static void series(struct json *j, const struct growth_site *site,
		   const struct growth_process *process)
{
	json_object(j, "series");
	json_uint(j, "step_ns", process->step_ns);
	json_array(j, "least_bytes");
	for (size_t i = 0; i < process->buckets; i++)
		json_uint(j, NULL, site->points[i].least_bytes);
	json_end_array(j);
	json_array(j, "last_bytes");
	for (size_t i = 0; i < process->buckets; i++)
		json_uint(j, NULL, site->points[i].last_bytes);
	json_end_array(j);
	json_end_object(j);
}

static void row(struct json *j, const struct growth_report *g, const struct growth_row *r)
{
	json_object(j, NULL);
	judgement(j, &r->site->judgement);
	rates(j, r->bytes_per_s, r->blocks_per_s);
	json_uint(j, "share_percent", (uint64_t)(r->share * 100 + 0.5));
	json_uint(j, "grown_bytes", r->grown_bytes);
	json_uint(j, "live_bytes", r->live_bytes);
	json_uint(j, "live_blocks", r->live_blocks);
	json_uint(j, "allocations", r->allocs);
	json_uint(j, "processes", r->processes);
	json_uint(j, "process", r->site->process);
	json_bool(j, "pool", r->site->pool);
	if (r->site->allocator)
		json_allocator_name(j, g->data->reader, r->site->allocator);
	ages(j, "live_ages", r->live_ages);
	ages(j, "freed_ages", r->freed_ages);
	series(j, r->site, growth_process_of(g->growth, r->site->process));
	json_stack(j, g->data, g->data->stacks, r->step);
	json_end_object(j);
}

static void process(struct json *j, const struct growth_report *g, const struct growth_process *p)
{
	json_object(j, NULL);
	json_uint(j, "process", p->process);
	json_uint(j, "pid", trace_reader_process(g->data->reader, p->process)->pid);
	json_bool(j, "ended", p->ended);
	json_bool(j, "too_short", p->too_short);
	json_uint(j, "duration_ns", p->duration_ns);
	json_uint(j, "paused_ns", p->paused_ns);
	json_uint(j, "sites", p->sites);
	json_object(j, "verdicts");
	for (unsigned i = 0; i < GROWTH_VERDICTS; i++)
		json_uint(j, growth_verdict_key((enum growth_verdict)i), p->verdicts[i]);
	json_end_object(j);
	json_object(j, "heap");
	judgement(j, &p->heap.judgement);
	rates(j, p->heap.judgement.bytes_per_s, p->heap.judgement.blocks_per_s);
	json_uint(j, "live_bytes", p->heap.live_bytes);
	json_uint(j, "live_blocks", p->heap.live_blocks);
	json_end_object(j);
	json_end_object(j);
}

void growth_json(const struct growth_report *g, const struct report_request *request, FILE *to)
{
	struct json j;
	json_init(&j, to);
	json_object(&j, NULL);
	json_trace(&j, g->data);
	json_uint(&j, "growing", g->rows->verdicts[GROWTH_GROWING]);
	json_uint(&j, "bytes_per_1000_s", (uint64_t)(g->growth->bytes_per_s * 1000 + 0.5));
	json_array(&j, "processes");
	for (size_t i = 0; i < g->growth->process_count; i++)
		process(&j, g, &g->growth->processes[i]);
	json_end_array(&j);
	json_uint(&j, "rows_in_all", g->rows->count);
	json_array(&j, "rows");
	for (size_t i = 0; i < g->rows->count && (!request->top || i < request->top); i++)
		row(&j, g, &g->rows->rows[i]);
	json_end_array(&j);
	json_losses(&j, g->data->profile->losses);
	json_end_object(&j);
	json_end_line(&j);
	json_release(&j);
}
