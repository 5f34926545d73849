/* watch_claim.h - the process record that a newly started program gets. */
#ifndef ALLOCTRACE_COLLECT_WATCH_CLAIM_H
#define ALLOCTRACE_COLLECT_WATCH_CLAIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "collect/session_memory.h"

enum { WATCH_MAX_EARLIER = 16 };

/* The live records of a pid, whose programs end by the exec of a new one. Returns their number. */
size_t watch_earlier_images(struct session *s, pid_t pid, uint32_t earlier[WATCH_MAX_EARLIER]);

/* Claims a record and fills in the tool's part. Its parent is the latest earlier image, or the
 * parent process's record. Its index, or UINT32_MAX when none is free. */
uint32_t watch_claim(struct session *s, pid_t pid, const uint32_t *earlier, size_t earlier_count);

/* Whether anything is to be recorded, now or later. */
bool watch_session_is_on(const struct session *s);

#endif
