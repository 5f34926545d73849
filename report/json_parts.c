/* json_parts.c - see json_parts.h. */
#include "report/json_parts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "analysis/lineage.h"
#include "report/finding_list.h"
#include "report/instance_words.h"
#include "report/leaks_report.h"
#include "report/leaks_words.h"
#include "wire/families.h"

static const char *const fact_keys[] = {
	"host",	   "kernel",   "tool",	      "cwd",   "started", "command",
	"options", "families_not_found", "clock_hz", "wait_status", "ended", "empty",
};

void json_trace(struct json *j, const struct trace_data *d)
{
	json_object(j, "trace");
	json_string(j, "path", d->path);
	json_uint(j, "version", trace_reader_version(d->reader));
	json_uint(j, "bytes", trace_reader_file_bytes(d->reader));
	json_uint(j, "events", d->profile->events);
	json_uint(j, "duration_ns", d->profile->end_ns);
	json_string(j, "damage", trace_reader_damage(d->reader));
	json_object(j, "facts");
	for (size_t i = 0; i < sizeof(fact_keys) / sizeof(*fact_keys); i++) {
		const char *value = trace_reader_fact(d->reader, fact_keys[i]);
		if (value)
			json_string(j, fact_keys[i], value);
	}
	json_end_object(j);
	json_end_object(j);
}

/* "command": the arguments */
static void json_command(struct json *j, const struct trace_process *p)
{
	json_array(j, "command");
	for (size_t at = 0; at < p->command_bytes;) {
		size_t len = strnlen(p->command + at, p->command_bytes - at);
		char *word = strndup(p->command + at, len);
		json_string(j, NULL, word ? word : "");
		free(word);
		at += len + 1;
	}
	json_end_array(j);
}

/* "leaks": the sums of each kind, or null when nobody has looked. */
static void json_leaks(struct json *j, const struct trace_data *d)
{
	struct leak_total kinds[LEAK_ALL_KINDS];
	uint64_t as_of_ns;
	if (!leaks_totals(kinds, &as_of_ns, d->names, d->stacks)) {
		json_string(j, "leaks", NULL);
		return;
	}
	json_object(j, "leaks");
	for (unsigned i = 0; i < LEAK_KINDS; i++) {
		json_object(j, leak_kind_key(i));
		json_uint(j, "blocks", kinds[i].sum.blocks);
		json_uint(j, "bytes", kinds[i].sum.bytes);
		json_end_object(j);
	}
	json_uint(j, "as_of_ns", as_of_ns);
	json_end_object(j);
}

void json_findings(struct json *j, const struct trace_data *d)
{
	struct finding_list list;
	finding_list_init(&list, d->names);
	json_object(j, "wrong_frees");
	json_uint(j, "different", list.count);
	json_uint(j, "occurrences", list.occurrences);
	json_uint(j, "not_judged", list.not_judged);
	json_end_object(j);
	json_uint(j, "crashes", trace_reader_crash_count(d->reader));
	finding_list_release(&list);
	json_leaks(j, d);
}

void json_losses(struct json *j, const uint64_t *losses)
{
	json_object(j, "losses");
	for (unsigned i = 0; i < TRACE_LOSS_COUNT; i++)
		json_uint(j, loss_key(i), losses[i]);
	json_end_object(j);
}

void json_heap(struct json *j, const struct heap *h)
{
	json_uint(j, "allocations", h->allocs);
	json_uint(j, "reallocations", h->reallocs);
	json_uint(j, "frees", h->frees);
	json_uint(j, "bytes", h->bytes);
	json_uint(j, "temporary", h->temporary);
	json_uint(j, "peak_bytes", h->peak_bytes);
	json_uint(j, "peak_blocks", h->peak_blocks);
	json_uint(j, "peak_time_ns", h->peak_ns);
	json_uint(j, "live_bytes", h->live_bytes);
	json_uint(j, "live_blocks", h->live_blocks);
}

static void json_status(struct json *j, const struct profile_process *p)
{
	json_bool(j, "ended", p->ended);
	if (!p->ended)
		return;
	json_uint(j, "end_ns", p->end_ns);
	if (p->wait_status == TRACE_STATUS_UNKNOWN)
		return;
	int status = (int)p->wait_status;
	if (WIFEXITED(status))
		json_int(j, "exit_code", WEXITSTATUS(status));
	else if (WIFSIGNALED(status))
		json_int(j, "signal", WTERMSIG(status));
}

void json_processes(struct json *j, const struct trace_data *d)
{
	struct lineage l = lineage_count(d->reader, d->profile);
	json_uint(j, "process_count", l.processes);
	json_uint(j, "program_count", l.programs);
	json_array(j, "processes");
	for (uint32_t i = 0; i < d->profile->process_count; i++) {
		const struct profile_process *p = &d->profile->processes[i];
		const struct trace_process *process = trace_reader_process(d->reader, i);
		json_object(j, NULL);
		json_uint(j, "index", i);
		json_uint(j, "pid", process->pid);
		if (process->parent == TRACE_NO_PROCESS)
			json_string(j, "parent", NULL);
		else
			json_uint(j, "parent", process->parent);
		json_string(j, "origin", process->origin ? "fork" : "exec");
		json_string(j, "exe", process->exe);
		json_command(j, process);
		json_uint(j, "start_ns", p->start_ns);
		json_status(j, p);
		json_uint(j, "threads", p->threads);
		json_heap(j, &p->heap);
		json_uint(j, "inherited_frees", p->inherited_frees);
		json_uint(j, "unknown_frees", p->unknown_frees);
		if (p->maps || p->unmaps) {
			json_uint(j, "mapped_peak_bytes", p->mapped_peak_bytes);
			json_uint(j, "mapped_bytes", p->mapped_bytes);
			json_uint(j, "maps", p->maps);
			json_uint(j, "unmaps", p->unmaps);
		}
		json_losses(j, p->losses);
		json_end_object(j);
	}
	json_end_array(j);
}

void json_threads(struct json *j, const struct trace_data *d)
{
	json_array(j, "threads");
	for (size_t i = 0; i < d->profile->thread_count; i++) {
		const struct profile_thread *t = &d->profile->threads[i];
		const struct trace_thread *thread = trace_reader_thread(d->reader, t->thread);
		json_object(j, NULL);
		json_uint(j, "tid", thread->tid);
		json_string(j, "name", thread->name);
		json_uint(j, "process", t->process);
		json_uint(j, "allocations", t->metrics.allocs);
		json_uint(j, "bytes", t->metrics.bytes);
		json_uint(j, "frees", t->frees);
		json_uint(j, "foreign_frees", t->foreign_frees);
		json_end_object(j);
	}
	json_end_array(j);
}

void json_allocator_name(struct json *j, const struct trace_reader *reader, uint32_t allocator)
{
	struct strbuf name = STRBUF_INIT;
	allocator_add_name(&name, reader, allocator, TRACE_NO_PROCESS);
	json_string(j, "name", name.text);
	strbuf_release(&name);
}

static void json_allocator(struct json *j, const struct trace_data *d, uint32_t index,
			   const struct heap *heap)
{
	const struct trace_allocator *a = trace_reader_allocator(d->reader, index);
	json_object(j, NULL);
	json_uint(j, "index", index);
	json_allocator_name(j, d->reader, index);
	json_string(j, "kind", a->kind == TRACE_ALLOCATOR_INSTANCE ? "instance" : "pool");
	if (a->module_plus_1)
		json_uint(j, "module_index", a->module_plus_1 - 1);
	json_heap(j, heap);
	json_end_object(j);
}

void json_allocators(struct json *j, const struct trace_data *d)
{
	json_array(j, "allocators");
	json_object(j, NULL);
	json_uint(j, "index", 0);
	json_allocator_name(j, d->reader, 0);
	json_string(j, "kind", "heap");
	json_string(j, "path", trace_reader_allocator(d->reader, 0)->name);
	json_end_object(j);
	for (size_t i = 0; i < d->profile->instance_count; i++)
		json_allocator(j, d, d->profile->instances[i].allocator,
			       &d->profile->instances[i].heap);
	for (size_t i = 0; i < d->profile->pool_count; i++)
		json_allocator(j, d, d->profile->pools[i].allocator, &d->profile->pools[i].heap);
	json_end_array(j);
}

static void json_users(struct json *j, const struct trace_instance *in)
{
	json_array(j, "processes");
	for (uint32_t i = 0; i < in->user_count; i++) {
		const struct trace_user *user = &in->users[i];
		json_object(j, NULL);
		json_uint(j, "index", user->process);
		json_bool(j, "serves_malloc", user->flags & TRACE_USER_SERVED);
		json_bool(j, "recorded", user->flags & TRACE_USER_RECORDED);
		json_bool(j, "several_copies", user->flags & TRACE_USER_COPIES);
		json_end_object(j);
	}
	json_end_array(j);
}

/* "hook": "name", "inline" or null; what was in the way. */
static void json_hooking(struct json *j, const struct trace_instance *in,
			 const struct trace_function *f)
{
	static const char *const words[] = { [FUNCTION_BY_NAME] = "name", [FUNCTION_INLINE] = "inline" };
	json_string(j, "hook", words[function_hooking(in, f)]);
	json_array(j, "not_hooked");
	for (unsigned r = 0; (r = function_next_reason(f, r)) != 0;)
		json_string(j, NULL, reason_word(r));
	json_end_array(j);
}

static void json_functions(struct json *j, const struct trace_instance *in)
{
	json_array(j, "functions");
	for (uint32_t i = 0; i < in->function_count; i++) {
		const struct trace_function *f = &in->functions[i];
		json_object(j, NULL);
		json_string(j, "name", f->name);
		json_hex(j, "address", f->address);
		json_bool(j, "exported", f->flags & ALLOCATOR_FUNCTION_EXPORTED);
		json_bool(j, "recorded", function_hooking(in, f) != FUNCTION_NOT);
		json_hooking(j, in, f);
		json_end_object(j);
	}
	json_end_array(j);
}

void json_instances(struct json *j, const struct trace_data *d)
{
	static const char *const linkages[ALLOCATOR_LINKAGES] = { "shared", "exported", "hidden",
								  "stripped" };
	json_array(j, "instances");
	for (uint32_t i = 0; i < trace_reader_instance_count(d->reader); i++) {
		const struct trace_instance *in = trace_reader_instance(d->reader, i);
		struct strbuf status = STRBUF_INIT;
		instance_status(&status, in, trace_reader_module(d->reader, in->module)->path);
		json_object(j, NULL);
		json_string(j, "family", in->family);
		json_string(j, "version", *in->version ? in->version : NULL);
		json_string(j, "prefix", in->prefix);
		json_uint(j, "module_index", in->module);
		json_string(j, "module", trace_reader_module(d->reader, in->module)->path);
		json_string(j, "linkage",
			    in->linkage < ALLOCATOR_LINKAGES ? linkages[in->linkage] : NULL);
		json_bool(j, "layer", in->flags & TRACE_INSTANCE_LAYER);
		json_string(j, "status", status.text);
		json_users(j, in);
		json_functions(j, in);
		json_end_object(j);
		strbuf_release(&status);
	}
	json_end_array(j);
}
