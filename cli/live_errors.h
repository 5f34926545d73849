/* live_errors.h - tells of wrong frees while the program runs.
 *
 * What the collector hands over, SESSION_MAX_FINDINGS at most, goes into a queue; a thread of its
 * own looks up the names and prints to stderr, so that the collector never waits for it. */
#ifndef ALLOCTRACE_CLI_LIVE_ERRORS_H
#define ALLOCTRACE_CLI_LIVE_ERRORS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "collect/told_crash.h"
#include "collect/told_finding.h"

struct suppressions;

struct live_errors {
	uint64_t max;			   /* so many are shown; 0: all. Set by the user of it */
	struct suppressions *suppressions; /* may be NULL; the thread's while it runs */
	bool at_end;
	/* The collector's thread alone. */
	bool started;
	pthread_t thread;
	pthread_mutex_t lock; /* protects all below */
	pthread_cond_t changed;
	struct told_finding *first, **last;
	struct told_crash *first_crash, **last_crash;
	uint64_t left_out; /* not shown */
	bool closed;
};

/* at_end: nothing is shown before live_errors_finish(). */
void live_errors_init(struct live_errors *l, bool at_end);
/* Takes over the finding; does not wait. */
void live_errors_take(struct live_errors *l, struct told_finding *finding);
void live_errors_take_crash(struct live_errors *l, struct told_crash *crash);
/* Shows what is still to be shown. */
void live_errors_finish(struct live_errors *l);

#endif
