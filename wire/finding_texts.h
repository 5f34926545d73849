/* finding_texts.h - what a wrong release is called in texts: one table for the runtime, which tells
 * where there is no tool, and for the tool's reports. Which classes there are is findings.def's. */
#ifndef ALLOCTRACE_WIRE_FINDING_TEXTS_H
#define ALLOCTRACE_WIRE_FINDING_TEXTS_H

#include "wire/findings.h"
#include "wire/roles.h"

/* Of functions that only ask. */
static inline const char *finding_query_title(unsigned class)
{
	static const char *const titles[FINDING_CLASSES] = {
		[FINDING_CROSS] = "cross-allocator size query",
		[FINDING_DOUBLE] = "size query of a freed block",
		[FINDING_INTERIOR] = "size query of an interior pointer",
		[FINDING_STACK] = "size query of stack memory",
		[FINDING_GLOBAL] = "size query of global memory",
		[FINDING_CODE] = "size query of code",
		[FINDING_MAPPED] = "size query of mapped memory",
		[FINDING_UNKNOWN] = "size query of unknown memory",
		[FINDING_GONE] = "size query with the owner unloaded",
	};
	return class < FINDING_CLASSES && titles[class] ? titles[class]
							: "size query that is wrong";
}

/* "double free", "size query of stack memory"; NULL: a class unknown to this version. */
static inline const char *finding_class_title(unsigned class, unsigned role)
{
	static const char *const titles[FINDING_CLASSES] = {
#define FINDING(id, word, group, text) text,
#include "wire/findings.def"
#undef FINDING
	};
	if (class >= FINDING_CLASSES)
		return NULL;
	return role == ROLE_USABLE_SIZE ? finding_query_title(class) : titles[class];
}

/* Where an address is that is no block. */
static inline const char *finding_place_words(unsigned class)
{
	switch (class) {
	case FINDING_STACK:
		return "on a stack";
	case FINDING_GLOBAL:
		return "in global variables";
	case FINDING_CODE:
		return "in code";
	case FINDING_MAPPED:
		return "in memory that was mapped";
	case FINDING_UNKNOWN:
		return "where no memory is mapped";
	default:
		return "which is no block of the heap";
	}
}

/* NULL: an outcome unknown to this version. */
static inline const char *finding_outcome_words(unsigned outcome, unsigned role)
{
	static const char *const answers[] = {
		[FINDING_HANDED_ON] = "the call was let through as it was",
		[FINDING_TO_OWNER] = "its owner was asked instead",
		[FINDING_SWALLOWED] = "the answer was 0",
		[FINDING_ABORTED] = "the program was ended",
	};
	static const char *const texts[] = {
		[FINDING_HANDED_ON] = "the call was let through as it was",
		[FINDING_TO_OWNER] = "the block was given to its owner in a way that is safe",
		[FINDING_SWALLOWED] = "the call was swallowed: nobody got the address",
		[FINDING_ABORTED] = "the program was ended",
	};
	if (outcome > FINDING_ABORTED)
		return NULL;
	return role == ROLE_USABLE_SIZE ? answers[outcome] : texts[outcome];
}

#endif
