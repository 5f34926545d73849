/* drain.h - from the words of a ring to events in the trace.
 *
 * Every word comes from memory that the traced program can overwrite: each is read once, checked,
 * and then used. An event that makes no sense ends its ring (slot_damage()). */
#ifndef ALLOCTRACE_COLLECT_DRAIN_H
#define ALLOCTRACE_COLLECT_DRAIN_H

#include <stdint.h>

#include "collect/collector.h"

enum drain_result {
	DRAIN_EMPTY, /* everything up to head has been taken */
	DRAIN_LATER, /* the next event's time stamp is after the limit */
};

/* Takes the slot's events with time stamps up to `limit_tsc`. The trace has a block's allocation
 * before its free: where a free names a block that is still in another ring, that ring is drained
 * first up to there. */
enum drain_result drain_slot(struct collector *c, uint32_t slot, uint64_t limit_tsc);

/* The time stamp of the slot's next event; it must have one. */
uint64_t drain_next_time(const struct slot *slot);

#endif
