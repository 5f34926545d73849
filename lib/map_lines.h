/* map_lines.h - what /proc/self/maps says of an address: for memory that nobody was seen to map.
 *
 * Inside the traced process; called from hooks, with the guard GUARD_BUSY. Reads the file: slow, so
 * what is found to say nothing is remembered, and after many look-ups no more are made. */
#ifndef ALLOCTRACE_LIB_MAP_LINES_H
#define ALLOCTRACE_LIB_MAP_LINES_H

#include <stdint.h>

enum map_kind {
	MAP_LINE_NOTHING, /* no name, or one that says nothing; or it cannot be read */
	MAP_LINE_FILE,	  /* a file's, and of no kind that allocators take memory from */
	MAP_LINE_STACK,	  /* the first thread's, or one that its maker has named so */
};

enum map_kind map_lines_kind(uintptr_t address);

#endif
