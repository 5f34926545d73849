/* scanner.c - see scanner.h. */
#include "collect/scanner.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
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
	THREAD_STACK_BYTES = 1 << 20,
	RED_ZONE_BYTES = 128, /* below the stack pointer, used all the same */
};

void scanner_init(struct scanner *s, struct session *session, struct watch *watch)
{
	*s = (struct scanner){ .session = session, .watch = watch };
	s->queue_end = &s->queue;
	s->done_end = &s->done;
	pthread_mutex_init(&s->lock, NULL);
	pthread_cond_init(&s->work, NULL);
}

static void free_list(struct scan_job *list)
{
	for (struct scan_job *next; list; list = next) {
		next = list->next;
		scan_job_free(list);
	}
}

void scanner_stop(struct scanner *s)
{
	scanner_cancel(s);
	pthread_mutex_lock(&s->lock);
	s->quits = true;
	pthread_cond_signal(&s->work);
	pthread_mutex_unlock(&s->lock);
	if (s->started)
		pthread_join(s->thread, NULL);
	s->started = false;
	s->refuses = true;
}

void scanner_release(struct scanner *s)
{
	scanner_stop(s);
	free_list(s->queue);
	free_list(s->done);
	for (size_t i = 0; i < s->allocator_file_count; i++)
		free(s->allocator_files[i]);
	free(s->allocator_files);
	pthread_cond_destroy(&s->work);
	pthread_mutex_destroy(&s->lock);
}

void scanner_cancel(struct scanner *s)
{
	at_store_relaxed(&s->cancelled, s->job_count);
}

void scanner_note_allocator(struct scanner *s, const char *path)
{
	pthread_mutex_lock(&s->lock);
	s->allocator_files = mem_grow(s->allocator_files, &s->allocator_file_cap,
				      s->allocator_file_count + 1, sizeof(*s->allocator_files));
	s->allocator_files[s->allocator_file_count++] = mem_strdup(path);
	pthread_mutex_unlock(&s->lock);
}

/* ---- one job, in the scanner's thread ---- */

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

static bool is_cancelled(const struct scanner *s, const struct scan_job *job)
{
	return at_load_relaxed(&s->cancelled) >= job->number;
}

static bool read_memory(void *context, uint64_t at, void *out, size_t bytes)
{
	const struct looking *l = context;
	return !is_cancelled(l->scanner, l->job) &&
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
	return !is_cancelled(l->scanner, l->job) && served_read(&l->served, at, out, bytes);
}

static bool is_own(void *context, uint32_t slot, uint64_t counter)
{
	const struct looking *l = context;
	return scan_job_is_own(l->job, slot, counter);
}

static bool is_allocator(void *context, const char *path)
{
	struct scanner *s = ((struct looking *)context)->scanner;
	bool found = false;
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->allocator_file_count && !found; i++)
		found = strcmp(s->allocator_files[i], path) == 0;
	pthread_mutex_unlock(&s->lock);
	return found;
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
	char buffer[16384];
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

static void fail(struct scan_job *job, const char *why)
{
	job->method = SCAN_IMPOSSIBLE;
	err_set(&job->problem, "%s", why);
	leak_scan_release(&job->scan);
	job->scan = (struct leak_scan){ .groups = NULL };
}

static void tell_unstopped(struct scan_job *job, size_t threads)
{
	if (threads)
		err_set(&job->problem,
			"%zu of its threads could not be stopped: what only they hold may count "
			"as lost",
			threads);
}

/* What was found is handed back before, so it is known before the process ends. If nobody waits any
 * more, the record is free again. */
static void let_go_on(struct session_scan *r)
{
	uint32_t seen = SCAN_TAKEN;
	if (!r)
		return;
	if (at_cas_acq_rel(&r->state, &seen, (uint32_t)SCAN_DONE))
		syscall(SYS_futex, &r->state, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
	else
		at_store_release(&r->state, (uint32_t)SCAN_FREE);
}

static void end_look(struct looking *l, int failed, const char *why)
{
	if (is_cancelled(l->scanner, l->job))
		fail(l->job, "it was broken off");
	else if (failed)
		fail(l->job, why);
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
		let_go_on(job->record);
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
		fail(job, why);
		return;
	}
	job->method = SCAN_INSIDE;
	if (look_through_served(l, &err) < 0) {
		char *both = mem_printf("%s; from inside: %s", why, err.text);
		fail(job, both);
		free(both);
	} else {
		end_look(l, 0, NULL);
	}
}

static void look(struct scanner *s, struct scan_job *job)
{
	struct looking l = { .scanner = s, .job = job };
	struct err err = { "" };
	if (is_cancelled(s, job)) {
		fail(job, "it was broken off");
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
		fail(job, "it has ended meanwhile");
	else
		look_from_inside(&l, err.text);
	if (l.held)
		watch_let_child_go(s->watch);
}

/* ---- the thread ---- */

static void fill_answer(struct session_scan *r, const struct scan_job *job)
{
	const struct leak_sum *kinds = job->scan.kinds;
	r->method = job->method;
	r->lost_blocks = kinds[LEAK_DEFINITE].blocks + kinds[LEAK_INDIRECT].blocks;
	r->indirect_blocks = kinds[LEAK_INDIRECT].blocks;
	r->indirect_bytes = kinds[LEAK_INDIRECT].bytes;
	r->lost_bytes = kinds[LEAK_DEFINITE].bytes + kinds[LEAK_INDIRECT].bytes;
	r->possible_blocks = kinds[LEAK_POSSIBLE].blocks;
	r->possible_bytes = kinds[LEAK_POSSIBLE].bytes;
	r->reachable_blocks = kinds[LEAK_REACHABLE].blocks;
	r->reachable_bytes = kinds[LEAK_REACHABLE].bytes;
}

static struct scan_job *next_job(struct scanner *s)
{
	pthread_mutex_lock(&s->lock);
	while (!s->queue && !s->quits)
		pthread_cond_wait(&s->work, &s->lock);
	struct scan_job *job = s->quits ? NULL : s->queue;
	if (job) {
		s->queue = job->next;
		if (!s->queue)
			s->queue_end = &s->queue;
		job->next = NULL;
	}
	pthread_mutex_unlock(&s->lock);
	return job;
}

static void hand_back(struct scanner *s, struct scan_job *job)
{
	pthread_mutex_lock(&s->lock);
	*s->done_end = job;
	s->done_end = &job->next;
	pthread_mutex_unlock(&s->lock);
	session_wake(s->session);
}

static void carry_out(struct scanner *s, struct scan_job *job)
{
	uint64_t began_ns = clock_monotonic_ns();
	look(s, job);
	job->took_ns = clock_monotonic_ns() - began_ns;
	struct session_scan *record = job->record;
	if (record)
		fill_answer(record, job);
	hand_back(s, job);
	let_go_on(record);
}

static void *scanner_main(void *context)
{
	struct scanner *s = context;
	for (struct scan_job *job; (job = next_job(s));)
		carry_out(s, job);
	return NULL;
}

static int start_thread(struct scanner *s)
{
	pthread_attr_t attr;
	int code = pthread_attr_init(&attr);
	if (code)
		return code;
	pthread_attr_setstacksize(&attr, THREAD_STACK_BYTES);
	code = pthread_create(&s->thread, &attr, scanner_main, s);
	pthread_attr_destroy(&attr);
	return code;
}

/* ---- the collector's side ---- */

static bool is_ready(struct scanner *s)
{
	if (!s->started && !s->refuses) {
		s->started = start_thread(s) == 0;
		s->refuses = !s->started;
	}
	return s->started;
}

void scanner_add(struct scanner *s, struct scan_job *job)
{
	s->pending++;
	job->number = ++s->job_count;
	if (!is_ready(s)) {
		fail(job, "the tool could not start a thread");
		let_go_on(job->record);
		hand_back(s, job);
		return;
	}
	pthread_mutex_lock(&s->lock);
	*s->queue_end = job;
	s->queue_end = &job->next;
	pthread_cond_signal(&s->work);
	pthread_mutex_unlock(&s->lock);
}

struct scan_job *scanner_take(struct scanner *s)
{
	if (!s->pending)
		return NULL;
	pthread_mutex_lock(&s->lock);
	struct scan_job *done = s->done;
	s->done = NULL;
	s->done_end = &s->done;
	pthread_mutex_unlock(&s->lock);
	for (const struct scan_job *job = done; job; job = job->next)
		s->pending--;
	return done;
}

/* Nothing in the record can be relied on. */
static void take_request(struct scanner *s, struct slots *slots, struct session_scan *r)
{
	uint32_t seen = SCAN_WANTED, process = at_load_relaxed(&r->process);
	if (!at_cas_acq_rel(&r->state, &seen, (uint32_t)SCAN_TAKEN))
		return;
	if (!processes_see(slots->processes, process)) {
		r->method = SCAN_IMPOSSIBLE;
		at_store_release(&r->state, (uint32_t)SCAN_DONE);
		return;
	}
	struct scan_job *job = scan_job_new(slots, process);
	job->record = r;
	job->reason = r->reason;
	job->tid = r->tid;
	job->frame = r->frame;
	job->since_tsc = r->since_tsc;
	job->since_counters = r->since_counters;
	job->since_slots = r->since_slots;
	memcpy(job->registers, r->registers, sizeof(job->registers));
	memcpy(job->label, r->label, sizeof(job->label) - 1);
	scanner_add(s, job);
}

/* Its process was killed before it could take the answer. */
static bool is_orphan(const struct slots *slots, const struct session_scan *r)
{
	const struct processes *p = slots->processes;
	return r->process >= p->notes_end || !p->notes[r->process].seen ||
	       p->notes[r->process].ended;
}

void scanner_look(struct scanner *s, struct slots *slots)
{
	uint32_t wanted = at_load_acquire(&s->session->header->scans_wanted);
	if (wanted == s->wanted_seen)
		return;
	s->wanted_seen = wanted;
	slots_look(slots);
	for (uint32_t i = 0; i < slots->count; i++)
		if (!slots->items[i].owned)
			slot_refresh(slots, i);
	for (uint32_t i = 0; i < SCAN_MAX; i++) {
		struct session_scan *r = &s->session->scans[i];
		uint32_t state = at_load_acquire(&r->state);
		if (state == SCAN_WANTED)
			take_request(s, slots, r);
		else if (state == SCAN_DONE && is_orphan(slots, r))
			at_cas_acq_rel(&r->state, &state, (uint32_t)SCAN_FREE);
	}
}
