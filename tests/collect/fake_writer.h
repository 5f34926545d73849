/* fake_writer.h - stands in for trace/: checks what the collector writes, at once.
 *
 * Checked: nodes, modules and processes in rising order and before their use; a block's
 * allocation before its free, each freed once (inherited ones apart); time never goes back;
 * threads start and end in turn. A breach ends the test. */
#ifndef ALLOCTRACE_TESTS_COLLECT_FAKE_WRITER_H
#define ALLOCTRACE_TESTS_COLLECT_FAKE_WRITER_H

#include "trace/trace.h"
#include "wire/session.h"

enum { FAKE_LOG_EVENTS = 4096 };

struct fake_slot {
	uint64_t counter;
	uint8_t *freed; /* by counter */
	size_t cap;
	uint32_t thread;
	bool owned;
};

struct trace_writer {
	uint32_t node_count, module_count, process_count, thread_count;
	uint32_t unknown_nodes; /* with no module and unknown parent */
	uint64_t allocs, frees, inherited, time_ns, marks, maps, thread_ends, process_ends;
	uint64_t losses[TRACE_LOSS_COUNT];
	uint32_t crash_count;
	struct trace_finding findings[SESSION_MAX_FINDINGS];
	uint32_t finding_count;
	uint64_t slot_changes; /* events whose slot is not that of the one before */
	uint32_t last_slot;
	struct fake_slot slots[SESSION_MAX_RINGS];
	struct trace_event log[FAKE_LOG_EVENTS]; /* the first ones */
	size_t logged;
	bool hostile; /* the events may name blocks that have been freed */
};

struct trace_writer *fake_writer_new(void);
void fake_writer_free(struct trace_writer *w);

#endif
