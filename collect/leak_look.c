/* leak_look.c - see leak_look.h. */
#include "collect/leak_look.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/atomics.h"
#include "collect/clock.h"
#include "collect/collect.h"
#include "collect/served.h"
#include "inject/process_pages.h"
#include "inject/stopped.h"
#include "util/mem.h"
#include "util/strbuf.h"

enum {
	RED_ZONE_BYTES = 128, /* below the stack pointer, used all the same */
	MAPS_CHUNK_BYTES = 16384,
};

_Static_assert((int)COLLECT_MAX_PEEK_BYTES == SCAN_PEEK_MAX_BYTES, "what the user may ask for");

struct looking {
	struct scanner *scanner;
	struct scan_job *job;
	/* By ptrace, */
	struct stopped stopped;
	struct process_pages pages;
	/* or from inside. */
	struct served served;
	bool held; /* the watching thread does not wait for its child */
	struct scan_thread *threads;
	uint64_t *registers; /* of all threads */
};

static bool read_memory(void *context, uint64_t at, void *out, size_t bytes)
{
	const struct looking *l = context;
	return !scanner_is_cancelled(l->scanner, l->job) &&
	       process_memory_read(&l->stopped.memory, at, out, bytes);
}

static uint64_t touched(void *context, uint64_t at, uint64_t high)
{
	struct looking *l = context;
	return process_pages_touched(&l->pages, at, high);
}

static bool read_served(void *context, uint64_t at, void *out, size_t bytes)
{
	struct looking *l = context;
	return !scanner_is_cancelled(l->scanner, l->job) && served_read(&l->served, at, out, bytes);
}

static bool is_own(void *context, uint32_t slot, uint64_t counter)
{
	const struct looking *l = context;
	return scan_job_is_own(l->job, slot, counter);
}

static bool is_allocator(void *context, const char *path)
{
	return scanner_is_allocator(((struct looking *)context)->scanner, path);
}

/* Its innermost frame is the allocator's: tcmalloc makes objects of its own by operator new. */
static bool is_allocators_stack(void *context, uint32_t stack)
{
	const struct session *session = ((struct looking *)context)->job->session;
	if (stack < NODE_FIRST || stack >= SESSION_MAX_NODES)
		return false;
	const struct session_node *node = &session->nodes[stack];
	if (!at_load_acquire(&node->ready) || node->module >= SESSION_MAX_MODULES)
		return false;
	const struct session_module *module = &session->modules[node->module];
	return at_load_acquire(&module->ready) && is_allocator(context, module->path);
}

enum { REGISTERS_A_THREAD = STOPPED_REGISTERS + STOPPED_VECTOR_WORDS };

_Static_assert((int)SCAN_REGISTERS <= REGISTERS_A_THREAD, "those of the asking thread fit");

/* The asking thread is in the runtime: what is in its registers now is not the program's. */
static void describe_thread(const struct scan_job *job, const struct stopped_thread *from,
			    uint64_t *registers, struct scan_thread *out)
{
	bool asks = job->frame && (uint32_t)from->tid == job->tid;
	*out = (struct scan_thread){ .tid = (uint32_t)from->tid,
				     .sp = asks	      ? job->frame
					   : from->sp ? from->sp - RED_ZONE_BYTES
						      : 0, /* not known */
				     .thread_pointer = from->fs_base,
				     .registers = registers };
	if (asks) {
		memcpy(registers, job->registers, sizeof(job->registers));
		out->register_count = SCAN_REGISTERS;
		return;
	}
	memcpy(registers, from->registers, sizeof(from->registers));
	memcpy(registers + STOPPED_REGISTERS, from->vectors, sizeof(from->vectors));
	out->register_count = STOPPED_REGISTERS + from->vector_words;
}

static void describe_threads(struct looking *l, const struct stopped_thread *from, size_t count)
{
	l->threads = mem_zalloc(count, sizeof(*l->threads));
	l->registers = mem_zalloc(count, REGISTERS_A_THREAD * sizeof(*l->registers));
	for (size_t i = 0; i < count; i++)
		describe_thread(l->job, &from[i], l->registers + i * REGISTERS_A_THREAD,
				&l->threads[i]);
}

static int read_maps(const struct process_memory *memory, struct strbuf *text, struct err *err)
{
	char buffer[MAPS_CHUNK_BYTES];
	ssize_t bytes;
	int fd = process_memory_file(memory, "maps");
	if (fd < 0)
		return err_set_errno(err, "its mappings cannot be read");
	while ((bytes = read(fd, buffer, sizeof(buffer))) > 0)
		strbuf_add(text, buffer, (size_t)bytes);
	close(fd);
	return text->len ? 0 : err_set(err, "it has ended");
}

/* The first block of each ring since the scope began; NULL: only its time tells. The caller frees
 * it. */
static uint64_t *read_counters(const struct scan_job *job, const struct scan_memory *memory)
{
	if (!job->since_counters || !job->since_slots || job->since_slots > SESSION_MAX_RINGS)
		return NULL;
	uint64_t *counters = mem_zalloc((size_t)job->since_slots, sizeof(*counters));
	if (memory->read(memory->context, job->since_counters, counters,
			 job->since_slots * sizeof(*counters)))
		return counters;
	free(counters);
	return NULL;
}

/* Of the process that stands still, whose memory and mappings these are. */
static int search(struct looking *l, struct scan_memory memory, const char *maps,
		  const struct stopped_thread *threads, size_t count, struct err *err)
{
	const struct scan_job *job = l->job;
	uint64_t *counters = read_counters(job, &memory);
	describe_threads(l, threads, count);
	const struct scan_target target = {
		.memory = memory,
		.maps = maps,
		.block_roots = job->block_roots,
		.memory_tables = job->memory_tables,
		.threads = l->threads,
		.thread_count = count,
		.now_tsc = job->now_tsc,
		.is_own = is_own,
		.is_allocator = is_allocator,
		.is_allocators_stack = is_allocators_stack,
		.context = l,
		.since_tsc = job->since_tsc,
		.since_counters = counters,
		.since_slots = counters ? job->since_slots : 0,
		.peek_bytes = l->scanner->peek_bytes,
	};
	int failed = leak_scan_run(&target, &l->job->scan, err);
	free(counters);
	free(l->threads);
	free(l->registers);
	return failed;
}

static int look_through(struct looking *l, struct err *err)
{
	const struct scan_memory memory = { l, read_memory, touched };
	struct strbuf maps = STRBUF_INIT;
	int failed = read_maps(&l->stopped.memory, &maps, err);
	if (!failed) {
		process_pages_open(&l->pages, &l->stopped.memory, maps.text);
		failed = search(l, memory, maps.text, l->stopped.threads, l->stopped.count, err);
		process_pages_close(&l->pages);
	}
	strbuf_release(&maps);
	return failed;
}

static void tell_unstopped(struct scan_job *job, size_t threads)
{
	if (threads)
		err_set(&job->problem,
			"%zu of its threads could not be stopped: what only they hold may count "
			"as lost",
			threads);
}

static void end_look(struct looking *l, int failed, const char *why)
{
	if (scanner_is_cancelled(l->scanner, l->job))
		scan_job_fail(l->job, "it was broken off");
	else if (failed)
		scan_job_fail(l->job, why);
}

/* A copy is looked through: the process goes on at once, if it does not want to know what comes of
 * it. */
static void leave_to_copy(struct looking *l)
{
	struct scan_job *job = l->job;
	job->method = SCAN_BY_SNAPSHOT;
	if (l->held)
		watch_let_child_go(l->scanner->watch);
	l->held = false;
	if (job->record && job->reason != SCAN_BY_API) {
		scan_job_let_go_on(job->record);
		job->record = NULL;
	}
}

static void look_at_stopped(struct looking *l)
{
	struct scan_job *job = l->job;
	struct err err = { "" };
	tell_unstopped(job, l->stopped.unstopped);
	job->method = SCAN_BY_PTRACE;
	job->now_tsc = clock_tsc();
	scan_job_note_stopped(job);
	if (l->scanner->snapshot && stopped_snapshot(&l->stopped, &err) == STOPPED_OK)
		leave_to_copy(l);
	else if (err.text[0])
		err_set(&job->problem, "it could not be copied and stood still instead: %s",
			err.text);
	int failed = look_through(l, &err);
	end_look(l, failed, err.text);
	/* The end of a copy stops a thread again: to who waits for the child that would be a stop.
	 */
	if (!l->held)
		l->held = watch_hold_child(l->scanner->watch, job->pid);
	stopped_end(&l->stopped);
	job->stopped_ns = l->stopped.stopped_ns;
}

/* Its list of pages may be read where its memory may not. */
static void open_pages_served(struct looking *l, const char *maps)
{
	char path[32];
	struct process_memory m = PROCESS_MEMORY_INIT;
	snprintf(path, sizeof(path), "/proc/%d", (int)l->job->pid);
	if (l->job->pid)
		m.dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	process_pages_open(&l->pages, &m, maps);
	if (m.dir_fd >= 0)
		close(m.dir_fd);
}

static int look_through_served(struct looking *l, struct err *err)
{
	const struct scan_memory memory = { l, read_served, touched };
	struct scan_job *job = l->job;
	struct strbuf maps = STRBUF_INIT;
	int failed = served_begin(&l->served, job->session, job->record, job->pid, err);
	job->now_tsc = clock_tsc();
	scan_job_note_stopped(job);
	if (!failed)
		failed = served_maps(&l->served, &maps, err);
	if (!failed) {
		open_pages_served(l, maps.text);
		failed = search(l, memory, maps.text, l->served.threads, l->served.count, err);
		process_pages_close(&l->pages);
	}
	if (!failed && l->served.is_gone)
		failed = err_set(err, "it does not answer any more");
	if (!failed)
		tell_unstopped(job, l->served.unstopped);
	served_end(&l->served);
	job->stopped_ns = l->served.stopped_ns;
	strbuf_release(&maps);
	return failed;
}

/* ptrace is refused, by what `why` says. Only a process that waits for its answer can help. */
static void look_from_inside(struct looking *l, const char *why)
{
	struct scan_job *job = l->job;
	struct err err = { "" };
	if (!job->record) {
		scan_job_fail(job, why);
		return;
	}
	job->method = SCAN_INSIDE;
	if (look_through_served(l, &err) < 0) {
		char *both = mem_printf("%s; from inside: %s", why, err.text);
		scan_job_fail(job, both);
		free(both);
	} else {
		end_look(l, 0, NULL);
	}
}

void leak_look(struct scanner *s, struct scan_job *job)
{
	struct looking l = { .scanner = s, .job = job };
	struct err err = { "" };
	if (scanner_is_cancelled(s, job)) {
		scan_job_fail(job, "it was broken off");
		return;
	}
	if (!job->pid) {
		look_from_inside(&l, "its number in the tool's pid namespace is not known");
		return;
	}
	l.held = watch_hold_child(s->watch, job->pid);
	enum stopped_outcome outcome = stopped_begin(&l.stopped, job->pid, &err);
	if (outcome == STOPPED_OK)
		look_at_stopped(&l);
	else if (outcome == STOPPED_GONE)
		scan_job_fail(job, "it has ended meanwhile");
	else
		look_from_inside(&l, err.text);
	if (l.held)
		watch_let_child_go(s->watch);
}
