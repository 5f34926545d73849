/* root_regions.h - memory that the program has named: what it points to is in use.
 *
 * Inside the traced process; signal-safe, lock-free. Read by the tool alone (wire/memory_tables.h).
 */
#ifndef ALLOCTRACE_LIB_ROOT_REGIONS_H
#define ALLOCTRACE_LIB_ROOT_REGIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/memory_tables.h"

/* False when there are too many. The same region may be named several times. */
bool root_regions_add(uintptr_t low, size_t bytes);
/* Takes back one of the calls above; false: there was none. */
bool root_regions_remove(uintptr_t low, size_t bytes);

/* Once, at the start: where all tables lie that tell the tool of the process's memory. */
const struct memory_tables *memory_tables(void);

#endif
