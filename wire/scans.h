/* scans.h - a look for leaks, as a process and the tool agree on it in the session memory.
 *
 * A process asks: it claims a record, fills it in, sets WANTED, wakes the collector and waits on
 * `state` (a futex) until the tool has set DONE; then it sets FREE. The tool may set SERVE in
 * between: it is not allowed to look into the process, which then has to stop its other threads and
 * hand over what it is asked for. The one who waits looks now and then whether the other still
 * lives. The tool asks by itself too (a signal, the clock, `alloctrace leaks --pid`): then the
 * process does nothing, unless it has to serve. */
#ifndef ALLOCTRACE_WIRE_SCANS_H
#define ALLOCTRACE_WIRE_SCANS_H

#include <stdint.h>

enum {
	SCAN_MAX = 64, /* at the same time in a session */
	SCAN_LABEL_BYTES = 120,
	SCAN_SINCE_SLOTS = 1024, /* rings of which a scope notes the counter */
	SCAN_REGISTERS = 16,
};

enum scan_state {
	SCAN_FREE = 0,
	SCAN_CLAIMED = 1, /* being filled in */
	SCAN_WANTED = 2,
	SCAN_TAKEN = 3, /* the tool is at it */
	SCAN_SERVE = 4,
	SCAN_DONE = 5,
	SCAN_LEFT = 6, /* nobody waits any more: the tool sets FREE */
};

/* What made it due. Stored in traces: append only. */
enum scan_reason {
	SCAN_AT_EXIT = 0,     /* after exit handlers and destructors; _exit(), quick_exit() too */
	SCAN_BEFORE_EXIT = 1, /* exit() was called, or main() has returned: before the handlers */
	SCAN_AT_EXEC = 2,
	SCAN_AT_CRASH = 3, /* a signal or abort() ends the process */
	SCAN_AT_MARK = 4,
	SCAN_BY_API = 5,    /* alloctrace_leak_check() */
	SCAN_ON_SIGNAL = 6, /* that the user sent the tool */
	SCAN_PERIODIC = 7,
	SCAN_ASKED = 8, /* alloctrace leaks --pid */
	SCAN_REASONS
};

/* How the process was looked at. Stored in traces: append only. */
enum scan_method {
	SCAN_BY_PTRACE = 0,   /* all its threads stopped meanwhile */
	SCAN_BY_SNAPSHOT = 1, /* its threads were stopped while it was copied by fork */
	SCAN_INSIDE = 2, /* ptrace was refused: the process itself stopped its threads and read */
	SCAN_IMPOSSIBLE = 3, /* it was not */
	SCAN_METHODS
};

/* Stored in traces: append only. */
enum leak_kind {
	LEAK_DEFINITE = 0, /* nothing points to it, or what does is in a ring with it */
	LEAK_INDIRECT = 1, /* only lost blocks point to it */
	LEAK_POSSIBLE = 2, /* reached through a pointer into the middle of a block */
	LEAK_REACHABLE = 3,
	LEAK_KINDS
};

/* Where a pointer was found. Stored in traces: append only. */
enum leak_holder {
	HOLDER_NONE = 0,
	HOLDER_REGISTER = 1,
	HOLDER_STACK = 2,
	HOLDER_TLS = 3,	    /* static or dynamic, also thread-specific data */
	HOLDER_MODULE = 4,  /* .data and .bss of a module */
	HOLDER_MAPPING = 5, /* memory that the program mapped */
	HOLDER_ROOT = 6,    /* a region that the program named */
	HOLDER_BLOCK = 7,   /* of another group */
	HOLDER_KINDS
};

/* Stored in traces: append only. */
enum leak_group_flag {
	LEAK_IN_CYCLE = 1, /* a ring of lost blocks points to itself */
	LEAK_BY_HEURISTIC =
		2, /* an interior pointer that was known for what it is: std::string ... */
	LEAK_POINTED_BY_OTHERS = 4, /* of POSSIBLE: through a possibly lost block */
	LEAK_UNRECORDED = 8,	    /* not in the trace: there is no event of the example */
};

struct session_scan {
	uint32_t state;	   /* enum scan_state */
	uint32_t process;  /* index of its record */
	uint32_t pid, tid; /* of the thread that asks, as the process sees them */
	uint32_t reason;   /* enum scan_reason */
	uint32_t method;   /* enum scan_method; the answer, as all counts of blocks and bytes */
	uint64_t frame; /* the asking thread's stack counts from here up; 0: from its stack pointer
			 */
	uint64_t since_tsc; /* only blocks made since are told of; to some 20 ms, as blocks know it.
			       0: all */
	uint64_t lost_blocks, lost_bytes; /* definitely and indirectly */
	uint64_t possible_blocks, possible_bytes;
	uint64_t reachable_blocks, reachable_bytes;
	char label[SCAN_LABEL_BYTES]; /* of the mark or scope; terminated */
	/* With a frame: what else of the asking thread may hold pointers. */
	uint64_t registers[SCAN_REGISTERS];
	/* With since_tsc, in the process's memory: for each ring up to that many the counter of its
	 * first block since. Exact, where the time is not. 0: none. */
	uint64_t since_counters, since_slots;
	uint64_t indirect_blocks, indirect_bytes; /* of the lost; the answer, too */
};

_Static_assert(sizeof(struct session_scan) ==
		       24 + 16 + 48 + SCAN_LABEL_BYTES + 8 * SCAN_REGISTERS + 32,
	       "layout is shared");

#endif
