/* inline_patch.h - inline hooks in the running process: applying the plans of wire/plan.h.
 *
 * Inside the traced process; no libc. Nothing here is fatal: what cannot be done leaves the process
 * as it was and returns why. The caller sees to it that one thread at a time is in here, that the
 * module stays loaded meanwhile, and that forks are told of (inline_patch_fork_begins()).
 *
 * Threads may run the function while its first bytes are replaced, with one exception that the
 * caller has to know of: a thread that has run some, but not all, of the displaced instructions and
 * is just then interrupted between them. There is none when the hooks come before the module's
 * constructors, as they do; who attaches to a running process has to look (inline_patch_splits()).
 * Threads that are in the hook or in the slot when the hook is taken back go on there: slots are
 * never released. */
#ifndef ALLOCTRACE_LIB_INLINE_PATCH_H
#define ALLOCTRACE_LIB_INLINE_PATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "wire/plan_x86_64.h"

enum { INLINE_BLOCKS_MAX = 64, INLINE_BLOCK_BYTES = 1 << 16 };

/* Memory near to modules, for slots. Zeroed before its first use. */
struct inline_memory {
	struct {
		uint64_t start;
		uint64_t used; /* bytes */
	} blocks[INLINE_BLOCKS_MAX];
	uint32_t count;
};

/* Keepers, for `keeper` below: save all registers but the result's around the hook. It is then not
 * jumped to but called, from a frame of the usual form with unwind tables: its caller is one frame
 * further than without. A hook in assembly may rather bring a keeper of its own, that finds the
 * slot's address on the stack, on top of the function's return address (wire/plan_x86_64.h). */
void inline_keep_but_integer(void); /* the result is in %rax */
void inline_keep_but_vector(void);  /* in %xmm0 and %xmm1 */
void inline_keep_all(void);	    /* there is none */

struct inline_hook {
	const struct hook_plan *plan;
	uint64_t bias;	    /* of the module */
	const void *hook;   /* is run in the function's place, with its arguments */
	const void *keeper; /* NULL: the hook sees to it itself that registers are kept */
	unsigned argument;  /* enum plan_x86_64_argument: where the hook gets `point` */
	uint64_t point;	    /* the same function can hook many */
};

/* Whether a keeper is needed: callers may know which registers the function leaves alone. */
static inline bool inline_plan_needs_keeper(const struct hook_plan *plan)
{
	return (plan->flags & PLAN_KEEPS_REGISTERS) != 0;
}

/* A hook that is there. The caller reads `original` and keeps the rest. */
struct inline_patch {
	void *original;	   /* the function as it was, to be called by the hook */
	uint64_t patch;	   /* address of the jump */
	uint64_t pad;	   /* of the long jump, or 0 */
	uint8_t bytes;	   /* at patch */
	uint8_t displaced; /* bytes that have moved */
	uint8_t protection;
	uint8_t before[PLAN_X86_64_JUMP_BYTES], after[PLAN_X86_64_JUMP_BYTES];
	uint8_t pad_before[PLAN_X86_64_JUMP_BYTES], pad_after[PLAN_X86_64_JUMP_BYTES];
};

/* Makes the slot; the function is not touched yet, so the hook can be told of `original` before it
 * is called. The module's code is in memory and readable, and the plan within it
 * (plan_is_within()). PLAN_NONE, or why not. */
enum plan_reason inline_patch_prepare(struct inline_memory *memory, const struct inline_hook *hook,
				      struct inline_patch *out);
/* Puts the jump into the function, and takes it out. `alone`: no other thread can be running the
 * function; then every plan can be applied. Doing what is done already is fine. */
enum plan_reason inline_patch_enable(struct inline_patch *patch, bool alone);
enum plan_reason inline_patch_disable(struct inline_patch *patch, bool alone);

/* Around each fork, in the thread that forks: a child must not inherit a half-written jump. Each waits
 * for the other briefly; code that forks are in the way of is not patched, PLAN_NOT_ATOMIC. */
void inline_patch_fork_begins(void);
void inline_patch_fork_ended(void);   /* in the parent */
void inline_patch_fork_is_child(void);

/* Whether a thread that is at the code address must not find the jump there. */
static inline bool inline_patch_splits(const struct inline_patch *patch, uint64_t address)
{
	return address - patch->patch - 1 < patch->displaced - UINT64_C(1);
}

/* Whether a code address is in a slot: unwinding from there, before anything has been pushed, is as
 * from a function's entry. */
bool inline_memory_has(const struct inline_memory *memory, uint64_t address);

#endif
