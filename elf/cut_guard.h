/* cut_guard.h - mappings of files that somebody may cut off while they are read.
 *
 * Touching what has been cut off is a SIGBUS, and the end of the tool. In a guarded mapping it
 * reads as zeros instead: what is read is then damaged, which every reader has to bear anyway. The
 * first call installs a handler for SIGBUS; one of any other address is left to what was there
 * before. Any thread may call this. */
#ifndef ALLOCTRACE_ELF_CUT_GUARD_H
#define ALLOCTRACE_ELF_CUT_GUARD_H

#include <stdbool.h>
#include <stddef.h>

/* False: there are too many, or no handler can be installed. */
bool cut_guard_add(const void *start, size_t bytes);
/* Before it is unmapped. Fine on one that is not guarded. */
void cut_guard_remove(const void *start);

#endif
