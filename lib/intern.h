/* intern.h - (parent node, module, offset) -> node, in the table that the session shares.
 *
 * Inside the traced process; lock-free, signal-safe: any process and thread may add at any time
 * and be killed at any instruction. */
#ifndef ALLOCTRACE_LIB_INTERN_H
#define ALLOCTRACE_LIB_INTERN_H

#include <stdint.h>

/* NODE_UNKNOWN when the table is full. */
uint32_t intern_node(uint32_t parent, uint32_t module, uint64_t offset);

#endif
