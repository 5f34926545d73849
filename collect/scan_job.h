/* scan_job.h - one look for leaks: what it is about, and what came of it.
 *
 * Made by the collector's thread with all that is needed of its tables, carried out by the
 * scanner's (scanner.h), written into the trace by the collector's again. Owned by one thread at a
 * time. */
#ifndef ALLOCTRACE_COLLECT_SCAN_JOB_H
#define ALLOCTRACE_COLLECT_SCAN_JOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "collect/slots.h"
#include "scan/leak_scan.h"
#include "wire/scans.h"

/* Blocks of a slot that the process itself made: counters from [first, end). */
struct own_blocks {
	uint32_t slot;
	uint64_t first, end;
};

struct scan_job {
	struct scan_job *next;
	uint64_t number; /* the scanner's */
	/* What it is about. */
	struct session *session;
	uint32_t process_index, process_id;
	pid_t pid;	 /* as the tool sees it; 0: it does not */
	uint32_t reason; /* enum scan_reason */
	uint32_t tid;	 /* that asks; 0: the tool itself does */
	uint64_t frame, since_tsc;
	uint64_t since_counters, since_slots; /* in the process's memory */
	uint64_t registers[SCAN_REGISTERS];
	char label[SCAN_LABEL_BYTES];
	struct session_scan *record; /* where the process waits; NULL: it does not */
	int asked_by;		     /* socket of `alloctrace leaks --pid`, or -1 */
	struct own_blocks *own;	     /* by slot and counter */
	size_t own_count, own_cap;
	uint64_t block_roots, memory_tables; /* as session_process has them */
	/* What came of it. */
	uint32_t method;    /* enum scan_method */
	struct err problem; /* why it is not all; or nothing at all, if the method says so */
	uint64_t now_tsc;   /* when the process stood still */
	uint64_t stopped_ns, took_ns;
	struct leak_scan scan;
};

/* Of the process as it is known now: its rings have been looked at in this pass. */
struct scan_job *scan_job_new(const struct slots *slots, uint32_t process_index);
void scan_job_free(struct scan_job *job);

/* The process stands still: threads that began after the job was made are known, too. From the
 * scanner's thread. */
void scan_job_note_stopped(struct scan_job *job);

/* Whether the process itself made the block. */
bool scan_job_is_own(const struct scan_job *job, uint32_t slot, uint64_t counter);

/* Nothing came of it. */
void scan_job_fail(struct scan_job *job, const char *why);

/* The process that waits at the record (NULL: none does) goes on. If it does not wait any more, the
 * record is free again. From any thread. */
void scan_job_let_go_on(struct session_scan *record);

#endif
