/* stopped.c - see stopped.h.
 *
 * A thread of its own is the tracer, because ptrace takes orders from one thread only, and because
 * the end of that thread lets go what no order can: a thread that has not come to a stand. */
#include "inject/stopped.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "inject/process_copy.h"
#include "inject/stop_threads.h"
#include "inject/thread_registers.h"
#include "util/mem.h"

enum { OPEN_TRIES = 10, REAP_INTERVAL_NS = 10000000, SECOND_NS = 1000000000 };

enum order { ORDER_END, ORDER_SNAPSHOT };

struct stopped_state {
	pthread_t tracer;
	sem_t ordered, answered;
	enum order order;
	enum stopped_outcome outcome; /* the answer */
	struct err err;
	struct stop_threads threads;
	struct process_copy copy;
};

/* ---- why not ---- */

static void name_of(pid_t pid, char *out, size_t room)
{
	ssize_t got = stop_thread_file(pid, pid, "comm", out, room);
	if (got > 0 && out[got - 1] == '\n')
		out[got - 1] = '\0';
}

static enum stopped_outcome explain_refusal(struct stopped *s, int error, struct err *err)
{
	int pid = (int)s->pid;
	pid_t tracer = stop_thread_tracer(s->pid, s->pid);
	char name[64];
	if (process_memory_is_gone(&s->memory)) {
		err_set(err, "process %d has ended", pid);
		return STOPPED_GONE;
	}
	if (tracer > 0) {
		name_of(tracer, name, sizeof(name));
		err_set(err,
			"process %d: its threads may not be stopped: it is traced already, by "
			"process %d (%s)",
			pid, (int)tracer, name);
	} else if (error == EPERM || error == EACCES) {
		process_memory_refused(&s->memory, "its threads may not be stopped", err);
	} else {
		errno = error;
		err_set_errno(err, "process %d: its threads cannot be stopped by ptrace()", pid);
	}
	return STOPPED_REFUSED;
}

/* ---- in the tracer ---- */

static void add_thread(struct stopped *s, const struct stop_thread *from)
{
	struct user_regs_struct regs;
	s->threads = mem_grow(s->threads, &s->cap, s->count + 1, sizeof(*s->threads));
	struct stopped_thread *to = &s->threads[s->count];
	if (from->stands && thread_registers_get(from->tid, &regs)) {
		thread_registers_repeat_call(from->tid, &regs);
		thread_registers_copy(from->tid, &regs, to);
	} else {
		char state = stop_thread_state(s->pid, from->tid);
		if (!state || state == 'Z' || state == 'X')
			return;
		thread_registers_of_call(s->pid, from->tid, to);
		s->unstopped++;
	}
	s->count++;
	if (to->tid == s->pid && s->count > 1) {
		struct stopped_thread first = s->threads[0];
		s->threads[0] = *to;
		*to = first;
	}
}

static enum stopped_outcome stop_all(struct stopped *s)
{
	struct stopped_state *state = s->state;
	int refused = 0;
	enum stop_threads_outcome outcome = stop_threads_begin(&state->threads, s->pid, &refused);
	if (outcome == STOP_THREADS_REFUSED)
		return explain_refusal(s, refused, &state->err);
	for (size_t i = 0; i < state->threads.count; i++)
		add_thread(s, &state->threads.items[i]);
	if (outcome == STOP_THREADS_OK && s->count && !process_memory_is_gone(&s->memory))
		return STOPPED_OK;
	stop_threads_end(&state->threads);
	err_set(&state->err, "process %d has ended, or has become another program", (int)s->pid);
	return STOPPED_GONE;
}

static void let_go(struct stopped *s)
{
	stop_threads_end(&s->state->threads);
	if (!s->stopped_ns)
		s->stopped_ns = stop_clock_ns() - s->state->threads.begin_ns;
}

static enum stopped_outcome copy(struct stopped *s)
{
	struct stopped_state *state = s->state;
	struct process_memory memory;
	if (process_copy_make(&state->copy, &state->threads, &s->memory, &memory, &state->err) < 0)
		return STOPPED_FAILED;
	let_go(s);
	process_memory_close(&s->memory);
	s->memory = memory;
	return STOPPED_OK;
}

static enum stopped_outcome end(struct stopped *s)
{
	let_go(s);
	process_copy_end(&s->state->copy, s->pid);
	return STOPPED_OK;
}

static void *trace(void *context)
{
	struct stopped *s = context;
	struct stopped_state *state = s->state;
	state->outcome = stop_all(s);
	bool goes_on = state->outcome == STOPPED_OK;
	sem_post(&state->answered);
	while (goes_on) {
		while (sem_wait(&state->ordered) < 0 && errno == EINTR)
			;
		goes_on = state->order != ORDER_END;
		state->outcome = goes_on ? copy(s) : end(s);
		sem_post(&state->answered);
	}
	return NULL;
}

/* ---- for the caller ---- */

/* An exec waits until the other threads of its process are gone, which those that are traced are only
 * when their tracer's process has asked for them; and holds a lock meanwhile that PTRACE_SEIZE waits
 * for. So it is not the tracer who asks. */
static void wait_for_answer(const struct stopped *s)
{
	struct stopped_state *state = s->state;
	struct timespec until;
	do {
		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += REAP_INTERVAL_NS;
		if (until.tv_nsec >= SECOND_NS) {
			until.tv_sec++;
			until.tv_nsec -= SECOND_NS;
		}
		if (sem_timedwait(&state->answered, &until) == 0)
			return;
		if (errno == ETIMEDOUT)
			stop_threads_take_exits(s->pid);
	} while (true);
}

static void release(struct stopped *s)
{
	pthread_join(s->state->tracer, NULL);
	sem_destroy(&s->state->ordered);
	sem_destroy(&s->state->answered);
	free(s->state);
	free(s->threads);
	s->state = NULL;
	s->threads = NULL;
	s->count = s->cap = 0;
	process_memory_close(&s->memory);
}

/* Signals of the tool are for its other threads. */
static int start_tracer(struct stopped *s)
{
	sigset_t all, before;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int code = pthread_create(&s->state->tracer, NULL, trace, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return code;
}

static enum stopped_outcome open_memory(struct stopped *s, struct err *err)
{
	/* One that becomes another program just then cannot be read, either. */
	for (int i = 0; i < OPEN_TRIES; i++)
		if (process_memory_open(&s->memory, s->pid, err) == 0)
			return STOPPED_OK;
	char byte[2], state = stop_thread_state(s->pid, s->pid);
	/* One that is about to end has no memory any more, long before it is a zombie: nothing can
	 * be read of this then, and newer kernels do not even open it. */
	errno = 0;
	ssize_t got = stop_thread_file(s->pid, s->pid, "auxv", byte, sizeof(byte));
	bool has_ended = !state || state == 'Z' || state == 'X' || got == 0 ||
			 (got < 0 && (errno == ESRCH || errno == ENOENT));
	return has_ended ? STOPPED_GONE : STOPPED_REFUSED;
}

enum stopped_outcome stopped_begin(struct stopped *s, pid_t pid, struct err *err)
{
	*s = (struct stopped){ .pid = pid, .memory = PROCESS_MEMORY_INIT };
	enum stopped_outcome outcome = open_memory(s, err);
	if (outcome != STOPPED_OK)
		return outcome;
	s->state = mem_zalloc(1, sizeof(*s->state));
	sem_init(&s->state->ordered, 0, 0);
	sem_init(&s->state->answered, 0, 0);
	int code = start_tracer(s);
	if (code) {
		process_memory_close(&s->memory);
		free(s->state);
		s->state = NULL;
		errno = code;
		err_set_errno(err, "cannot start a thread");
		return STOPPED_FAILED;
	}
	wait_for_answer(s);
	outcome = s->state->outcome;
	if (outcome != STOPPED_OK) {
		if (err)
			*err = s->state->err;
		release(s);
	}
	return outcome;
}

static enum stopped_outcome give_order(struct stopped *s, enum order order, struct err *err)
{
	s->state->order = order;
	sem_post(&s->state->ordered);
	wait_for_answer(s);
	if (s->state->outcome != STOPPED_OK && err)
		*err = s->state->err;
	return s->state->outcome;
}

enum stopped_outcome stopped_snapshot(struct stopped *s, struct err *err)
{
	return give_order(s, ORDER_SNAPSHOT, err);
}

void stopped_end(struct stopped *s)
{
	if (!s->state)
		return;
	give_order(s, ORDER_END, NULL);
	release(s);
}
