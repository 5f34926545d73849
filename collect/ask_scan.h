/* ask_scan.h - `alloctrace leaks --pid`: has the tool that traces a process look for its leaks.
 *
 * The tool listens on a second socket beside the one where processes join (channel.h), so neither
 * can be taken for the other. It is found by what the process has in its environment, or by the
 * session's memory that the process has mapped. */
#ifndef ALLOCTRACE_COLLECT_ASK_SCAN_H
#define ALLOCTRACE_COLLECT_ASK_SCAN_H

#include <stdint.h>
#include <sys/types.h>

#include "util/err.h"

enum {
	ASK_PATH_BYTES = 4096,
	ASK_MAGIC = 0x31415441, /* "ATA1" */
};

struct ask_request {
	uint32_t magic;
	uint32_t pid; /* as the tool sees it */
};

struct ask_answer {
	uint32_t magic;
	uint32_t method;   /* enum scan_method; SCAN_IMPOSSIBLE: `problem` says why */
	uint32_t scan;	   /* its number in the trace */
	uint32_t has_scan; /* 0: there is none in the trace */
	uint64_t lost_blocks, lost_bytes, possible_blocks, possible_bytes;
	char problem[512];
	char trace[ASK_PATH_BYTES]; /* absolute; written out up to the scan; "": it is no file */
};

/* Asks, and waits for the answer. 0: *answer has a scan, in a trace that can be read; -1 with the
 * error. */
int ask_scan(pid_t pid, struct ask_answer *answer, struct err *err) AT_MUST_CHECK;

#endif
