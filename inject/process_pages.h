/* process_pages.h - which memory of a process has ever been touched.
 *
 * A program may map terabytes that it never looks at; to read them would take for ever, and give
 * the process page tables for nothing. A private page that is neither in memory nor swapped out
 * holds what the kernel gave it: zeros, or what stands in a file. */
#ifndef ALLOCTRACE_INJECT_PROCESS_PAGES_H
#define ALLOCTRACE_INJECT_PROCESS_PAGES_H

#include "inject/process_memory.h"

enum { PROCESS_PAGES_AT_ONCE = 4096 };

struct process_pages {
	int fd;		  /* pagemap; -1: not to be had, and all counts as touched */
	uint64_t *shared; /* [low, high) pairs of mappings that others write to, too; rising */
	size_t shared_count, shared_cap;
	uint64_t first; /* page of known[0] */
	size_t count;
	uint64_t known[PROCESS_PAGES_AT_ONCE];
};

/* maps: the text of /proc/PID/maps. Never fails. The process stands still until the close. */
void process_pages_open(struct process_pages *p, const struct process_memory *m, const char *maps);
void process_pages_close(struct process_pages *p);

/* The first address from `at` on, below `high`, that may have been touched; high if there is none,
 * or if that is a terabyte or more, which no program's data are. */
uint64_t process_pages_touched(struct process_pages *p, uint64_t at, uint64_t high);

#endif
