/* relocate_x86_64.h - x86-64 code for inline hooks: what jumps where in a function, and its first
 * instructions rewritten so that they do the same elsewhere.
 *
 * The only user of Zydis. Looks at bytes alone; where functions begin and end, and what lies
 * between them, is the caller's matter (elf/hook_plan.h). The bytes may be hostile. */
#ifndef ALLOCTRACE_ELF_RELOCATE_X86_64_H
#define ALLOCTRACE_ELF_RELOCATE_X86_64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/plan.h"

enum {
	X86_64_HEAD_BYTES = PLAN_DISPLACED_MAX + 8, /* of a function: where a hook may change it */
	X86_64_TABLES_MAX = 1024,
};

struct x86_64_code {
	const uint8_t *bytes;
	size_t count;
	uint64_t address;
};

struct x86_64_table {
	uint64_t address;
	bool absolute; /* 8-byte addresses; or else 4-byte distances from the table */
};

/* What the function's instructions say, read from its first to its last byte. */
struct x86_64_sweep {
	/* By offset in the head: the offset of the last instruction that jumps there, plus 1. */
	uint32_t jumped_from[X86_64_HEAD_BYTES];
	/* What may be the tables of its computed jumps. */
	struct x86_64_table tables[X86_64_TABLES_MAX];
	size_t table_count;
	bool computed_jump; /* has one through a register, or a table */
	bool undecodable;
	bool calls_out; /* through a register or memory, or goes on there */
	bool runs_on;	/* its last instruction does not jump or return */
};

void x86_64_sweep(const struct x86_64_code *function, struct x86_64_sweep *out);
/* The next direct call in the function, or jump out of it, from offset *at on; leaves the offset
 * behind it there. False when there is none. */
bool x86_64_next_call(const struct x86_64_code *function, size_t *at, uint64_t *target);

/* 4 when the code begins with endbr64, or 0. */
size_t x86_64_entry_mark(const struct x86_64_code *function);

/* Moves the instructions of at least `need` bytes at offset `skip`, or all up to the function's
 * end: fills in displaced_bytes, code, fixups, low, high and flags. Returns PLAN_NONE, or why they
 * cannot be moved. */
enum plan_reason x86_64_displace(const struct x86_64_code *function, size_t skip, size_t need,
				 struct hook_plan *plan);

/* Whether the bytes, of which there are `count`, begin with `need` or more of nop and int3. */
bool x86_64_is_padding(const uint8_t *bytes, size_t count, size_t need);

/* Whether a direct jump or call of the function leads into [from, to), as far as it can be decoded.
 */
bool x86_64_jumps_into(const struct x86_64_code *function, uint64_t from, uint64_t to);
/* What may be a jump or call into [from, to), by the bytes alone: looks from offset *at on, leaves
 * the offset of its 32-bit distance there, and is false when there is none. */
bool x86_64_find_jump(const struct x86_64_code *code, size_t *at, uint64_t from, uint64_t to);

/* Sets bit n of `bits` for each address low + n, n < count, to which such a distance leads. */
void x86_64_mark_targets(const struct x86_64_code *code, uint8_t *bits, uint64_t low,
			 uint64_t count);
/* Whether one of the function's instructions is a jump or call with its 32-bit distance there; also
 * when the function cannot be decoded so far. */
bool x86_64_has_jump(const struct x86_64_code *function, uint64_t distance_address);

#endif
