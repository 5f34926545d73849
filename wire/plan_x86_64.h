/* plan_x86_64.h - the bytes of an inline hook on x86-64, beside those that are in the plan.
 *
 * A slot, at a multiple of PLAN_X86_64_SLOT_ALIGN:
 *
 *      0  48 be POINT...    movabs $point, %rsi       (or another register; or nops)
 *     10  3e ff 25 ...      notrack jmp *hook(%rip)   (the hook need not begin with endbr64)
 *     24  hook's address
 *     32  ff 35 ...         push slot(%rip)           (with a keeper: the function's jump
 *     38  3e ff 25 ...      notrack jmp *keeper(%rip)  leads here)
 *     48  slot's address
 *     56  keeper's address
 *     64  the plan's code, which begins with endbr64
 *
 * A keeper saves all registers, calls the slot's beginning and restores them; it finds the slot's
 * address on the stack, on top of the function's return address.
 *
 * Pure functions without libc. */
#ifndef ALLOCTRACE_WIRE_PLAN_X86_64_H
#define ALLOCTRACE_WIRE_PLAN_X86_64_H

#include "wire/plan.h"

enum {
	PLAN_X86_64_JUMP_BYTES = 5,	  /* jmp rel32 */
	PLAN_X86_64_SHORT_JUMP_BYTES = 2, /* jmp rel8 */
	PLAN_X86_64_SLOT_ALIGN = 32,
	PLAN_X86_64_HOOK_AT = 24, /* in a slot */
	PLAN_X86_64_KEEP_AT = 32,
	PLAN_X86_64_CODE_AT = 64,
	PLAN_X86_64_SLOT_BYTES = PLAN_X86_64_CODE_AT + PLAN_CODE_MAX,
};

/* Which register gets the hook's extra argument: as the ABI numbers integer arguments, from 0; a
 * hook of a function with two arguments takes it as its third with number 2. */
enum plan_x86_64_argument {
	PLAN_ARGUMENT_LAST = 5,	   /* %r9 */
	PLAN_ARGUMENT_R11 = 6,	   /* for hooks in assembly: the ABI gives it no meaning */
	PLAN_ARGUMENT_NONE = 0xff, /* all registers as the caller left them */
};

static inline bool plan_x86_64_is_valid(const struct hook_plan *plan)
{
	return plan->arch == PLAN_ARCH_X86_64 && plan_is_valid(plan) &&
	       plan->patch_bytes == (plan->flags & PLAN_HAS_PAD ? PLAN_X86_64_SHORT_JUMP_BYTES
								: PLAN_X86_64_JUMP_BYTES);
}

/* The jump from `at` to `target`; false when that is out of reach. */
static inline bool plan_x86_64_jump(uint8_t out[PLAN_X86_64_JUMP_BYTES], uint64_t at,
				    uint64_t target)
{
	out[0] = 0xe9;
	plan_put(out + 1, target - (at + PLAN_X86_64_JUMP_BYTES), 4);
	return plan_fits_rel32(target, at + PLAN_X86_64_JUMP_BYTES);
}

static inline bool plan_x86_64_short_jump(uint8_t out[PLAN_X86_64_SHORT_JUMP_BYTES], uint64_t at,
					  uint64_t target)
{
	int64_t distance = (int64_t)(target - (at + PLAN_X86_64_SHORT_JUMP_BYTES));
	out[0] = 0xeb;
	out[1] = (uint8_t)distance;
	return distance == (int8_t)distance;
}

/* movabs $point, %register; ten bytes of nop for PLAN_ARGUMENT_NONE. */
static inline void plan_x86_64_load(uint8_t out[10], unsigned argument, uint64_t point)
{
	static const uint8_t registers[] = { 7, 6, 2, 1, 8, 9, 11 };
	static const uint8_t nop[] = { 0x66, 0x2e, 0x0f, 0x1f, 0x84, 0, 0, 0, 0, 0 };
	if (argument >= sizeof(registers)) {
		for (unsigned i = 0; i < sizeof(nop); i++)
			out[i] = nop[i];
		return;
	}
	out[0] = (uint8_t)(0x48 | registers[argument] >> 3);
	out[1] = (uint8_t)(0xb8 | (registers[argument] & 7));
	plan_put(out + 2, point, 8);
}

/* notrack jmp *distance(%rip) */
static inline void plan_x86_64_indirect_jump(uint8_t out[7], uint32_t distance)
{
	out[0] = 0x3e;
	out[1] = 0xff;
	out[2] = 0x25;
	plan_put(out + 3, distance, 4);
}

struct plan_x86_64_slot {
	uint64_t at;	 /* the slot's address */
	uint64_t bias;	 /* of the module */
	uint64_t hook;	 /* jumped to with the stack as the function's caller left it; or called
			    by the keeper */
	uint64_t keeper; /* 0: none */
	uint64_t point;
	unsigned argument; /* enum plan_x86_64_argument */
};

/* Writes a slot. The original function is at + PLAN_X86_64_CODE_AT. False when something is out of
 * reach. */
static inline bool plan_x86_64_write_slot(const struct hook_plan *plan,
					  const struct plan_x86_64_slot *slot,
					  uint8_t out[PLAN_X86_64_SLOT_BYTES])
{
	enum { LOAD_BYTES = 10, PUSH_BYTES = 6, JUMP_BYTES = 7, KEEP = PLAN_X86_64_KEEP_AT };
	for (unsigned i = 0; i < PLAN_X86_64_SLOT_BYTES; i++)
		out[i] = 0xcc;
	plan_x86_64_load(out, slot->argument, slot->point);
	plan_x86_64_indirect_jump(out + LOAD_BYTES, PLAN_X86_64_HOOK_AT - LOAD_BYTES - JUMP_BYTES);
	plan_put(out + PLAN_X86_64_HOOK_AT, slot->hook, 8);
	out[KEEP] = 0xff;
	out[KEEP + 1] = 0x35;
	plan_put(out + KEEP + 2, 16 - PUSH_BYTES, 4);
	plan_x86_64_indirect_jump(out + KEEP + PUSH_BYTES, 24 - PUSH_BYTES - JUMP_BYTES);
	plan_put(out + KEEP + 16, slot->at, 8);
	plan_put(out + KEEP + 24, slot->keeper, 8);
	return plan_write_code(plan, slot->bias, slot->at + PLAN_X86_64_CODE_AT,
			       out + PLAN_X86_64_CODE_AT);
}

/* Where the function's jump leads to. */
static inline uint64_t plan_x86_64_slot_entry(const struct plan_x86_64_slot *slot)
{
	return slot->at + (slot->keeper ? PLAN_X86_64_KEEP_AT : 0);
}

#endif
