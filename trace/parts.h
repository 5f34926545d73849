/* parts.h - which columns of an event chunk are worth compressing.
 *
 * Random sizes and ages hardly shrink, and to find that out anew in each chunk would cost more time
 * than everything else that the collector does with an event. Now and then every large column is
 * compressed by itself; those that shrank too little are then stored as they are for a while. */
#ifndef ALLOCTRACE_TRACE_PARTS_H
#define ALLOCTRACE_TRACE_PARTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/format.h"

/* Consecutive bytes of a payload that are stored in the same way. */
struct chunk_part {
	size_t bytes;
	bool plain;
	size_t stored_bytes;   /* out: what it came to in the file */
	enum column_id column; /* of a part that is one column */
};

enum { PARTS_MAX = 2 * COLUMN_COUNT + 1 };

struct parts_plan {
	uint32_t plain;	      /* bit by column */
	uint32_t until_probe; /* chunks */
	bool probing;
};

/* Divides a payload of head_bytes and then columns of the given lengths; returns the number of
 * parts, 1 if there is nothing to divide. */
unsigned parts_plan(struct parts_plan *plan, size_t head_bytes,
		    const size_t column_bytes[COLUMN_COUNT], struct chunk_part parts[PARTS_MAX]);

/* Learns from what the parts came to. */
void parts_learn(struct parts_plan *plan, const struct chunk_part *parts, unsigned count);

#endif
