/* perf_map.h - names of code that a JIT compiler made, from /tmp/perf-PID.map.
 *
 * Lines are "START SIZE name" with hexadecimal numbers; code is thrown away and its place taken
 * again, so a later line wins over an earlier one. Anybody may put a file there: only one of ours
 * or root's is read (root reads all), of any size up to a bound, and lines that are not as they
 * should be are skipped. */
#ifndef ALLOCTRACE_SYMBOL_PERF_MAP_H
#define ALLOCTRACE_SYMBOL_PERF_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "symbol/range_map.h"
#include "util/err.h"

struct perf_map {
	struct range_map map; /* to an index of names */
	size_t *names;	      /* offsets in text */
	size_t name_count, name_cap;
	char *text; /* the whole file; each name in it terminated */
};

/* On failure the map is empty. A map that was read only in part is a success with err set. */
int perf_map_load(struct perf_map *map, const char *path, struct err *err);
void perf_map_release(struct perf_map *map);
const char *perf_map_find(const struct perf_map *map, uint64_t address); /* NULL: none */

#endif
