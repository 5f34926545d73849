/* plan.h - how the runtime hooks one function inline, as the tool has worked it out.
 *
 * The tool has looked at the function in its ELF file (elf/hook_plan.h); the runtime, which has no
 * disassembler, only writes bytes (lib/inline_patch.h). A plan holds for every place where the file
 * is loaded: addresses in it are virtual addresses of the file, to which the runtime adds the load
 * bias. What is special to an architecture is in wire/plan_ARCH.h.
 *
 *      the module                              near memory: a slot per hook, within +-2 GiB
 *      function:  endbr64   (if it has one)    slot:    load the hook's argument
 *      patch:     jmp slot  (was: displaced)            jmp *hook
 *                 rest of the function  <--.   code:    endbr64
 *                 ...                      |            the displaced instructions, rewritten
 *      pad:       nop nop nop ...           `--         jmp back
 *                                                       data that the rewritten ones need
 *
 * An endbr64 stays where it is and the jump goes behind it: who calls the function indirectly with
 * CET's branch tracking on must find one there, and the jump itself is direct. The code of the slot
 * begins with one of its own, because the hook calls it indirectly.
 *
 * Where a jump of patch_bytes does not fit, a 2-byte one goes there, and the long one into padding
 * between functions (`pad`) that it reaches.
 *
 * A displaced call returns into the module, not into the slot: its return address is pushed from
 * data and the call has become a jump (PLAN_PUSHES_RETURN). So unwinding through it works, and so
 * do functions that look at their return address. A shadow stack would object.
 *
 * A plan may come from memory that the traced program can overwrite: plan_is_valid() must hold
 * before anything else is done with it. */
#ifndef ALLOCTRACE_WIRE_PLAN_H
#define ALLOCTRACE_WIRE_PLAN_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

enum plan_reason {
#define PLAN_REASON(id, word, text) PLAN_##id,
#include "wire/plan_reasons.def"
#undef PLAN_REASON
	PLAN_REASONS
};

/* What became of hooking a function, in all processes of a session together: bits. PLAN_NONE: it
 * has been hooked. Stored in traces; 0: nothing was tried. */
static inline uint64_t hook_outcome(enum plan_reason reason)
{
	return UINT64_C(1) << ((unsigned)reason & 63);
}

_Static_assert(PLAN_REASONS < 64, "each has a bit");

enum {
	PLAN_VERSION = 1,
	PLAN_ARCH_X86_64 = 1,
	PLAN_DISPLACED_MAX = 24,
	PLAN_CODE_MAX = 96,
	PLAN_FIXUPS_MAX = 8,
};

enum plan_flag {
	PLAN_PUSHES_RETURN = 1, /* not where a shadow stack is on */
	PLAN_HAS_PAD = 2,	/* `pad` holds */
	PLAN_IS_STUB = 4,	/* the function is a jump to stub_target and nothing else */
	/* The function leads to no call of which a compiler has to assume that it changes every
	 * register that it may. Then gcc (-fipa-ra) lets callers in the same source file keep
	 * values in registers that the ABI calls lost, and a hook must not lose them either. */
	PLAN_KEEPS_REGISTERS = 8,
};

enum plan_fixup_kind {
	PLAN_FIXUP_REL32 = 1, /* 4 bytes: target minus the address of code + from */
	PLAN_FIXUP_ABS64 = 2, /* 8 bytes: target */
};

struct plan_fixup {
	uint8_t kind; /* enum plan_fixup_kind */
	uint8_t at;   /* offset in code */
	uint8_t from; /* offset in code: where the instruction ends */
	uint8_t reserved[5];
	uint64_t target; /* virtual address in the file */
};

struct hook_plan {
	uint16_t version;    /* PLAN_VERSION */
	uint8_t arch;	     /* PLAN_ARCH_* */
	uint8_t reason;	     /* enum plan_reason; but for `function` the rest holds for PLAN_NONE */
	uint8_t flags;	     /* enum plan_flag */
	uint8_t protection;  /* PROT_* of the segment */
	uint8_t patch_bytes; /* written at `patch` */
	uint8_t displaced_bytes; /* at `patch`: the instructions that move; >= patch_bytes, or up to
				    the function's end, and the rest is padding */
	uint8_t expected_bytes;	 /* of `expected`: the larger of the two above */
	uint8_t code_bytes;
	uint8_t fixup_count;
	uint8_t reserved[5];
	uint64_t function;    /* its entry */
	uint64_t file_offset; /* of the entry */
	uint64_t patch;	      /* where the jump goes: the entry, or behind its endbr64 */
	uint64_t pad;	      /* where the long jump goes instead */
	uint64_t stub_target;
	uint64_t low, high;		      /* what the slot must reach, first and last address */
	uint8_t expected[PLAN_DISPLACED_MAX]; /* the bytes at `patch` before */
	uint8_t pad_expected[8];	      /* the bytes at `pad` before */
	uint8_t code[PLAN_CODE_MAX];
	struct plan_fixup fixups[PLAN_FIXUPS_MAX];
};

static_assert(sizeof(struct plan_fixup) == 16, "shared layout");
static_assert(sizeof(struct hook_plan) == 72 + 32 + PLAN_CODE_MAX + 16 * PLAN_FIXUPS_MAX,
	      "shared layout");

/* "too-short"; "?" for a number that is none. */
static inline const char *plan_reason_word(unsigned reason)
{
	static const char *const words[] = {
#define PLAN_REASON(id, word, text) word,
#include "wire/plan_reasons.def"
#undef PLAN_REASON
	};
	return reason < PLAN_REASONS ? words[reason] : "?";
}

static inline const char *plan_reason_text(unsigned reason)
{
	static const char *const texts[] = {
#define PLAN_REASON(id, word, text) text,
#include "wire/plan_reasons.def"
#undef PLAN_REASON
	};
	return reason < PLAN_REASONS ? texts[reason] : "?";
}

/* ---- what follows runs inside the traced process too: no libc ---- */

static inline bool plan_fixup_is_valid(const struct hook_plan *plan, const struct plan_fixup *f)
{
	unsigned bytes = f->kind == PLAN_FIXUP_REL32 ? 4 : 8;
	return (f->kind == PLAN_FIXUP_REL32 || f->kind == PLAN_FIXUP_ABS64) &&
	       f->at + bytes <= plan->code_bytes && f->from <= plan->code_bytes;
}

/* Whether it can be applied at all: that nothing in it is out of range. */
static inline bool plan_is_valid(const struct hook_plan *plan)
{
	if (plan->version != PLAN_VERSION || plan->reason != PLAN_NONE ||
	    plan->code_bytes > PLAN_CODE_MAX || plan->fixup_count > PLAN_FIXUPS_MAX ||
	    plan->expected_bytes > PLAN_DISPLACED_MAX || plan->patch_bytes > plan->expected_bytes ||
	    plan->displaced_bytes > plan->expected_bytes || plan->low > plan->high)
		return false;
	for (unsigned i = 0; i < plan->fixup_count; i++)
		if (!plan_fixup_is_valid(plan, &plan->fixups[i]))
			return false;
	return true;
}

/* Whether all that it changes lies in the module's code from `start` to `end`, virtual addresses.
 */
static inline bool plan_is_within(const struct hook_plan *plan, uint64_t start, uint64_t end)
{
	enum { PAD_BYTES = sizeof(plan->pad_expected) };
	uint64_t bytes = end - start;
	return plan->patch - start < bytes &&
	       bytes - (plan->patch - start) >= plan->expected_bytes &&
	       (!(plan->flags & PLAN_HAS_PAD) ||
		(plan->pad - start < bytes && bytes - (plan->pad - start) >= PAD_BYTES));
}

static inline bool plan_fits_rel32(uint64_t to, uint64_t from)
{
	return (int64_t)(to - from) == (int32_t)(to - from);
}

static inline void plan_put(uint8_t *out, uint64_t value, unsigned bytes)
{
	for (unsigned i = 0; i < bytes; i++)
		out[i] = (uint8_t)(value >> 8 * i);
}

/* Writes the plan's code as it has to be at the address `at` into out, which has room for
 * code_bytes; the module is loaded with `bias`. False when something is out of reach. */
static inline bool plan_write_code(const struct hook_plan *plan, uint64_t bias, uint64_t at,
				   uint8_t *out)
{
	for (unsigned i = 0; i < plan->code_bytes; i++)
		out[i] = plan->code[i];
	for (unsigned i = 0; i < plan->fixup_count; i++) {
		const struct plan_fixup *f = &plan->fixups[i];
		uint64_t target = bias + f->target, from = at + f->from;
		if (f->kind == PLAN_FIXUP_ABS64)
			plan_put(out + f->at, target, 8);
		else if (plan_fits_rel32(target, from))
			plan_put(out + f->at, target - from, 4);
		else
			return false;
	}
	return true;
}

#endif
