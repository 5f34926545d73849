/* instance_words.h - what is told of an allocator in a module, in words. */
#ifndef ALLOCTRACE_REPORT_INSTANCE_WORDS_H
#define ALLOCTRACE_REPORT_INSTANCE_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "analysis/allocator_name.h"
#include "trace/trace.h"
#include "util/strbuf.h"

/* In how many of its processes it ... */
struct instance_uses {
	uint32_t served;   /* is the program's malloc */
	uint32_t recorded; /* and its calls are recorded */
	uint32_t copies;   /* is there several times */
};

struct instance_uses instance_uses(const struct trace_instance *in);
/* How calls of a function come to the runtime. */
enum function_hooking {
	FUNCTION_NOT,
	FUNCTION_BY_NAME, /* interposed: where the runtime stands before the allocator */
	FUNCTION_INLINE,  /* hooked where it begins */
};

enum function_hooking function_hooking(const struct trace_instance *in,
				       const struct trace_function *f);
/* Whether they are not, and ought to be. */
bool instance_lacks(const struct trace_instance *in, const struct trace_function *f);
/* Functions that it lacks. */
size_t instance_unrecorded(const struct trace_instance *in);
/* ", but not f, g", behind "recorded" or the like, if it lacks some. */
void instance_add_unrecorded(struct strbuf *out, const struct trace_instance *in);
/* Whether some of its functions are hooked where they begin. */
bool instance_is_inline(const struct trace_instance *in);
/* Whether any calls are recorded. */
bool instance_is_recorded(const struct trace_instance *in);

/* Why a function is not hooked, for people; NULL if nothing was tried. */
const char *function_why_not(const struct trace_function *f);
/* The reason (enum plan_reason) after another one; begins and ends with PLAN_NONE. */
unsigned function_next_reason(const struct trace_function *f, unsigned after);
const char *reason_word(unsigned reason); /* for programs */
/* ": why", if it is known, behind "not recorded". */
void instance_add_why_not(struct strbuf *out, const struct trace_instance *in);
const char *linkage_words(unsigned linkage); /* of enum allocator_linkage; any number will do */
const char *instance_linkage(const struct trace_instance *in); /* "static, hidden" */
/* Whether it is operators new and delete that a module has for itself or others, and that are not the C++
 * library's. path: its module's. */
bool instance_is_own_operators(const struct trace_instance *in, const char *path);
/* Whether and what of it is recorded, as a sentence without a point. */
void instance_status(struct strbuf *out, const struct trace_instance *in, const char *path);

#endif
