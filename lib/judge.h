/* judge.h - is this release right, and if not, what is wrong with it?
 *
 * Inside the traced process; called from hooks, with the guard GUARD_BUSY, for a release that the
 * block table alone does not prove right. Only what is certain is a finding: an address that the
 * table does not know may be a block that was made before the runtime was there. */
#ifndef ALLOCTRACE_LIB_JUDGE_H
#define ALLOCTRACE_LIB_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/compiler.h"
#include "lib/blocks.h"
#include "lib/stack.h"
#include "wire/findings.h"
#include "wire/roles.h"

/* What a caller asks of a releasing function. */
struct release {
	enum role role; /* of the function */
	uint64_t size;  /* that it was given, or RELEASE_NO_SIZE */
	uint64_t align; /* that it was given, or 0 */
	uint32_t allocator; /* whose function it is; 0: the program's heap */
	uint32_t hook;	    /* of the session, + 1: the function; 0: the role's own */
};

#define RELEASE_NO_SIZE UINT64_MAX

/* Which functions' blocks a releasing function takes: bits by enum role. */
extern AT_HIDDEN const uint64_t judge_accepts[ROLE_COUNT];

/* Nothing wrong as far as the function and what it was given go. */
static inline bool judge_is_right(const struct release *r, uintptr_t address, const struct block *b)
{
	return (judge_accepts[r->role] >> block_role(b) & 1) != 0 &&
	       block_allocator(b) == r->allocator &&
	       (r->size == RELEASE_NO_SIZE || r->size == block_size(b)) &&
	       (r->align == 0 || (address & (r->align - 1)) == 0);
}

/* Where the caller of the hook is. */
struct judge_place {
	uintptr_t frame; /* the hook's */
	uintptr_t stack_low, stack_high; /* readable memory that holds frame */
	struct stack *stack;
	struct caller caller;
};

/* Fills in the class, what it is about, and what to do with the block if nothing else is asked for;
 * false when there is nothing wrong that can be told for certain. state and b are what the block
 * table said of the address. */
bool judge_release(const struct release *r, uintptr_t address, enum block_state state,
		   const struct block *b, const struct judge_place *place, struct finding *f);

#endif
