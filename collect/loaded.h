/* loaded.h - which process had which modules, kept until the trace is completed.
 *
 * From struct session_loaded, which is asked when a process has ended or the recording ends: its
 * record may be used again afterwards. Not thread-safe: the collector's thread only. */
#ifndef ALLOCTRACE_COLLECT_LOADED_H
#define ALLOCTRACE_COLLECT_LOADED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "collect/code_tables.h"
#include "collect/processes.h"

struct loaded_module {
	uint32_t module;  /* index in the trace */
	uint32_t process; /* id */
	uint32_t flags;	  /* enum trace_user_flag */
	bool is_program;  /* the file that the process runs */
};

struct loaded {
	struct loaded_module *items;
	size_t count, cap;
};

void loaded_release(struct loaded *l);
/* Notes what the process (by index of its record) has; its modules get into the trace. */
void loaded_note(struct loaded *l, struct tables *t, const struct processes *p, uint32_t index);
/* By module, then by process, each pair once. */
void loaded_sort(struct loaded *l);

#endif
