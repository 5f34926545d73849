/* scanner.h - looks for leaks in the processes of a session: a thread of its own, because ptrace
 * belongs to one, and because the collector must go on meanwhile.
 *
 * The collector's thread hands over jobs, and takes them back when they are done. A process that
 * waits for the answer goes on as soon as it has been looked at. All functions but the thread's
 * own: the collector's thread only, where nothing else is said. */
#ifndef ALLOCTRACE_COLLECT_SCANNER_H
#define ALLOCTRACE_COLLECT_SCANNER_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect/scan_job.h"
#include "collect/watch.h"

struct scanner {
	struct session *session;
	struct watch *watch;
	bool snapshot;	     /* the process is copied, and the copy looked through */
	unsigned peek_bytes; /* of examples' contents */
	bool started;	     /* the thread: when there is something to do */
	uint64_t job_count;  /* handed over */
	uint64_t newest_ns;  /* when the last one was; CLOCK_MONOTONIC */
	uint64_t cancelled;  /* jobs up to this number are broken off; atomic, the collector's */
	bool refuses;	     /* the thread could not be started */
	uint32_t wanted_seen;
	uint32_t pending; /* handed over and not taken back */
	pthread_t thread;
	pthread_mutex_t lock; /* protects all below */
	pthread_cond_t work;
	bool quits;
	struct scan_job *queue, **queue_end;
	struct scan_job *done, **done_end;
	char **allocator_files; /* paths of libraries that are nothing but an allocator */
	size_t allocator_file_count, allocator_file_cap;
};

void scanner_init(struct scanner *s, struct session *session, struct watch *watch);
/* Breaks off what is being done, and ends the thread: what was, is there to be taken. */
void scanner_stop(struct scanner *s);
void scanner_release(struct scanner *s);

/* Takes what processes have asked for since; the slots have been looked at. */
void scanner_look(struct scanner *s, struct slots *slots);
/* A look at a process, which does not ask for it itself. Takes the job over. */
void scanner_add(struct scanner *s, struct scan_job *job);
/* What is done, in the order in which it was; a list that the caller frees. NULL: nothing. */
struct scan_job *scanner_take(struct scanner *s);

/* The library at the path is nothing but an allocator. */
void scanner_note_allocator(struct scanner *s, const char *path);
/* Has that been said of it? From any thread. */
bool scanner_is_allocator(struct scanner *s, const char *path);

/* The user does not want to wait for what has been handed over. */
void scanner_cancel(struct scanner *s);
/* The same for a Ctrl-C; not of what has just begun: the program may have asked for it because it is
 * being ended by that very Ctrl-C. */
void scanner_break_off(struct scanner *s);
/* Is the job one of these? From any thread. */
bool scanner_is_cancelled(const struct scanner *s, const struct scan_job *job);

#endif
