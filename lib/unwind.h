/* unwind.h - from one frame of the stack to the next.
 *
 * Inside the traced process; signal-safe, no locks but modules.c's on a first meeting, no memory
 * but the caller's. The common frames of compiled code - CFA from rsp or rbp, return address
 * under it, rbp saved at a fixed place or untouched - are a 32-bit rule from a cache; frames
 * that need more registers or expressions are evaluated in full (unwind_full.c). */
#ifndef ALLOCTRACE_LIB_UNWIND_H
#define ALLOCTRACE_LIB_UNWIND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/atomics.h"
#include "base/compiler.h"
#include "lib/cfi.h"
#include "lib/modules.h"

/*  31      CFA offset, signed      12|11 rbp saved at (CFA - 8n)  4|3 spare 3|2 kind 0| */
enum rule_kind {
	RULE_END = 0,       /* return address undefined: the outermost frame */
	RULE_RSP = 1,       /* CFA = rsp + offset */
	RULE_RBP = 2,       /* CFA = rbp + offset */
	RULE_RBP_DEREF = 3, /* CFA = *(rbp + offset): a frame realigned through r10 */
	RULE_SIGNAL = 4,    /* signal trampoline: registers are in the ucontext at rsp */
	RULE_FRAME_POINTER = 5, /* no CFI: rbp chain, if it looks like one */
	RULE_PLT = 6,       /* lazy binding stub: CFA = rsp + 8 + (pc & 15 >= 11 ? 8 : 0) */
	RULE_FULL = 7,      /* only unwind_full() can */
};

enum {
	RULE_RBP_SAME = 0,    /* not touched */
	RULE_RBP_AT_RBP = 255, /* saved at *(rbp): goes with RULE_RBP_DEREF */
	RULE_OFFSET_SHIFT = 12,
};

struct rule {
	uint32_t bits;
	uint32_t module; /* index in `modules` */
};

static inline enum rule_kind rule_kind(struct rule r)
{
	return (enum rule_kind)(r.bits & 7);
}

static inline int32_t rule_offset(struct rule r)
{
	return (int32_t)r.bits >> RULE_OFFSET_SHIFT;
}

static inline unsigned rule_rbp(struct rule r)
{
	return r.bits >> 4 & 255;
}

/* One entry of the process-wide cache, by code address:
 *   key   63  epoch  48|47      pc      0|
 *   value 63  check  48|47 module 32|31  rule 0|
 * Anybody may write at any time; a mixture of two writes is noticed by `check`, which is a hash of
 * the key. */
struct rule_entry {
	uint64_t key, value;
};

enum { RULE_CACHE_BITS = 16 };

extern AT_HIDDEN struct rule_entry rule_cache[1 << RULE_CACHE_BITS];

/* Where a code address's rule is cached, and what marks an entry as its own. */
struct rule_place {
	uint64_t key;
	uint64_t check;
	struct rule_entry *entry;
};

static inline struct rule_place rule_place(uintptr_t pc)
{
	uint64_t key = pc | (uint64_t)at_load_relaxed(&modules_epoch) << 48;
	uint64_t hash = key * UINT64_C(0x9e3779b97f4a7c15);
	return (struct rule_place){ key, hash >> 16 & 0xffff,
				    &rule_cache[hash >> (64 - RULE_CACHE_BITS)] };
}

/* Works out, caches and returns the rule; announces new modules (thread.h). */
struct rule unwind_rule_slow(uintptr_t pc, struct cfi_scratch *scratch);

/* The rule for code at pc, which must lie inside the calling instruction. */
static inline struct rule unwind_rule(uintptr_t pc, struct cfi_scratch *scratch)
{
	struct rule_place place = rule_place(pc);
	uint64_t value = at_load_relaxed(&place.entry->value);
	if (AT_LIKELY(at_load_relaxed(&place.entry->key) == place.key &&
		      value >> 48 == place.check))
		return (struct rule){ (uint32_t)value, value >> 32 & 0xffff };
	return unwind_rule_slow(pc, scratch);
}

/* A frame that needs all registers: starts over inside the runtime and gives the frames from its
 * caller on. Fills pcs[0..max) with addresses inside the calling instructions, innermost first;
 * returns their number, *complete says that the outermost frame was reached. `first_cfa` is the
 * CFA of the hook, whose caller is the first frame given. */
unsigned unwind_full(uintptr_t first_cfa, const struct cfi_memory *memory,
		     struct cfi_scratch *scratch, uintptr_t *pcs, unsigned max, bool *complete);

/* The same from a frame that a signal interrupted, which is the first one given: registers by DWARF
 * number, exactly at its pc. */
unsigned unwind_full_from(const uintptr_t *registers, const struct cfi_memory *memory,
			  struct cfi_scratch *scratch, uintptr_t *pcs, unsigned max, bool *complete);

#endif
