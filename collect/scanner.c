/* scanner.c - see scanner.h. */
#include "collect/scanner.h"

#include <stdlib.h>
#include <string.h>

#include "base/atomics.h"
#include "collect/clock.h"
#include "collect/leak_look.h"
#include "util/mem.h"

enum { THREAD_STACK_BYTES = 1 << 20, BREAK_OFF_AGE_NS = 300000000 };

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

void scanner_break_off(struct scanner *s)
{
	if (clock_monotonic_ns() - s->newest_ns > BREAK_OFF_AGE_NS)
		scanner_cancel(s);
}

bool scanner_is_cancelled(const struct scanner *s, const struct scan_job *job)
{
	return at_load_relaxed(&s->cancelled) >= job->number;
}

bool scanner_is_allocator(struct scanner *s, const char *path)
{
	bool found = false;
	pthread_mutex_lock(&s->lock);
	for (size_t i = 0; i < s->allocator_file_count && !found; i++)
		found = strcmp(s->allocator_files[i], path) == 0;
	pthread_mutex_unlock(&s->lock);
	return found;
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
	leak_look(s, job);
	job->took_ns = clock_monotonic_ns() - began_ns;
	struct session_scan *record = job->record;
	if (record)
		fill_answer(record, job);
	hand_back(s, job); /* first, so that what was found is known before the process ends */
	scan_job_let_go_on(record);
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
	s->newest_ns = clock_monotonic_ns();
	if (!is_ready(s)) {
		scan_job_fail(job, "the tool could not start a thread");
		scan_job_let_go_on(job->record);
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
