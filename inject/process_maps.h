/* process_maps.h - what is mapped where in another process (/proc/PID/maps). */
#ifndef ALLOCTRACE_INJECT_PROCESS_MAPS_H
#define ALLOCTRACE_INJECT_PROCESS_MAPS_H

#include "inject/process_memory.h"

struct process_map {
	uint64_t start, end;	/* [start, end) */
	uint64_t offset;	/* in the file */
	uint64_t device, inode; /* inode 0: no file */
	bool can_execute;
	char *path; /* as the kernel writes it; "" if there is none */
};

/* By rising address. */
struct process_maps {
	struct process_map *items;
	size_t count, cap;
};

#define PROCESS_MAPS_INIT                                                                          \
	{                                                                                          \
		NULL, 0, 0                                                                         \
	}

/* What *maps had before is not released. -1, and it is empty, if the process may not be looked at
 * or has ended. */
int process_maps_read(struct process_maps *maps, const struct process_memory *m,
		      struct err *err) AT_MUST_CHECK;
void process_maps_release(struct process_maps *maps);
/* NULL: nothing is there. */
const struct process_map *process_maps_at(const struct process_maps *maps, uint64_t address);
/* The mapping of the beginning of the file that the address is in a mapping of: the next one before
 * it. NULL: there is none. */
const struct process_map *process_maps_file_start(const struct process_maps *maps,
						  uint64_t address);

#endif
