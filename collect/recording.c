/* recording.c - see recording.h. */
#include "collect/recording.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "base/atomics.h"
#include "collect/called_names.h"
#include "collect/embed.h"
#include "collect/empty_trace.h"
#include "collect/judge_findings.h"
#include "collect/scan_answer.h"
#include "collect/scan_log.h"
#include "collect/survivors.h"
#include "elf/user_families.h"
#include "util/mem.h"
#include "util/strbuf.h"
#include "wire/events.h"

enum {
	FLUSH_INTERVAL_NS = 1000000000,
	/* Processes that end with the program are not worth a word. */
	TELL_OF_OTHERS_NS = 300000000,
	/* A program that has just been exec'd gets this long to connect. */
	STARTING_GRACE_NS = 200000000,
	SURVEY_INTERVAL_NS = 20000000,
	LONG_SURVEY_INTERVAL_NS = 500000000,
	WAIT_ONLY_SLEEP_NS = 1000000000,
	FILES_STACK_BYTES = 1 << 20,
};

static void notice(struct recording *r, const char *text)
{
	if (r->options->notice)
		r->options->notice(r->options->context, text);
}

static void on_process_start(void *context, uint32_t index, uint32_t pid)
{
	struct recording *r = context;
	watch_process(r->watch, index, (pid_t)pid);
}

static void on_finding(void *context, uint32_t number, const struct trace_finding *finding)
{
	struct recording *r = context;
	r->options->finding(r->options->context,
			    told_finding_new(&r->collector, number, finding));
}

static void on_crash(void *context, uint32_t number, uint32_t process_index,
		     const struct trace_crash *crash)
{
	struct recording *r = context;
	r->options->crash(r->options->context,
			  told_crash_new(&r->collector, number, process_index, crash));
}

static void explain_finding(void *context, uint32_t process, uint32_t hook,
			    struct trace_finding *finding)
{
	struct recording *r = context;
	called_names_find(&r->whys, process, hook, finding);
	whys_explain(&r->whys, process, finding);
}

/* For libraries that look into files. */
static bool has_room_on_stack(void)
{
	struct rlimit stack;
	return getrlimit(RLIMIT_STACK, &stack) != 0 || stack.rlim_cur >= FILES_STACK_BYTES;
}

static void on_hooks_wanted(void *context)
{
	struct recording *r = context;
	if (!r->hooks.refuses && !has_room_on_stack()) {
		r->hooks.refuses = r->whys.refuses = true;
		notice(r, "allocators inside programs and libraries are not looked for: that needs "
			  "a larger stack (ulimit -s)");
	}
	module_hooks_answer(&r->hooks);
}

/* Who asks reads the trace then. */
static void answer_asked(struct recording *r)
{
	struct err err = { "" };
	if (trace_writer_flush(r->writer, &err) < 0)
		scan_answer_refuse(r->scans->asked_by, err.text);
	else
		scan_answer_send(r->scans, r->collector.scan_count - 1, r->result->path);
	r->scans->asked_by = -1;
}

static void write_scans(void *context)
{
	struct recording *r = context;
	for (struct scan_job *next; r->scans; r->scans = next) {
		next = r->scans->next;
		scan_log_write(&r->collector, r->scans);
		if (r->scans->asked_by >= 0)
			answer_asked(r);
		scan_job_free(r->scans);
	}
}

void recording_init(struct recording *r, const struct collect_options *options,
		    struct collect_result *result, struct session *session, struct channel *channel,
		    struct watch *watch, struct trace_writer *writer)
{
	*r = (struct recording){ .options = options,
				 .result = result,
				 .session = session,
				 .channel = channel,
				 .watch = watch,
				 .writer = writer,
				 .child_pid = (uint32_t)watch->child };
	collector_init(&r->collector, session, writer);
	r->collector.processes.on_start = on_process_start;
	r->collector.processes.context = r;
	r->hooks = (struct module_hooks){ .session = session,
					  .tables = &r->collector.tables,
					  .families = options->families,
					  .scanner = &r->scanner };
	r->collector.on_hooks_wanted = on_hooks_wanted;
	r->collector.on_drained = write_scans;
	scanner_init(&r->scanner, session, watch);
	r->scanner.snapshot = options->leak_snapshot;
	r->scanner.peek_bytes = options->peek_bytes;
	whys_init(&r->whys, session, &r->collector.tables, &r->collector.allocators);
	r->collector.explain_finding = explain_finding;
	r->collector.context = r;
	if (options->finding)
		r->collector.findings.on_finding = on_finding;
	r->collector.findings.context = r;
	if (options->crash)
		r->collector.crashes.on_crash = on_crash;
	r->collector.crashes.context = r;
}

void recording_release(struct recording *r)
{
	scanner_release(&r->scanner);
	module_hooks_release(&r->hooks);
	whys_release(&r->whys);
	collector_release(&r->collector);
}

/* ---- the end of the trace ---- */

static void write_loss(struct recording *r, enum trace_loss kind, uint64_t count)
{
	struct trace_event loss = { .op = TRACE_LOSS, .role = (uint8_t)kind, .value = count };
	trace_writer_event(r->writer, &loss);
}

static void end_facts(struct recording *r)
{
	static const char *const ends[] = { [COLLECT_END_EXIT] = "exit",
					    [COLLECT_END_LIMIT] = "limit",
					    [COLLECT_END_INTERRUPTED] = "interrupted",
					    [COLLECT_END_FAILED] = "failed" };
	char text[32];
	snprintf(text, sizeof(text), "%llu", (unsigned long long)clock_hz(&r->collector.clock));
	trace_writer_fact(r->writer, "clock_hz", text);
	trace_writer_fact(r->writer, "clock_steady", clock_is_steady() ? "yes" : "no");
	trace_writer_fact(r->writer, "ended", ends[r->result->end]);
	if (!r->child_ended)
		return;
	snprintf(text, sizeof(text), "%d", r->result->status);
	trace_writer_fact(r->writer, "wait_status", text);
}

/* Messages while symbols are looked up. After Ctrl-C the user does not want to wait. */
static bool go_on_with_symbols(void *context, uint64_t done, uint64_t all)
{
	struct recording *r = context;
	size_t count;
	struct watch_message *messages = watch_take(r->watch, &count);
	for (size_t i = 0; i < count; i++) {
		if (messages[i].kind == WATCH_INTERRUPTED) {
			r->interrupted = true;
		} else if (messages[i].kind == WATCH_CHILD_STOPPED) {
			raise(SIGSTOP);
		} else if (messages[i].kind == WATCH_CHILD_ENDED) {
			r->child_ended = true;
			r->result->status = messages[i].value;
		}
	}
	free(messages);
	/* No bar over the output of a program that goes on. */
	if (r->options->progress && r->child_ended)
		r->options->progress(r->options->context, done, all);
	return !r->interrupted;
}

/* What has been counted, and a sentence if that is nothing. */
static void sum_up(struct recording *r, bool paused)
{
	const struct collector *c = &r->collector;
	struct collect_result *result = r->result;
	result->events = trace_writer_events(r->writer);
	result->duration_ns = c->clock.now_ns;
	result->processes = c->processes.process_count;
	result->programs = c->processes.program_count;
	result->threads = c->slots.thread_count;
	const struct empty_trace t = {
		.events = result->events,
		.unrecorded = at_load_relaxed(&r->session->header->unrecorded),
		.processes = result->processes,
		.left_out = at_load_relaxed(&r->watch->left_out),
		.paused = paused,
		.no_record = r->options->no_record,
		.cut = result->end == COLLECT_END_LIMIT,
	};
	result->empty = result->end == COLLECT_END_FAILED ? NULL : empty_trace_reason(&t);
	if (result->empty)
		trace_writer_fact(r->writer, "empty", result->empty);
}

static void write_missing_crashes(struct recording *r)
{
	char text[32];
	uint32_t missing = crash_log_missing(&r->collector);
	if (!missing)
		return;
	snprintf(text, sizeof(text), "%u", missing);
	trace_writer_fact(r->writer, "crashes_not_told", text);
}

/* Those that were there when somebody asked are known; the next pass may be the first. */
static const struct processes *look_at_processes(struct recording *r)
{
	if (r->writer)
		processes_look(&r->collector.processes);
	return &r->collector.processes;
}

/* Looks for leaks in all processes that are known to live. */
static void look_for_leaks(struct recording *r, enum scan_reason reason)
{
	const struct processes *p = look_at_processes(r);
	for (uint32_t i = 0; i < p->notes_end && r->writer; i++) {
		if (!p->notes[i].seen || p->notes[i].ended)
			continue;
		struct scan_job *job = scan_job_new(&r->collector.slots, i);
		job->reason = reason;
		scanner_add(&r->scanner, job);
	}
}

static void look_in_time(struct recording *r)
{
	uint64_t now_ns = clock_monotonic_ns(), interval_ns = r->options->leak_interval_ns;
	if (!interval_ns || now_ns < r->next_look_ns || r->scanner.pending)
		return;
	if (r->next_look_ns)
		look_for_leaks(r, SCAN_PERIODIC);
	r->next_look_ns = now_ns + interval_ns;
}

/* `alloctrace leaks --pid` asks. */
static void look_for_asked(struct recording *r, uint32_t pid, int connection)
{
	const struct processes *p = look_at_processes(r);
	for (uint32_t i = 0; i < p->notes_end && r->writer; i++) {
		const struct process_note *note = &p->notes[i];
		if (!note->seen || note->ended || note->foreign || note->pid != pid)
			continue;
		struct scan_job *job = scan_job_new(&r->collector.slots, i);
		job->reason = SCAN_ASKED;
		job->asked_by = connection;
		scanner_add(&r->scanner, job);
		return;
	}
	scan_answer_refuse(connection,
			   r->writer ? "it is not traced, or has not allocated anything yet"
				     : "its recording has ended");
}

/* What is not done yet is not waited for. */
static void end_scans(struct recording *r)
{
	scanner_stop(&r->scanner);
	r->scans = scanner_take(&r->scanner);
	write_scans(r);
}

/* Takes and writes what is still to be had, and no more from now on. */
static void write_last_events(struct recording *r)
{
	struct collector *c = &r->collector;
	at_store_release(&r->session->header->state, (uint32_t)SESSION_ENDED);
	collector_drain_all(c);
	end_scans(r);
	collector_finish_ended(c);
	collector_leave_live(c);
	uint64_t unrecorded = at_load_relaxed(&r->session->header->unrecorded);
	if (unrecorded)
		write_loss(r, TRACE_LOSS_NO_RING, unrecorded);
	uint64_t untold = finding_log_end(&c->findings);
	if (untold)
		write_loss(r, TRACE_LOSS_FINDINGS, untold);
	write_missing_crashes(r);
	if (r->result->end == COLLECT_END_LIMIT)
		write_loss(r, TRACE_LOSS_CUT, 0);
}

static void add_symbols(struct recording *r)
{
	if (!has_room_on_stack()) {
		notice(r,
		       "the trace gets no symbols: their look-up needs a larger stack (ulimit -s)");
		return;
	}
	r->result->unresolved = embed_symbols(&r->collector.tables, &r->collector.held, r->writer,
					      go_on_with_symbols, r);
}

/* What the user named and no module has: mistyped, inlined everywhere, or without its symbol; or only
 * the C library, whose functions are hooked as its own. */
static void tell_not_found(struct recording *r)
{
	const struct user_families *families = r->options->families;
	struct strbuf text = STRBUF_INIT;
	for (size_t i = 0; families && i < families->count; i++)
		for (size_t k = 0; k < families->items[i].count; k++)
			if (!families->items[i].functions[k].found)
				strbuf_addf(&text, "%s%s:%s", text.len ? ", " : "", families->items[i].name,
					    families->items[i].functions[k].name);
	if (text.len) {
		trace_writer_fact(r->writer, "families_not_found", text.text);
		char *message = mem_printf("--family: in no module but perhaps the C library: %s", text.text);
		notice(r, message);
		free(message);
	}
	strbuf_release(&text);
}

static void complete_trace(struct recording *r, enum collect_end end)
{
	struct collect_result *result = r->result;
	bool paused = at_load_relaxed(&r->session->header->state) == SESSION_PAUSED;
	result->end = end;
	write_last_events(r);
	if (r->options->findings_end)
		r->options->findings_end(r->options->context);
	end_facts(r);
	sum_up(r, paused);
	result->program_ended = r->child_ended;
	r->interrupted = false; /* who ended the recording may still want to see names in it */
	if (end != COLLECT_END_FAILED)
		embed_instances(&r->collector.tables, &r->collector.loaded, &r->hooks,
				&r->collector.allocators, r->writer);
	tell_not_found(r);
	if (end != COLLECT_END_FAILED)
		judge_findings(&r->collector);
	if (r->options->symbols && end != COLLECT_END_FAILED)
		add_symbols(r);
	struct err err = { "" };
	if (trace_writer_close(r->writer, &err) < 0 && end != COLLECT_END_FAILED) {
		result->end = COLLECT_END_FAILED;
		result->write_error = err;
	}
	r->writer = NULL;
	struct stat st;
	result->bytes = stat(result->path, &st) == 0 ? (uint64_t)st.st_size : 0;
	if (r->child_ended)
		r->report_is_due = true;
	else if (r->options->recorded)
		r->options->recorded(r->options->context, result);
}

/* ---- what happens meanwhile ---- */

/* Disk full: the program goes on, unharmed and no longer recorded. */
static void flush(struct recording *r)
{
	r->next_flush_ns = clock_monotonic_ns() + FLUSH_INTERVAL_NS;
	if (trace_writer_flush(r->writer, &r->result->write_error) < 0)
		complete_trace(r, COLLECT_END_FAILED);
}

static void check_limits(struct recording *r)
{
	const struct collect_options *o = r->options;
	uint64_t now_ns = r->collector.clock.now_ns;
	bool time_over = o->duration_ns && r->heap_named && now_ns - r->first_ns >= o->duration_ns;
	bool too_large = o->max_bytes && trace_writer_bytes(r->writer) >= o->max_bytes;
	if (time_over || too_large)
		complete_trace(r, COLLECT_END_LIMIT);
}

static void toggle(struct recording *r)
{
	uint32_t *state = &r->session->header->state;
	uint32_t now = at_load_relaxed(state);
	if (now != SESSION_RECORDING && now != SESSION_PAUSED)
		return;
	bool pause = now == SESSION_RECORDING;
	if (!at_cas_acq_rel(state, &now, (uint32_t)(pause ? SESSION_PAUSED : SESSION_RECORDING)))
		return;
	struct trace_event mark = { .op = TRACE_MARK,
				    .role = pause ? MARK_PAUSE : MARK_RESUME,
				    .text = "signal" };
	if (r->writer && r->collector.slots.thread_count) {
		/* Perhaps nothing was recorded for long, and the time of the trace stood still. */
		trace_writer_time(r->writer,
				  clock_monotonic_ns() - r->collector.clock.began_ns);
		trace_writer_event(r->writer, &mark);
	}
	notice(r, pause ? "recording is paused" : "recording goes on");
}

static void take_messages(struct recording *r)
{
	size_t count;
	struct watch_message *messages = watch_take(r->watch, &count);
	for (size_t i = 0; i < count; i++) {
		const struct watch_message *m = &messages[i];
		switch (m->kind) {
		case WATCH_PROCESS_ENDED:
			processes_note_image_end(&r->collector.processes, m->index,
						 (uint32_t)m->value);
			break;
		case WATCH_CHILD_ENDED:
			r->child_ended = true;
			r->child_ended_ns = clock_monotonic_ns();
			r->result->status = m->value;
			break;
		case WATCH_CHILD_STOPPED:
			r->stopped = true;
			break;
		case WATCH_TOGGLE:
			toggle(r);
			break;
		case WATCH_LEAKS:
			look_for_leaks(r, SCAN_ON_SIGNAL);
			break;
		case WATCH_ASKED:
			look_for_asked(r, m->index, m->value);
			break;
		case WATCH_BREAK_OFF:
			scanner_break_off(&r->scanner);
			break;
		case WATCH_INTERRUPTED:
			scanner_cancel(&r->scanner);
			r->interrupted = true;
			break;
		}
	}
	free(messages);
}

/* The program was stopped, by Ctrl-Z for example: so the tool stops too, and its shell sees what it
 * expects. By SIGSTOP: a terminal's SIGTSTP may still be on its way to this process, and would stop
 * it a second time. SIGCONT for the tool is passed on by the watching thread. */
static void stop_too(struct recording *r)
{
	r->stopped = false;
	if (r->writer)
		flush(r);
	raise(SIGSTOP);
}

static void name_heap(struct recording *r)
{
	struct session_module copy;
	struct trace_module module;
	if (!r->collector.processes.id_count)
		return;
	r->heap_named = true;
	r->first_ns = r->collector.clock.now_ns;
	uint32_t backend = at_load_relaxed(&r->session->processes[0].backend_module_plus_1);
	struct trace_allocator heap = { .name = "heap", .process = 0 };
	if (backend && tables_read_module(&r->collector.tables, backend - 1, &copy, &module))
		heap.name = module.path;
	trace_writer_allocator(r->writer, 0, &heap);
}

/* ---- processes that outlive the program ---- */

static void tell_of_others(struct recording *r)
{
	if (r->told_of_others || clock_monotonic_ns() - r->child_ended_ns < TELL_OF_OTHERS_NS)
		return;
	r->told_of_others = true;
	char *text = mem_printf("%s has ended, but processes that it started go on; so does the "
				"recording. Ctrl-C ends it and leaves them alone",
				r->options->argv[0]);
	notice(r, text);
	free(text);
}

/* Whether processes that have not made themselves known are left. Looking through /proc takes
 * some ms, so it is done when no other process is known to live, and not too often. */
static bool unknown_ones_left(struct recording *r)
{
	uint64_t now = clock_monotonic_ns();
	if (!r->options->filter.follow)
		return false; /* a forked child maps the session's memory all the same */
	if (now < r->next_survey_ns)
		return r->others_left;
	struct survivors found;
	survivors_find(&found, r->session, r->channel->path, (pid_t)r->child_pid);
	uint64_t age_ns = now - r->child_ended_ns;
	r->others_left = found.mapped || (found.starting && age_ns < STARTING_GRACE_NS);
	r->next_survey_ns =
		now + (r->told_of_others ? LONG_SURVEY_INTERVAL_NS : SURVEY_INTERVAL_NS);
	return r->others_left;
}

static bool all_ended(struct recording *r)
{
	if (r->interrupted)
		return true;
	if (r->scanner.pending)
		return false;
	if (r->collector.processes.watched_live || unknown_ones_left(r)) {
		tell_of_others(r);
		return false;
	}
	return true;
}

/* One round while the trace is being written. */
static void record(struct recording *r)
{
	r->scans = scanner_take(&r->scanner);
	collector_pass(&r->collector);
	scanner_look(&r->scanner, &r->collector.slots);
	look_in_time(r);
	check_limits(r);
	if (!r->writer)
		return;
	if (r->child_ended && all_ended(r))
		complete_trace(r, r->interrupted ? COLLECT_END_INTERRUPTED : COLLECT_END_EXIT);
	else if (clock_monotonic_ns() >= r->next_flush_ns)
		flush(r);
}

void recording_run(struct recording *r)
{
	r->next_flush_ns = clock_monotonic_ns() + FLUSH_INTERVAL_NS;
	while (r->writer || !r->child_ended) {
		uint32_t seen = at_load_acquire(&r->session->header->wake);
		take_messages(r);
		if (r->child_ended && r->writer)
			processes_note_end_of_pid(&r->collector.processes, r->child_pid,
						  (uint64_t)r->result->status);
		if (r->writer && !r->heap_named)
			name_heap(r);
		if (r->writer)
			record(r);
		if (r->stopped)
			stop_too(r);
		else if (r->writer)
			collector_sleep(&r->collector, seen);
		else if (!r->child_ended)
			session_sleep(r->session, seen, WAIT_ONLY_SLEEP_NS);
	}
}
