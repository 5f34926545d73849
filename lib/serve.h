/* serve.h - shows the tool the memory of this process, where the tool may not look into it itself.
 *
 * Inside the traced process, in the thread that waits for the answer, with its signals blocked.
 * All other threads stand meanwhile (serve_stop.h). Memory is read through /proc/thread-self/mem,
 * or else by process_vm_readv(): both fail where nothing is, and do not fault. No lock, no libc
 * call. */
#ifndef ALLOCTRACE_LIB_SERVE_H
#define ALLOCTRACE_LIB_SERVE_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/scans.h"
#include "wire/serves.h"

/* So long at the most who waits for the tool sleeps before it asks whether that still lives; and
 * where no system call may be made (sys_is_restricted()), so that nothing wakes it. */
enum { SERVE_SLICE_US = 100000, SERVE_RESTRICTED_SLICE_US = 200 };

/* Serves as long as the state is SERVE. False: the tool is gone; tool_lives() is asked after each
 * while that nothing was to be done, with its length. */
bool serve_run(const struct session_scan *scan, struct session_serve *serve,
	       bool (*tool_lives)(void *context, uint64_t slept_us), void *context);

#endif
