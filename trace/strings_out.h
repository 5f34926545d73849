/* strings_out.h - the strings of one symbol chunk, each written once.
 *
 * A hash table of the strings so far; forgotten with the chunk. */
#ifndef ALLOCTRACE_TRACE_STRINGS_OUT_H
#define ALLOCTRACE_TRACE_STRINGS_OUT_H

#include <stddef.h>
#include <stdint.h>

#include "trace/bytes.h"

struct string_entry {
	uint64_t hash;
	size_t offset; /* in text */
	uint32_t len;
	uint32_t number; /* from 1; 0: empty place */
};

struct strings_out {
	struct string_entry *table;
	size_t table_size; /* a power of two, or 0 */
	uint32_t count;
	struct bytes text;
};

void strings_out_release(struct strings_out *s);
void strings_out_clear(struct strings_out *s);
/* The number of text; *is_new says that it was not there before. */
uint32_t strings_out_number(struct strings_out *s, const char *text, size_t len, bool *is_new);

#endif
