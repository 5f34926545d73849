/* crashes.h - what a process leaves in the session memory when a signal is about to kill it.
 *
 * The record is the process's until it sets READY; it may die at any instruction before that. Stored
 * values are raw: the collector checks them, the tool finds the names. */
#ifndef ALLOCTRACE_WIRE_CRASHES_H
#define ALLOCTRACE_WIRE_CRASHES_H

#include <stdint.h>

enum {
	CRASH_MAX = 256, /* of a session; later ones are counted */
	CRASH_POINTERS = 24,
	CRASH_MESSAGE_BYTES = 200,
	CRASH_STACK_WORDS = 512, /* looked at, from the stack pointer on */
	CRASH_LOW_BYTES = 4096,	 /* addresses below are what a null pointer gives */
};

enum crash_state { CRASH_UNUSED = 0, CRASH_CLAIMED = 1, CRASH_READY = 2 };

/* Stored in traces: append only. */
enum crash_flag {
	CRASH_HAS_ADDRESS = 1,	  /* `address` is what could not be accessed */
	CRASH_STACK_OVERFLOW = 2, /* it lies below the stack of the thread, which is used up */
	CRASH_JUMPED = 4,	  /* there is no code at the program counter; `stack` begins at the caller */
	CRASH_IN_RUNTIME = 8,	  /* in alloctrace's own code: nothing but the signal is told */
	CRASH_GAVE_UP = 16,	  /* what is told is not all: looking for it crashed, too */
	CRASH_BORROWED = 32,	  /* in a child that shares this process's memory (vfork) */
	CRASH_WRITES = 64,	  /* the access was a write; */
	CRASH_FETCHES = 128,	  /* ... or the fetch of an instruction */
	CRASH_ALLOCATION_FAILED = 256, /* of failed_bytes (0: not known), in this thread,
					* failed_ticks before */
	CRASH_FLAGS_ALL = 511,
};

/* Where a word that points into a block was found. Stored in traces: append only. */
enum crash_place {
	CRASH_IN_RAX = 0, /* registers in DWARF's order up to r15 */
	CRASH_REGISTERS = 16,
	CRASH_IN_PC = 16,
	CRASH_IN_ADDRESS = 17, /* the address that was accessed */
	CRASH_ON_STACK = 32,   /* + the number of the word, from the stack pointer on */
	CRASH_PLACES = CRASH_ON_STACK + CRASH_STACK_WORDS,
};

enum crash_pointer_flag {
	CRASH_BLOCK_FREED = 1, /* it had been freed */
	CRASH_IN_REGION = 2,   /* no block: memory that the code of made_stack, a single frame, mapped */
};

struct crash_pointer {
	uint64_t value;
	uint64_t block; /* where the block starts */
	uint64_t size;	/* of the block, in bytes */
	uint32_t made_stack;
	uint32_t freed_site;
	uint32_t age;	/* as struct finding has it */
	uint16_t place; /* enum crash_place */
	uint16_t allocator;
	uint16_t made_slot;
	uint16_t freed_slot;
	uint8_t made_role;
	uint8_t flags; /* enum crash_pointer_flag */
	uint8_t pad[2];
};

_Static_assert(sizeof(struct crash_pointer) == 48, "layout is shared");

struct session_crash {
	uint32_t state;	  /* enum crash_state; released */
	uint32_t process; /* index */
	uint32_t pid, tid; /* as the process sees them */
	uint32_t slot_plus_1; /* of the thread; 0: it has no ring */
	int32_t signal, code; /* as siginfo_t has them */
	uint32_t sender;      /* pid, of a signal that was sent */
	uint32_t flags;	      /* enum crash_flag */
	uint32_t stack;	      /* node */
	uint32_t pointer_count;
	uint32_t pad;
	uint64_t address;
	uint64_t tsc;
	uint64_t failed_bytes, failed_ticks;
	uint64_t registers[CRASH_REGISTERS + 1]; /* and the program counter */
	char message[CRASH_MESSAGE_BYTES];	 /* libc's, when it aborts; terminated */
	struct crash_pointer pointers[CRASH_POINTERS];
};

_Static_assert(sizeof(struct session_crash) == 48 + 32 + 136 + 200 + 48 * CRASH_POINTERS,
	       "layout is shared");

#endif
