/* watch.h - the tool's second thread: answers new processes, notices what ends, takes signals.
 *
 * A process that starts waits for the answer on its socket, so this must not wait for the
 * collector. What the collector has to know is put into a queue, and the collector woken. All
 * signals of the tool are blocked and arrive here. */
#ifndef ALLOCTRACE_COLLECT_WATCH_H
#define ALLOCTRACE_COLLECT_WATCH_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "collect/channel.h"
#include "collect/session_memory.h"
#include "collect/watch_filter.h"
#include "util/err.h"

enum watch_kind {
	WATCH_PROCESS_ENDED, /* .index .value = pid: it has ended or exec'd, its memory is gone */
	WATCH_CHILD_ENDED,   /* .value = wait status */
	WATCH_CHILD_STOPPED, /* .value = signal; without a child the tool itself is to stop */
	WATCH_TOGGLE,	     /* the signal for pausing and resuming came */
	WATCH_LEAKS,	     /* the signal for looking for leaks came */
	WATCH_ASKED, /* .index = pid .value = connection, the taker's: somebody wants to know its
			leaks */
	WATCH_BREAK_OFF,   /* Ctrl-C while there is a child: it is the child's, but nobody wants to
			      wait */
	WATCH_INTERRUPTED, /* .value = SIGINT, SIGTERM...: when there is no child to be told */
};

struct watch_message {
	enum watch_kind kind;
	uint32_t index; /* of a process record; or as above */
	int value;
};

struct watched {
	int fd_plus_1; /* pidfd; 0: there is none */
	pid_t pid;
};

struct watch {
	struct session *session;
	struct channel *channel;
	struct watch_filter filter;
	pid_t child;       /* 0 once it has been waited for; written by the thread */
	uint32_t left_out; /* programs that the filter did not want; the thread writes it */
	uint64_t child_ended_ns; /* CLOCK_MONOTONIC; the thread's own */
	int toggle_signal; /* 0: none */
	int leak_signal;   /* 0: none */
	int epoll_fd, signal_fd, quit_fd, look_fd;
	pthread_t thread;
	pthread_mutex_t child_lock; /* held while the child is waited for, or traced */
	pthread_mutex_t lock; /* protects all below */
	struct watched *watched; /* by process index */
	uint32_t *polled;     /* indices of processes without a pidfd, asked now and then */
	size_t polled_count, polled_cap;
	struct watch_message *queue;
	size_t queue_count, queue_cap;
};

/* Starts the thread. `signals` is the set that the tool has blocked. */
int watch_start(struct watch *w, const sigset_t *signals, struct err *err);
/* Ends the thread; no process is answered any more. */
void watch_stop(struct watch *w);

/* Takes the queue: *count messages, or NULL when there are none. The caller frees it. */
struct watch_message *watch_take(struct watch *w, size_t *count);

/* Watches for the end of a process that has (again) been given this record; pid 0: its end cannot
 * be seen. */
void watch_process(struct watch *w, uint32_t index, pid_t pid);

/* From another thread, which is going to trace a process and to wait for it: until it lets go of
 * the child, the child is not waited for here, and what happens to it is noticed then. False: the
 * process is not the child, and there is nothing to let go of. */
bool watch_hold_child(struct watch *w, pid_t pid);
void watch_let_child_go(struct watch *w);

#endif
