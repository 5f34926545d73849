/* called_names.h - which functions a wrong release is about: not what they do, which their roles
 * tell, but by which names they were called.
 *
 * Not thread-safe: the collector's thread only. */
#ifndef ALLOCTRACE_COLLECT_CALLED_NAMES_H
#define ALLOCTRACE_COLLECT_CALLED_NAMES_H

#include <stdint.h>

#include "collect/finding_why.h"
#include "trace/trace.h"

/* Sets f's call and made_call where they are not the roles' own; the strings are the caller's to
 * free(). hook: as struct finding has it; process: index of the record of the process that released
 * the block. */
void called_names_find(struct whys *w, uint32_t process, uint32_t hook, struct trace_finding *f);

#endif
