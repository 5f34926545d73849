/* processes.h - the processes of a session as the trace knows them.
 *
 * A process record of the session memory has an *index*, used again in long sessions; the trace
 * numbers processes in the order in which the collector first sees them: the *id*. Not
 * thread-safe: the collector's thread only. */
#ifndef ALLOCTRACE_COLLECT_PROCESSES_H
#define ALLOCTRACE_COLLECT_PROCESSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect/clock.h"
#include "collect/session_memory.h"
#include "trace/trace.h"

/* By index. */
struct process_note {
	bool seen;    /* its start is in the trace */
	bool ended;   /* known to have ended; its rings may still hold events */
	bool finished; /* its end is in the trace */
	bool foreign; /* its pid, or its threads', are of another pid namespace */
	bool watched; /* its end will be noticed */
	uint32_t id;
	uint32_t pid;
	uint64_t status; /* wait status, or TRACE_STATUS_UNKNOWN */
	/* Losses that the collector itself counted. */
	uint64_t untracked_frees;
	uint64_t damaged_words;
};

/* By id. */
struct process_lineage {
	uint32_t parent; /* id, or TRACE_NO_PROCESS */
	uint32_t origin; /* enum process_origin */
	uint32_t pid;
};

struct processes {
	struct session *session;
	struct trace_writer *writer;
	struct clock *clock;
	struct process_note *notes; /* by index */
	struct process_lineage *lineage;
	size_t lineage_cap;
	uint32_t id_count;
	uint32_t process_count; /* a process that execs has several ids and is one process */
	uint32_t program_count; /* programs started in them */
	uint32_t scan_from; /* records below have been seen */
	uint32_t notes_end; /* highest index ever seen + 1 */
	uint32_t live;      /* seen and not finished */
	uint32_t watched_live; /* of these, those whose end will be noticed */
	uint32_t ended_count; /* ended and not finished */
	/* Indices that are no more used, the oldest first, for a session with very many. */
	uint32_t *gone;
	size_t gone_from, gone_count, gone_cap;
	/* Told of each process that made its record itself: its end is to be watched; pid 0 if that
	 * cannot be done. */
	void (*on_start)(void *context, uint32_t index, uint32_t pid);
	void *context;
};

void processes_init(struct processes *p, struct session *session, struct trace_writer *writer,
		    struct clock *clock);
void processes_release(struct processes *p);

/* Writes the starts of the processes that have become ready. */
void processes_look(struct processes *p);
/* The same for one process; false if the record cannot be one. */
bool processes_see(struct processes *p, uint32_t index);

/* The process has ended, by what the tool knows; its rings are drained afterwards. */
void processes_note_end(struct processes *p, uint32_t index, uint64_t status);
/* The same for what is told late, of the program that ran in process `pid`: nothing if the record
 * has been given to another process meanwhile. */
void processes_note_image_end(struct processes *p, uint32_t index, uint32_t pid);
/* The same for all programs that ran in a process of the tool's pid namespace. */
void processes_note_end_of_pid(struct processes *p, uint32_t pid, uint64_t status);
/* Writes losses and end, after the last event; the record may be used again. */
void processes_finish(struct processes *p, uint32_t index);
/* Writes the losses of a process that goes on when the recording ends. */
void processes_write_losses(struct processes *p, uint32_t index);

/* Whether blocks made by process `maker` (id) may be in the memory of `user` (id) by forks. */
bool processes_inherits(const struct processes *p, uint32_t user, uint32_t maker);

#endif
