/* stack.h - the stack of the caller of a hook, as one node number.
 *
 * Inside the traced process, one per thread; signal-safe.
 *
 * The memo is the thread's last stack, outermost frame first. A walk goes outwards from the
 * innermost frame only until it meets a frame of the memo with the same pc and stack pointer.
 * From there on the old frames still hold if every return-address slot holds what it held (and
 * every slot from which an rbp that matters was loaded): frame i's caller is a function of these
 * alone. Those checks are independent loads, not a chain. Frames that are new are interned, and
 * pushed onto the memo. */
#ifndef ALLOCTRACE_LIB_STACK_H
#define ALLOCTRACE_LIB_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/cfi.h"
#include "wire/session.h"

/* Where a hook was called from. */
struct caller {
	uintptr_t pc;  /* return address */
	uintptr_t rsp; /* after the return: the hook's CFA */
	uintptr_t rbp;
};

struct stack_frame {
	uintptr_t pc;       /* return address into this frame, or the exact pc after a signal */
	uintptr_t rsp;      /* on return into this frame */
	uintptr_t rbp;      /* in this frame */
	uintptr_t ra_slot;  /* where this frame keeps its caller's pc; 0: it has no caller */
	uintptr_t rbp_slot; /* where it keeps its caller's rbp; 0: it does not change rbp */
	uint32_t node;
	uint16_t module;    /* index in `modules` */
	uint8_t exact;      /* 1: interrupted by a signal, pc is not a return address */
	uint8_t uses_rbp;   /* 1: rbp is needed to find the caller; in the memo: the rbp of here is
	                     * needed for that by this frame or one further out */
};

/* What has to hold for a memo frame's caller to be the one that it was: the word at `slot` is
 * `expected`. Apart from the frames so that checking them runs through little memory. Bit 0 of
 * slot (addresses are even): the rbp that the caller gets matters too. */
struct stack_check {
	uintptr_t slot;
	uintptr_t expected;
};

/* A recent answer of intern_node(). */
struct stack_child {
	uint64_t key; /* code address and epoch */
	uint32_t parent;
	uint32_t node;
};

struct stack_region {
	uintptr_t low, high; /* readable memory, low inclusive */
};

enum {
	STACK_REGIONS = 4,
	STACK_SITES = 64,
	STACK_CHILDREN = 2048,
	STACK_FRAMES = SESSION_MAX_DEPTH,
};

/* A recent calling instruction of a release. */
struct stack_site {
	uint64_t key; /* pc and epoch */
	uint32_t node;
};

struct stack {
	struct stack_region regions[STACK_REGIONS]; /* most recently used first */
	struct stack_region *inherited; /* NULL, or what the child of a fork begins with */
	uint32_t count;       /* frames in the memo */
	uint32_t outside;     /* the outermost frame's parent: NODE_ROOT, _TRUNCATED, _UNKNOWN */
	uint32_t epoch;       /* modules_epoch when the memo was made */
	struct cfi_scratch scratch;
	struct stack_site sites[STACK_SITES];
	struct stack_child children[STACK_CHILDREN];
	struct stack_check checks[STACK_FRAMES]; /* of memo[i] for i > 0 */
	struct stack_frame memo[STACK_FRAMES];  /* [0] is the outermost */
	struct stack_frame fresh[STACK_FRAMES]; /* of the walk in progress; [0] is the innermost */
};

/* The node of the innermost frame: the function that called the hook. max_depth <= STACK_FRAMES. */
uint32_t stack_capture(struct stack *s, const struct caller *caller, uint32_t max_depth);

/* The node of the calling instruction alone, which is entered at `entry` under `key`. */
uint32_t stack_site_slow(struct stack *s, uintptr_t pc, struct stack_site *entry, uint64_t key);

/* True if both addresses lie in one stack. */
bool stack_is_same(struct stack *s, uintptr_t a, uintptr_t b);

/* True if it is already known that they do: for a signal handler that came in while the thread works
 * on s. Looking it up there could take longer than the time to the next signal. */
bool stack_holds_both(const struct stack *s, uintptr_t a, uintptr_t b);

/* This memory is no more: what is known of a stack in it is not read again. */
void stack_forget_memory(struct stack *s, uintptr_t low, size_t bytes);

#endif
