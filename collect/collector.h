/* collector.h - the collector: drains the rings of a session into a trace.
 *
 * One thread owns it. A pass notices new processes and threads, reads the clock, and takes from
 * all rings, merged by time, what was written before that moment (order.c); then it finishes
 * processes and threads that have ended. Between passes it sleeps until a ring is half full. */
#ifndef ALLOCTRACE_COLLECT_COLLECTOR_H
#define ALLOCTRACE_COLLECT_COLLECTOR_H

#include <stdbool.h>
#include <stdint.h>

#include "collect/allocator_names.h"
#include "collect/clock.h"
#include "collect/code_tables.h"
#include "collect/crash_log.h"
#include "collect/finding_log.h"
#include "collect/held_variables.h"
#include "collect/loaded.h"
#include "collect/processes.h"
#include "collect/session_memory.h"
#include "collect/slots.h"
#include "trace/trace.h"
#include "util/strbuf.h"

/* A ring that has something for this pass. */
struct order_entry {
	uint64_t time; /* of its next event */
	uint32_t slot;
};

struct collector {
	struct session *session;
	struct trace_writer *writer;
	struct clock clock;
	struct tables tables;
	struct processes processes;
	struct slots slots;
	struct loaded loaded;
	struct finding_log findings;
	struct crash_log crashes;
	struct allocator_names allocators;
	struct strbuf suppressions; /* of the programs: a line each */
	struct held_variables held; /* scan_log.c */

	uint64_t next_time_tsc;  /* the trace's clock is moved on from this stamp on */
	uint64_t quantum_ticks;  /* events of threads that are nearer in time may swap places */
	uint32_t *forced;        /* drain.c: slots being drained for one another */
	struct order_entry *heap; /* order.c */
	size_t heap_count;

	uint32_t scan_count; /* looks for leaks that are in the trace */
	uint64_t words;      /* taken from rings, in all */
	uint64_t pass_words; /* in the last pass */
	uint64_t idle_ns;    /* how long to sleep when nothing comes */
	bool more;           /* the last pass left a ring more than half full */

	/* NULL, or adds to a finding, before it is written, which functions were called and why it
	 * came about; process is the index of the record, hook as struct finding has it. */
	void (*explain_finding)(void *context, uint32_t process, uint32_t hook,
				struct trace_finding *finding);
	/* NULL, or called in a pass when processes wait for the hooks of modules. */
	void (*on_hooks_wanted)(void *context);
	/* NULL, or called when what was there at the beginning of the pass is written, before the
	 * processes that have ended end in the trace. */
	void (*on_drained)(void *context);
	void *context;
};

void collector_init(struct collector *c, struct session *session, struct trace_writer *writer);
void collector_release(struct collector *c);

/* One pass; returns the number of words taken. */
uint64_t collector_pass(struct collector *c);

/* Sleeps between passes: about a millisecond while events come, longer when they do not. `seen` is
 * what header->wake was before the last look for work. */
void collector_sleep(struct collector *c, uint32_t seen);

/* Takes all that is there, whatever its time; the state of the session should be ENDED before. */
void collector_drain_all(struct collector *c);

/* Ends the processes that have ended, after their last events. Processes that have not ended keep
 * their rings. */
void collector_finish_ended(struct collector *c);

/* The last words about processes that go on: losses, without an end. */
void collector_leave_live(struct collector *c);

#endif
