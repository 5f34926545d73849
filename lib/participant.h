/* participant.h - this process's part in the session: shared memory, process record, fork.
 *
 * Inside the traced process. The memory and its rules are in wire/session.h. */
#ifndef ALLOCTRACE_LIB_PARTICIPANT_H
#define ALLOCTRACE_LIB_PARTICIPANT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/atomics.h"
#include "base/compiler.h"
#include "wire/session.h"

/* Who takes what this process has to tell. */
enum session_company {
	SESSION_SERVED = 0,  /* a collector */
	SESSION_ALONE = 1,   /* nobody, from the start: the memory is this process's own (alone.h) */
	SESSION_BEREFT = 2,  /* nobody any more: the collector was killed */
};

/* All NULL while there is no session. Set once, before any thread records. */
struct session {
	struct session_header *header;
	struct session_process *processes;
	struct session_ring *rings;
	struct session_module *modules;
	struct session_loaded *loaded; /* by process index */
	struct session_hook *hooks;
	struct session_finding *findings;
	struct session_crash *crashes;
	struct session_scan *scans;   /* NULL: nobody is there to look for leaks */
	struct session_serve *serves; /* as scans */
	struct session_node *nodes;
	uint32_t *intern[SESSION_INTERN_LEVELS];
	struct session_process *process; /* ours */
	uint32_t process_index;
	uint32_t pid;
	uint32_t options;   /* copy of header->options */
	uint32_t max_depth; /* copy of header->max_depth */
	uint32_t max_nodes;
	uint32_t intern_levels;
	uint32_t company; /* enum session_company; leaves SERVED once */
	bool had_collector; /* alone now: it was killed before this program started */
	uint64_t start_ns; /* when process->start_tsc was read */
	uint32_t clock_forbidden; /* 1: the time-stamp counter may not be read (hooks_limits.c) */
};

extern AT_HIDDEN struct session session;

enum session_joining {
	SESSION_JOINED,
	SESSION_NOT_WANTED, /* the collector leaves this program out, or has ended in order */
	SESSION_NONE,	    /* the environment names none */
	SESSION_DEAD,	    /* the one that it names was killed */
};

/* Connects to the collector named by the environment. */
enum session_joining session_connect(void);

/* The value of a variable in the environment, at the start of the process only: not a copy, or, before
 * libc has started, one that the next call overwrites. NULL: there is none. */
const char *session_environment(const char *name);

/* Exe path and arguments of this process. */
void session_describe_process(struct session_process *process);

/* No collector is there: what is to be told is told here. */
static inline bool session_is_left_alone(void)
{
	return at_load_relaxed(&session.company) != SESSION_SERVED;
}

/* Looks whether the collector was killed; after that nothing is recorded, and wrong releases are
 * looked for all the same. True also if it has never been there. */
bool session_lost_collector(void);

/* In a new child: claims a process record. Returns false when the child is not to be traced. */
bool session_forked(void);

/* The process record is complete: the collector may read it. */
void session_ready(void);

/* Claims a ring for this thread; its slot, or SESSION_MAX_RINGS when none is free. */
uint32_t session_claim_ring(uint32_t tid);

static inline bool session_is_recording(void)
{
	return at_load_relaxed(&session.header->state) == SESSION_RECORDING;
}

static inline bool session_is_checking(void)
{
	return at_load_relaxed(&session.header->state) == SESSION_CHECKING;
}

/* The time-stamp counter, or what it was at the collector's last pass. */
static inline uint64_t session_clock(void)
{
	if (AT_UNLIKELY(at_load_relaxed(&session.clock_forbidden)))
		return at_load_relaxed(&session.header->tsc);
	return __builtin_ia32_rdtsc();
}

/* Wakes the collector if it sleeps. */
void session_wake_collector(void);

#endif
