/* findings.h - a wrong release as the runtime tells it. The list of classes is findings.def.
 *
 * A finding is told once in a session for each (class, releasing function, code address that made
 * the block, code address that releases it); how often it occurred is counted in the session memory
 * (struct session_finding). */
#ifndef ALLOCTRACE_WIRE_FINDINGS_H
#define ALLOCTRACE_WIRE_FINDINGS_H

#include <stdint.h>

#include "wire/events.h"

enum finding_class {
#define FINDING(id, word, group, text) FINDING_##id,
#include "wire/findings.def"
#undef FINDING
	FINDING_CLASSES
};

/* What is done about a class of findings; two bits each in the session header's `on_error`. */
enum finding_policy {
	FINDING_REPORT = 0, /* told; the block goes to its owner, or nowhere */
	FINDING_ABORT = 1,  /* told, then abort() */
	FINDING_IGNORE = 2, /* not looked for */
};

/* What became of the block. Stored in traces: append only. */
enum finding_outcome {
	FINDING_HANDED_ON = 0, /* the function that was called got it, as without the runtime */
	FINDING_TO_OWNER = 1,  /* a function of its owner got it that takes it safely */
	FINDING_SWALLOWED = 2, /* nobody got it */
	FINDING_ABORTED = 3,   /* nobody, and the process was ended */
};

enum finding_flag {
	FINDING_HAS_BLOCK = 1, /* the block's fields hold: it is or was one */
	FINDING_WAS_FREED = 2, /* and it had been freed: the first_* fields hold */
	/* No block is known, but the memory that the address is in: `size` has its bytes, `made_stack`
	 * the call that mapped it, and if the class is CROSS or GONE, `allocator` whose memory it is. */
	FINDING_IN_REGION = 4,
};

/* In a ring it takes EVENT_FINDING_WORDS words: the first with kind EVENT_FINDING, the function
 * that was called as its role, and `number`, outcome and flags; then the others. */
struct finding {
	uint32_t number;  /* index into the session's findings */
	uint8_t class;	  /* enum finding_class */
	uint8_t role;	  /* enum role of the releasing function */
	uint8_t outcome;  /* enum finding_outcome */
	uint8_t flags;	  /* enum finding_flag */
	uint8_t made_role; /* enum role: the function that made the block */
	uint16_t allocator; /* the block's; 0 is the program's heap */
	uint16_t first_slot; /* of the thread that freed it first */
	uint32_t first_site; /* node */
	uint32_t stack;	     /* node: who releases it, the whole stack */
	uint32_t made_stack; /* node */
	uint32_t age;	     /* of the block, in units of 2^FINDING_AGE_SHIFT clock ticks */
	uint16_t made_slot;  /* of the thread that made it */
	uint16_t hook;	     /* of the session, + 1: the function that was called; 0: the role's own */
	uint64_t address;    /* that was given to the function */
	uint64_t argument;   /* size or alignment that was given; INTERIOR: offset into the block,
				 * MAPPED: into the memory; CROSS, GONE: whose function it was;
				 * GLOBAL, CODE: the session's module + 1, or 0 */
	uint64_t size;	     /* of the block, in bytes */
};

enum { FINDING_AGE_SHIFT = 26, FINDING_AGE_BITS = 24 };

/* words: room for EVENT_FINDING_WORDS. */
static inline void finding_to_words(const struct finding *f, uint64_t *words)
{
	words[0] = (uint64_t)f->number << 32 | (uint64_t)f->class << 24 |
		   (uint64_t)f->outcome << 20 | (uint64_t)f->flags << 16 | (uint64_t)f->role << 4 | EVENT_FINDING;
	words[1] = f->address;
	words[2] = (uint64_t)f->made_stack << 32 | f->stack;
	words[3] = f->argument;
	words[4] = f->size;
	words[5] = (uint64_t)f->first_site << 32 | (uint64_t)f->first_slot << 16 | f->made_slot;
	words[6] = (uint64_t)f->allocator << 48 | (uint64_t)f->hook << 32 | (uint64_t)f->age << 8 |
		   f->made_role;
}

/* Nothing is checked: the words are in memory that the program could overwrite. */
static inline void finding_from_words(struct finding *f, const uint64_t *words)
{
	*f = (struct finding){
		.number = (uint32_t)(words[0] >> 32),
		.class = (uint8_t)(words[0] >> 24),
		.outcome = words[0] >> 20 & 15,
		.flags = words[0] >> 16 & 15,
		.role = words[0] >> 4 & 63,
		.address = words[1],
		.made_stack = (uint32_t)(words[2] >> 32),
		.stack = (uint32_t)words[2],
		.argument = words[3],
		.size = words[4],
		.first_site = (uint32_t)(words[5] >> 32),
		.first_slot = (uint16_t)(words[5] >> 16),
		.made_slot = (uint16_t)words[5],
		.allocator = (uint16_t)(words[6] >> 48),
		.hook = (uint16_t)(words[6] >> 32),
		.age = words[6] >> 8 & ((1u << FINDING_AGE_BITS) - 1),
		.made_role = words[6] & 63,
	};
}

#endif
