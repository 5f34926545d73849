/* events.h - the events that a thread writes into its ring.
 *
 * A ring is a sequence of 64-bit words; an event is one or more words, the first with the kind
 * in its low four bits. Only the owning thread writes, only the collector reads.
 *
 *   ALLOC   63        size         16|15 flags 10|9 role 4|3 kind 0|
 *           63 reserved 48|47 allocator 32|31       stack         0|
 *   FREE    63       counter       16|15 flags 10|9 role 4|3 kind 0|
 *           63 reserved 48|47   slot    32|31       site          0|
 *   TICK    63                 time-stamp counter >> 4 4|3 kind 0|
 *   MODULE  63 reserved 32|31  module   16|15 reserved  4|3 kind 0|
 *           63                 load bias                          0|
 *   MARK    63 reserved 32|31 text bytes 16|15 type 10|9     4|3 kind 0|  then the text
 *   POOL    63 allocator 48|47 module+1 32|31 text bytes 16|15 type 10|9     4|3 kind 0|  then the text
 *   MAP     63        length       16|15 flags 10|9 role 4|3 kind 0|
 *           63        address                                     0|
 *           63 reserved 32|31       stack                         0|
 *   FINDING 63 number 32|31 class 24|23 outcome 20|19 flags 16|15 ... 10|9 role 4|3 kind 0|
 *           and six more words: findings.h
 *
 * A block is named by (slot, counter): the ring slot of the thread that made it and the running
 * number of ALLOC events in that slot, which is never reset while a session lasts. The counter
 * of an ALLOC is therefore implied by its place. Example: the first malloc(24) of slot 3 with
 * stack 17 is 0x0000000000180000, 0x0000000000000011; its free() through site 9 is, with counter 0
 * and role 9, 0x0000000000000091, 0x0000000300000009.
 *
 * A realloc is a FREE of the old block and an ALLOC of the new one, next to each other and both
 * with EVENT_FLAG_REALLOC; an mremap is two MAPs with it. */
#ifndef ALLOCTRACE_WIRE_EVENTS_H
#define ALLOCTRACE_WIRE_EVENTS_H

#include <stdint.h>

enum event_kind {
	EVENT_ALLOC = 0,
	EVENT_FREE = 1,
	EVENT_TICK = 2,
	EVENT_MODULE = 3,
	EVENT_MARK = 4,
	EVENT_POOL = 5,
	EVENT_MAP = 6,
	EVENT_FINDING = 7,
	EVENT_KIND_COUNT
};

enum event_flag {
	EVENT_FLAG_REALLOC = 1, /* half of a realloc (or of an mremap) */
};

enum mark_type {
	MARK_POINT = 0,
	MARK_SCOPE_BEGIN = 1,
	MARK_SCOPE_END = 2,
	MARK_PAUSE = 3,
	MARK_RESUME = 4,
	MARK_SUPPRESSION = 5, /* no mark: a line of alloctrace_suppressions(); never in a trace */
};

/* What an allocator other than the program's heap is. The module is the one that has an instance's
 * code; it may be 0. */
enum pool_type {
	POOL_OF_PROGRAM = 0, /* its blocks lie inside others: alloctrace.h */
	POOL_INSTANCE = 1,   /* an allocator of its own */
};

enum {
	EVENT_ROLE_SHIFT = 4,
	EVENT_FLAGS_SHIFT = 10,
	EVENT_VALUE_SHIFT = 16,
	EVENT_TEXT_MAX_BYTES = 120,
	EVENT_MAX_WORDS = 1 + EVENT_TEXT_MAX_BYTES / 8,
	EVENT_FINDING_WORDS = 7,
	/* A thread writes a TICK at least every so many events; the order of events between
	 * threads is exact to this many. */
	EVENT_TICK_INTERVAL = 16,
};

#define EVENT_VALUE_MAX ((UINT64_C(1) << 48) - 1)

static inline enum event_kind event_kind(uint64_t word)
{
	return (enum event_kind)(word & 15);
}

static inline unsigned event_role(uint64_t word)
{
	return word >> EVENT_ROLE_SHIFT & 63;
}

static inline unsigned event_flags(uint64_t word)
{
	return word >> EVENT_FLAGS_SHIFT & 63;
}

/* Size, counter or length, as the kind says. */
static inline uint64_t event_value(uint64_t word)
{
	return word >> EVENT_VALUE_SHIFT;
}

static inline uint64_t event_word(enum event_kind kind, unsigned role, unsigned flags,
				  uint64_t value)
{
	return (uint64_t)kind | (uint64_t)role << EVENT_ROLE_SHIFT |
	       (uint64_t)flags << EVENT_FLAGS_SHIFT | value << EVENT_VALUE_SHIFT;
}

/* what: the two high fields of a POOL, or 0. */
static inline uint64_t event_text_word(enum event_kind kind, unsigned type, unsigned len,
				       uint32_t what)
{
	return (uint64_t)kind | (uint64_t)type << EVENT_FLAGS_SHIFT | (uint64_t)len << 16 |
	       (uint64_t)what << 32;
}

static inline uint32_t event_pool_what(uint32_t allocator, uint32_t module_plus_1)
{
	return allocator << 16 | (module_plus_1 & 0xffff);
}

/* Words that the event beginning with `word` takes; 0 if the kind is unknown. */
static inline unsigned event_words(uint64_t word)
{
	switch (event_kind(word)) {
	case EVENT_ALLOC:
	case EVENT_FREE:
	case EVENT_MODULE:
		return 2;
	case EVENT_TICK:
		return 1;
	case EVENT_MAP:
		return 3;
	case EVENT_FINDING:
		return EVENT_FINDING_WORDS;
	case EVENT_MARK:
	case EVENT_POOL:
		return 1 + (unsigned)((word >> 16 & 0xffff) + 7) / 8;
	case EVENT_KIND_COUNT:
		break;
	}
	return 0;
}

#endif
