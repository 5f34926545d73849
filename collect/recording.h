/* recording.h - the main loop of a run: from the program's start to the end of the trace. */
#ifndef ALLOCTRACE_COLLECT_RECORDING_H
#define ALLOCTRACE_COLLECT_RECORDING_H

#include <stdbool.h>
#include <stdint.h>

#include "collect/collect.h"
#include "collect/collector.h"
#include "collect/finding_why.h"
#include "collect/module_hooks.h"
#include "collect/scanner.h"
#include "collect/watch.h"

struct recording {
	const struct collect_options *options;
	struct collect_result *result;
	struct session *session;
	struct channel *channel;
	struct watch *watch;
	struct trace_writer *writer; /* NULL when the trace is complete */
	struct collector collector;
	struct module_hooks hooks;
	struct whys whys;
	struct scanner scanner;
	struct scan_job *scans; /* that are done, to be written in this pass */
	uint64_t next_look_ns;	/* for leaks, with an interval */
	bool heap_named;      /* the first process is there; the trace knows its allocator */
	uint64_t first_ns;    /* time of that */
	bool child_ended;
	uint32_t child_pid;
	bool stopped;         /* the child has been stopped */
	bool interrupted;
	bool report_is_due;   /* for after recording_run(): recorded() has not been called */
	bool told_of_others;  /* the user knows that processes are left */
	uint64_t child_ended_ns;
	uint64_t next_flush_ns;
	uint64_t next_survey_ns; /* when to look again for processes not yet known */
	bool others_left;        /* what the last look found */
};

void recording_init(struct recording *r, const struct collect_options *options,
		    struct collect_result *result, struct session *session,
		    struct channel *channel, struct watch *watch, struct trace_writer *writer);
void recording_release(struct recording *r);

/* Runs until the program has ended and the trace is complete. */
void recording_run(struct recording *r);

#endif
