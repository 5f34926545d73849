/* served.h - a process that is looked at from inside: it waits for an answer, and meanwhile stops
 * its other threads and shows its memory itself (wire/serves.h), because ptrace is refused.
 *
 * For the scanner's thread:
 *
 *	struct served served;
 *	if (served_begin(&served, session, record, job->pid, &err) == 0) {
 *		served_maps(&served, &text, &err);
 *		target.memory = (struct scan_memory){ &served, served_read };
 *		... served.threads, served.count as those of struct stopped ...
 *		method = SCAN_INSIDE;
 *	}
 *	served_end(&served);
 *
 * `record` is one that is TAKEN, of a process that waits; it is TAKEN again after served_end(), if
 * the process still waits. */
#ifndef ALLOCTRACE_COLLECT_SERVED_H
#define ALLOCTRACE_COLLECT_SERVED_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect/session_memory.h"
#include "inject/stopped.h"
#include "util/strbuf.h"

struct served {
	struct session_scan *record;
	struct session_serve *serve;
	pid_t pid;			/* as the tool sees it; 0: not known */
	struct stopped_thread *threads; /* tids as the process sees them; the one that asks first */
	size_t count;
	size_t unstopped;	       /* threads that do not stand: nothing is known of them */
	uint64_t begin_ns, stopped_ns; /* how long the others stood: set by served_end() */
	bool is_gone;		       /* it does not answer any more */
	pthread_mutex_t lock;
};

/* 0, or -1 with the error: then only served_end() is left to be called, which is needed. */
int served_begin(struct served *s, const struct session *session, struct session_scan *record,
		 pid_t pid, struct err *err) AT_MUST_CHECK;
/* The text of /proc/PID/maps. Once. */
int served_maps(struct served *s, struct strbuf *out, struct err *err) AT_MUST_CHECK;
/* As struct scan_memory wants it; context: the struct served. From any thread. */
bool served_read(void *context, uint64_t at, void *out, size_t bytes);
/* Its threads go on; it waits for its answer as before. */
void served_end(struct served *s);

#endif
