/* told_code.h - code addresses in what the collector hands to another thread: copies of modules and
 * of stacks. */
#ifndef ALLOCTRACE_COLLECT_TOLD_CODE_H
#define ALLOCTRACE_COLLECT_TOLD_CODE_H

#include <stddef.h>
#include <stdint.h>

#include "trace/trace.h"
#include "wire/session.h"

struct collector;

/* Each module once. */
struct told_module {
	struct told_module *next;
	struct trace_module module; /* points into `copy` */
	struct session_module copy;
	uint32_t index;		/* in the trace */
	uint32_t anonymous_pid; /* whose code without a file it is, or 0 */
};

/* Innermost first; the innermost ones of a deep stack. */
struct told_address {
	const struct told_module *module;
	uint64_t offset;
};

struct told_stack {
	struct told_address *addresses;
	size_t count, cap;
	uint32_t outside; /* NODE_ROOT, NODE_TRUNCATED or NODE_UNKNOWN */
};

/* On the collector's thread. What they add to the list told_modules_free() releases. */

/* A module of the trace; NULL if it is not known. */
const struct told_module *told_module(struct collector *c, struct told_module **modules,
				      uint32_t index);
/* The innermost frames of the stack that ends with the node. */
void told_stack_read(struct collector *c, struct told_module **modules, struct told_stack *stack,
		     uint32_t node);
/* The module that serves malloc in the process with this record; NULL if it is not known. */
const struct told_module *told_heap(struct collector *c, struct told_module **modules,
				    uint32_t process_index);
void told_modules_free(struct told_module *modules);

#endif
