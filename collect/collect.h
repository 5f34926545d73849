/* collect.h - runs a program and records its allocations into a trace file: the whole of
 * `alloctrace run` but for options and messages.
 *
 * Uses the whole process: its signals, its children, a second thread. Call it once. */
#ifndef ALLOCTRACE_COLLECT_COLLECT_H
#define ALLOCTRACE_COLLECT_COLLECT_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "collect/told_crash.h"
#include "collect/told_finding.h"
#include "collect/watch_filter.h"
#include "util/err.h"
#include "wire/session.h"

struct user_families;

enum { COLLECT_MAX_PEEK_BYTES = 64 };

enum collect_end {
	COLLECT_END_EXIT,        /* all traced processes have ended */
	COLLECT_END_LIMIT,       /* duration or size */
	COLLECT_END_INTERRUPTED, /* the user did not wait for the processes left behind */
	COLLECT_END_FAILED,      /* the trace could not be written on */
};

struct collect_result {
	int exec_errno;          /* not 0: the program could not be started */
	int status;              /* of the program, as of waitpid() */
	enum collect_end end;
	bool program_ended;      /* the status is known */
	char *path;              /* of the trace */
	uint64_t bytes;          /* of the file */
	uint64_t events;
	uint64_t duration_ns;
	uint32_t processes, programs, threads;
	char *empty;             /* why the trace holds no allocation, a sentence; NULL: it does */
	size_t unresolved;       /* addresses without symbols because the user interrupted */
	struct err write_error;  /* why the end is COLLECT_END_FAILED */
};

struct collect_options {
	char *const *argv;       /* the program and its arguments; ends with NULL */
	const char *output;      /* file name; %p pid, %n name of the program, %% a per cent sign */
	uint32_t session_options; /* enum session_option */
	uint32_t max_depth;
	uint32_t on_error;       /* as struct session_header has it */
	bool paused;             /* begin without recording */
	bool no_record;          /* look for wrong frees, and record nothing else; not with paused */
	int toggle_signal;       /* pauses and resumes; 0: none */
	uint32_t leak_points;	 /* as struct session_header has it */
	uint64_t leak_marks[SESSION_LEAK_MARKS];
	int leak_signal;	   /* all processes are looked at; 0: none */
	uint64_t leak_interval_ns; /* 0: none */
	bool leak_snapshot;	   /* in copies of the processes */
	unsigned peek_bytes;	   /* of leaked blocks' contents; 0: none */
	uint64_t duration_ns;    /* 0: no limit */
	uint64_t max_bytes;      /* of the file; 0: no limit */
	bool symbols;            /* embed them at the end */
	struct watch_filter filter;
	struct user_families *families; /* allocators that the user names; NULL: none */
	const char *options_text; /* for the trace's facts */
	/* Called with a sentence for the user while the program runs. */
	void (*notice)(void *context, const char *text);
	/* Called when the trace is complete: at the end, when signals are again as they were before
	 * collect_run(); or, with a limit or after a failure, while the program still runs. */
	void (*recorded)(void *context, const struct collect_result *result);
	/* Called now and then while symbols are looked up; NULL: not asked for. */
	void (*progress)(void *context, uint64_t done, uint64_t all);
	/* Called with each wrong free as it is found, which the callee takes over; must not wait. NULL:
	 * not asked for. */
	void (*finding)(void *context, struct told_finding *finding);
	/* The same with each crash. */
	void (*crash)(void *context, struct told_crash *crash);
	/* Called when no more of them will come, before symbols are looked up for the trace. */
	void (*findings_end)(void *context);
	void *context;
};

#define COLLECT_DEFAULT_OUTPUT "alloctrace.%n.%p.atz"

/* Returns when the program has ended. 0: it ran, or exec_errno says why not; -1 with the error: it
 * was not started, because there could be no trace. The caller releases the result. */
int collect_run(const struct collect_options *options, struct collect_result *result,
		struct err *err);
void collect_result_release(struct collect_result *result);

#endif
