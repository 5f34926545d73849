/* link_process.h - what a living process is linked with, and who its allocation symbols are bound
 * to.
 *
 * Read from its memory: the dynamic linker's list of modules, the modules' files, and their tables
 * of bound symbols (GOT). The process is neither stopped nor changed, and need not have been
 * started by the tool. */
#ifndef ALLOCTRACE_LINK_LINK_PROCESS_H
#define ALLOCTRACE_LINK_LINK_PROCESS_H

#include <sys/types.h>

#include "link/linked.h"

/* Fills *l. Modules have a `note` where something of them is not as usual. How libraries were
 * opened is known as far as bound symbols tell: BINDING_MODE_KNOWN is never set. -1, and *l is
 * empty, when the process may not be looked at, has ended, or is of a kind that is not read (32
 * bits). */
int linked_from_process(struct linked *l, pid_t pid, struct allocator_finder *finder,
			struct err *err) AT_MUST_CHECK;

#endif
