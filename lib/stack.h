/* stack.h - the stack of the caller of a hook, as one node number.
 *
 * Inside the traced process, one per thread; signal-safe.
 *
 * The memo is the thread's last stack, outermost frame first. A walk goes outwards from the
 * innermost frame only until it meets a frame of the memo with the same pc and stack pointer.
 * From there on the old frames still hold if every return-address slot holds what it held (and
 * every slot from which an rbp that matters was loaded): frame i's caller is a function of these
 * alone. Those checks are independent loads, not a chain. Frames that are new are interned, and
 * pushed onto the memo.
 *
 * Programs go through the same few call paths again and again. The second time that a stack is
 * walked, its checks are kept as a recent stack, found by pc and stack pointer: as long as they
 * hold, nothing is walked at all. */
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

enum stack_frame_flag {
	FRAME_EXACT = 1,      /* interrupted by a signal: pc is not a return address */
	FRAME_USES_RBP = 2,   /* rbp is needed to find the caller; in the memo: the rbp of here is
			       * needed for that by this frame or one further out */
	FRAME_CHECKS_RBP = 4, /* in the memo: its check covers the rbp that its caller gets */
};

struct stack_frame {
	uintptr_t pc;  /* return address into this frame, or the exact pc after a signal */
	uintptr_t rsp; /* on return into this frame: the CFA of the one before it */
	uintptr_t rbp; /* in this frame */
	uint32_t node;
	uint8_t rbp_saved; /* where it keeps its caller's rbp, as a rule says (unwind.h) */
	uint8_t flags;	   /* enum stack_frame_flag */
	uint16_t reserved;
};

/* What has to hold for a memo frame's caller to be the one that it was: the word at `slot` is
 * `expected`. Apart from the frames so that checking them runs through little memory. Where the rbp
 * that the caller gets matters too, `expected` is inverted: no word is then as expected, and the
 * frame's flags say why. */
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

/* A stack seen twice, by its innermost frame. Its node is right if all its checks hold. */
struct stack_recent {
	uint64_t key; /* pc and epoch; 0: none */
	uintptr_t rsp;
	uintptr_t rbp;	    /* as far as rbp_mask says */
	uintptr_t rbp_mask; /* all ones if a frame needs it, else 0 */
	uint32_t node;
	uint32_t seen_node; /* of the stack last walked that would go here */
	uint32_t checks;    /* used of recent_checks[this entry] */
	uint32_t era;
};

struct stack_region {
	uintptr_t low, high; /* readable memory, low inclusive */
};

enum {
	STACK_REGIONS = 4,
	STACK_SITE_BITS = 10,
	STACK_CHILD_BITS = 13,
	STACK_RECENT_BITS = 8,
	/* Frames that have a caller, with some room for rbp. Odd numbers of cache lines apart, so
	 * that the entries do not share the same few sets of the cache. */
	STACK_RECENT_CHECKS = 132,
	STACK_CHECKS_AT_ONCE = 4, /* the last of a stack's is there again until it has as many */
	STACK_FRAMES = SESSION_MAX_DEPTH,
};

/* A recent calling instruction of a release. */
struct stack_site {
	uint64_t key; /* pc and epoch */
	uint32_t node;
};

struct stack {
	struct stack_region regions[STACK_REGIONS]; /* most recently used first */
	uint32_t count;				    /* frames in the memo */
	uint32_t outside; /* the outermost frame's parent: NODE_ROOT, _TRUNCATED, _UNKNOWN */
	uintptr_t
		outer_cfa; /* the outermost frame's CFA if its caller is not kept; 0: it has none */
	uint32_t epoch;	   /* modules_epoch when the memo was made */
	uint32_t era;	   /* recent stacks of another era are void */
	struct cfi_scratch scratch;
	struct stack_site sites[1 << STACK_SITE_BITS];
	struct stack_child children[1 << STACK_CHILD_BITS];
	struct stack_recent recent[1 << STACK_RECENT_BITS];
	struct stack_check recent_checks[1 << STACK_RECENT_BITS][STACK_RECENT_CHECKS];
	struct stack_check checks[STACK_FRAMES + 1]; /* of memo[i] for i > 1 */
	/* [0] is a sentinel with the highest rsp, [1] the outermost frame */
	struct stack_frame memo[STACK_FRAMES + 1];
	struct stack_frame fresh[STACK_FRAMES]; /* of the walk in progress; [0] is the innermost */
};

/* The node of the innermost frame: the function that called the hook. max_depth <= STACK_FRAMES. */
uint32_t stack_capture(struct stack *s, const struct caller *caller, uint32_t max_depth);

/* The same for the frame that a signal interrupted; registers by DWARF number, CFI_RA is its pc. */
uint32_t stack_capture_interrupted(struct stack *s, const uintptr_t *registers, uint32_t max_depth);

/* The node of the calling instruction alone, which is entered at `entry` under `key`. */
uint32_t stack_site_slow(struct stack *s, uintptr_t pc, struct stack_site *entry, uint64_t key);

/* True if address lies in the frames of the caller and its callers, as far as they can be told. */
bool stack_has_in_frames(struct stack *s, const struct caller *caller, uintptr_t address);

/* Forgets the stacks captured so far: after the runtime was left in the middle of one. */
void stack_forget(struct stack *s);

/* The same and where stacks lie: for a record that gets another thread. */
void stack_reset(struct stack *s);

/* True if both addresses lie in one stack. */
bool stack_is_same(struct stack *s, uintptr_t a, uintptr_t b);

/* True if it is already known that they do, or b's stack is not known yet and they seem to: for a
 * signal handler that came in while the thread works on s. Looking it up there could take longer
 * than the time to the next signal. */
bool stack_holds_both(const struct stack *s, uintptr_t a, uintptr_t b);

/* This memory is no more: what is known of a stack in it is not read again. */
void stack_forget_memory(struct stack *s, uintptr_t low, size_t bytes);

#endif
