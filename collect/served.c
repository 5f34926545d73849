/* served.c - see served.h. What stands in the shared memory is the process's word and is taken as
 * such: numbers are bounded, waits are limited. */
#include "collect/served.h"

#include <errno.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/atomics.h"
#include "collect/clock.h"
#include "util/mem.h"

/* Longer than it tries to stop its threads. */
#define PATIENCE_NS UINT64_C(10000000000)

enum {
	SLICE_NS = 100000000,
	MAPS_MAX_BYTES = 256 << 20,
};

_Static_assert((int)SERVE_REGISTERS == STOPPED_REGISTERS, "in the same order");
_Static_assert((int)SERVE_VECTOR_WORDS <= STOPPED_VECTOR_WORDS, "they fit");

static void wake(uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT32_MAX, NULL, NULL, 0);
}

static bool has_ended(const struct served *s)
{
	return at_load_acquire(&s->record->state) != SCAN_SERVE ||
	       (s->pid > 0 && kill(s->pid, 0) < 0 && errno == ESRCH);
}

/* How the process answers; false: it does not. */
static bool ask(struct served *s, enum serve_command command, uint64_t at, uint64_t bytes,
		uint64_t *answer)
{
	struct session_serve *serve = s->serve;
	const struct timespec slice = { 0, SLICE_NS };
	uint64_t until_ns = clock_monotonic_ns() + PATIENCE_NS;
	if (s->is_gone)
		return false;
	serve->command = command;
	serve->at = at;
	serve->bytes = bytes;
	at_store_release(&serve->turn, (uint32_t)SERVE_ASKED);
	wake(&serve->turn);
	for (;;) {
		uint32_t turn = at_load_acquire(&serve->turn);
		if (turn != SERVE_ASKED)
			break;
		syscall(SYS_futex, &serve->turn, FUTEX_WAIT, turn, &slice, NULL, 0);
		if (at_load_acquire(&serve->turn) == SERVE_ASKED &&
		    (has_ended(s) || clock_monotonic_ns() > until_ns)) {
			s->is_gone = true;
			return false;
		}
	}
	*answer = serve->answer;
	return true;
}

static void copy_threads(struct served *s)
{
	uint32_t count = at_load_relaxed(&s->serve->thread_count);
	count = count < SERVE_MAX_THREADS ? count : SERVE_MAX_THREADS;
	s->threads = mem_zalloc(count ? count : 1, sizeof(*s->threads));
	s->unstopped = at_load_relaxed(&s->serve->more_threads);
	for (uint32_t i = 0; i < count; i++) {
		const struct serve_thread *from = &s->serve->threads[i];
		struct stopped_thread *to = &s->threads[s->count];
		uint32_t state = at_load_acquire(&from->state);
		if (state == SERVE_THREAD_CALLED)
			s->unstopped++;
		if (state != SERVE_THREAD_STANDS && state != SERVE_THREAD_ASKS)
			continue;
		*to = (struct stopped_thread){ .tid = (pid_t)from->tid,
					       .pc = from->pc,
					       .sp = from->sp,
					       .fs_base = from->fs_base };
		memcpy(to->registers, from->registers, sizeof(to->registers));
		memcpy(to->vectors, from->vectors, sizeof(from->vectors));
		to->vector_words = state == SERVE_THREAD_STANDS ? SERVE_VECTOR_WORDS : 0;
		s->count++;
	}
}

int served_begin(struct served *s, const struct session *session, struct session_scan *record,
		 pid_t pid, struct err *err)
{
	size_t index = (size_t)(record - session->scans);
	uint8_t *serves = session->base + session_serves_offset();
	uint32_t seen = SCAN_TAKEN;
	uint64_t answer = 0;
	*s = (struct served){ .record = record,
			      .serve = (struct session_serve *)serves + index,
			      .pid = pid,
			      .begin_ns = clock_monotonic_ns() };
	pthread_mutex_init(&s->lock, NULL);
	s->serve->thread_count = 0;
	at_store_relaxed(&s->serve->turn, (uint32_t)SERVE_IDLE);
	if (!at_cas_acq_rel(&record->state, &seen, (uint32_t)SCAN_SERVE)) {
		s->is_gone = true;
		return err_set(err, "the process has not waited to be looked at");
	}
	wake(&record->state);
	if (!ask(s, SERVE_BEGIN, 0, 0, &answer))
		return err_set(err, "the process does not answer: it filters its system calls, or "
				    "has ended");
	if (answer) {
		errno = answer < 4096 ? (int)answer : EPROTO;
		return err_set_errno(err, "the process cannot stop its threads");
	}
	copy_threads(s);
	return 0;
}

int served_maps(struct served *s, struct strbuf *out, struct err *err)
{
	uint64_t got = 0;
	pthread_mutex_lock(&s->lock);
	while (out->len < MAPS_MAX_BYTES && ask(s, SERVE_MAPS, 0, 0, &got) && got > 0 &&
	       got <= SERVE_WINDOW_BYTES)
		strbuf_add(out, (const char *)s->serve->window, got);
	pthread_mutex_unlock(&s->lock);
	return out->len ? 0 : err_set(err, "the process cannot read its mappings");
}

bool served_read(void *context, uint64_t at, void *out, size_t bytes)
{
	struct served *s = context;
	size_t done = 0;
	bool ok = true;
	pthread_mutex_lock(&s->lock);
	while (ok && done < bytes) {
		size_t step = bytes - done < SERVE_WINDOW_BYTES ? bytes - done : SERVE_WINDOW_BYTES;
		uint64_t got = 0;
		ok = ask(s, SERVE_READ, at + done, step, &got) && got == step;
		if (ok)
			memcpy((char *)out + done, s->serve->window, step);
		done += step;
	}
	pthread_mutex_unlock(&s->lock);
	return ok;
}

void served_end(struct served *s)
{
	uint32_t seen = SCAN_SERVE;
	if (at_cas_acq_rel(&s->record->state, &seen, (uint32_t)SCAN_TAKEN)) {
		at_store_release(&s->serve->turn, (uint32_t)SERVE_IDLE);
		wake(&s->serve->turn);
	}
	s->stopped_ns = clock_monotonic_ns() - s->begin_ns;
	pthread_mutex_destroy(&s->lock);
	free(s->threads);
	s->threads = NULL;
	s->count = 0;
}
