/* read_cache.h - small pieces of the memory that is looked at, without a system call for each.
 *
 * Lines of 16 KB, 8 MB of them: for what lies near what was asked for before. The memory stands
 * still, so nothing gets old. Not for more than one thread. */
#ifndef ALLOCTRACE_SCAN_READ_CACHE_H
#define ALLOCTRACE_SCAN_READ_CACHE_H

#include "scan/leak_scan.h"

struct read_cache_line {
	uint64_t number_plus_1; /* 0: empty */
	uint8_t pages;		/* a bit for each of its pages that could be read */
};

struct read_cache {
	const struct scan_memory *memory;
	struct read_cache_line *lines;
	char *bytes;
};

void read_cache_init(struct read_cache *c, const struct scan_memory *memory);
void read_cache_release(struct read_cache *c);

/* All of the bytes, or false. */
bool read_cache_get(struct read_cache *c, uint64_t at, void *out, size_t bytes);

#endif
