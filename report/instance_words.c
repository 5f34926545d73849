/* instance_words.c - see instance_words.h. What is not hooked must not look as if it were. */
#include "report/instance_words.h"

#include <inttypes.h>
#include <string.h>

#include "base/compiler.h"
#include "util/path.h"
#include "wire/families.h"
#include "wire/plan.h"

enum { NAMED_FUNCTIONS = 4 };

struct instance_uses instance_uses(const struct trace_instance *in)
{
	struct instance_uses uses = { 0, 0, 0 };
	for (uint32_t i = 0; i < in->user_count; i++) {
		uses.served += (in->users[i].flags & TRACE_USER_SERVED) != 0;
		uses.recorded += (in->users[i].flags & TRACE_USER_RECORDED) != 0;
		uses.copies += (in->users[i].flags & TRACE_USER_COPIES) != 0;
	}
	return uses;
}

bool instance_is_inline(const struct trace_instance *in)
{
	for (uint32_t i = 0; i < in->function_count; i++)
		if (in->functions[i].hooks & hook_outcome(PLAN_NONE))
			return true;
	return false;
}

bool instance_is_recorded(const struct trace_instance *in)
{
	return instance_uses(in).recorded || instance_is_inline(in);
}

enum function_hooking function_hooking(const struct trace_instance *in,
				       const struct trace_function *f)
{
	const uint32_t by_name = ALLOCATOR_FUNCTION_PLAIN | ALLOCATOR_FUNCTION_EXPORTED;
	if ((f->flags & by_name) == by_name && instance_uses(in).recorded)
		return FUNCTION_BY_NAME;
	return f->hooks & hook_outcome(PLAN_NONE) ? FUNCTION_INLINE : FUNCTION_NOT;
}

bool instance_lacks(const struct trace_instance *in, const struct trace_function *f)
{
	/* They make no blocks and release none. */
	static const char *const others[] = {
		"malloc_usable_size", "usable_size",	    "malloc_size",	  "msize",
		"nallocx",	      "sallocx",	    "mallctl",		  "mallctlbymib",
		"mallctlnametomib",   "malloc_stats_print", "malloc_object_size", "malloc_lock",
		"malloc_unlock",      "malloc_object_size_fast", "heap_visit_blocks",
		"MallocExtension_GetAllocatedSize", "rust_usable_size",
	};
	size_t prefix = strlen(in->prefix);
	const char *name = f->name;
	if (strncmp(name, in->prefix, prefix) == 0)
		name += prefix;
	for (size_t i = 0; i < AT_COUNT_OF(others); i++)
		if (strcmp(name, others[i]) == 0)
			return false;
	return function_hooking(in, f) == FUNCTION_NOT;
}

size_t instance_unrecorded(const struct trace_instance *in)
{
	size_t count = 0;
	for (uint32_t i = 0; i < in->function_count; i++)
		count += instance_lacks(in, &in->functions[i]);
	return count;
}

/* plan_reasons.def, by number. */
static const char *const reason_words[] = {
#define PLAN_REASON(id, word, text) word,
#include "wire/plan_reasons.def"
#undef PLAN_REASON
};
static const char *const reason_texts[] = {
#define PLAN_REASON(id, word, text) text,
#include "wire/plan_reasons.def"
#undef PLAN_REASON
};

unsigned function_next_reason(const struct trace_function *f, unsigned after)
{
	for (unsigned reason = after + 1; reason < PLAN_REASONS; reason++)
		if (f->hooks & hook_outcome((enum plan_reason)reason))
			return reason;
	return PLAN_NONE;
}

const char *reason_word(unsigned reason)
{
	return reason < PLAN_REASONS ? reason_words[reason] : "unknown";
}

/* The first reason will do: one process differs from another in odd cases only. */
const char *function_why_not(const struct trace_function *f)
{
	unsigned reason = function_next_reason(f, PLAN_NONE);
	return reason ? reason_texts[reason] : NULL;
}

/* "its symbols are gone", or what stands in the way of the first of its functions. NULL: not known. */
static const char *why_not(const struct trace_instance *in)
{
	if (in->linkage == ALLOCATOR_STRIPPED)
		return "its symbols are gone, so where its functions are is not known";
	for (uint32_t i = 0; i < in->function_count; i++) {
		unsigned reason = function_next_reason(&in->functions[i], PLAN_NONE);
		if (reason && instance_lacks(in, &in->functions[i]))
			return reason_texts[reason];
	}
	return NULL;
}

void instance_add_why_not(struct strbuf *out, const struct trace_instance *in)
{
	const char *why = why_not(in);
	if (why)
		strbuf_addf(out, ": %s", why);
}

const char *linkage_words(unsigned linkage)
{
	static const char *const words[ALLOCATOR_LINKAGES] = { "shared library", "static, exported",
							       "static, hidden",
							       "static, stripped" };
	return linkage < AT_COUNT_OF(words) ? words[linkage] : "linked in an unknown way";
}

const char *instance_linkage(const struct trace_instance *in)
{
	return linkage_words(in->linkage);
}

static void of_processes(struct strbuf *out, const struct trace_instance *in, uint32_t count)
{
	if (in->user_count > 1)
		strbuf_addf(out, " in %" PRIu32 " of %" PRIu32 " processes", count, in->user_count);
}

static void name_unrecorded(struct strbuf *out, const struct trace_instance *in, size_t count)
{
	size_t named = 0;
	for (uint32_t i = 0; i < in->function_count && named < NAMED_FUNCTIONS; i++)
		if (instance_lacks(in, &in->functions[i]))
			strbuf_addf(out, "%s%s", named++ ? ", " : "", in->functions[i].name);
	if (count > named)
		strbuf_adds(out, ", ...");
}

void instance_add_unrecorded(struct strbuf *out, const struct trace_instance *in)
{
	size_t count = instance_unrecorded(in);
	if (!count)
		return;
	strbuf_adds(out, ", but not ");
	name_unrecorded(out, in, count);
}

static void add_unrecorded(struct strbuf *out, const struct trace_instance *in)
{
	size_t count = instance_unrecorded(in);
	if (!count)
		return;
	strbuf_addf(out, "; calls of %zu other function%s are not: ", count, count == 1 ? "" : "s");
	name_unrecorded(out, in, count);
}

static void add_copies(struct strbuf *out, const struct trace_instance *in, uint32_t copies)
{
	if (!copies)
		return;
	strbuf_adds(out, "; loaded several times (dlmopen)");
	of_processes(out, in, copies);
	if (!instance_is_inline(in))
		strbuf_adds(out, ", calls of the other copies are not recorded");
}

bool instance_is_own_operators(const struct trace_instance *in, const char *path)
{
	return in->flags & TRACE_INSTANCE_LAYER && strcmp(in->family, "C++ operators") == 0 &&
	       !path_is_libcxx(path);
}

void instance_status(struct strbuf *out, const struct trace_instance *in, const char *path)
{
	struct instance_uses uses = instance_uses(in);
	bool is_inline = instance_is_inline(in);
	if (uses.served) {
		strbuf_adds(out, "is the program's malloc");
		of_processes(out, in, uses.recorded ? uses.recorded : uses.served);
	}
	if (uses.recorded || is_inline) {
		strbuf_adds(out, uses.served ? ", whose" : "its");
		strbuf_adds(out, " calls are recorded");
		strbuf_adds(out, !is_inline ? "" : uses.recorded ? " by name and inline" : " inline");
		add_unrecorded(out, in);
	} else if (uses.served) {
		strbuf_adds(out, ", but its calls are not recorded: they do not pass the runtime");
	} else if (instance_is_own_operators(in, path)) {
		strbuf_adds(out, "operators of the module's own: what they hand on to another "
				 "allocator is recorded there, what memory they have themselves is not");
	} else if (in->flags & TRACE_INSTANCE_LAYER) {
		strbuf_adds(out, "hands requests on to another allocator");
	} else {
		strbuf_adds(out, "seen, its calls are not recorded");
		instance_add_why_not(out, in);
	}
	add_copies(out, in, uses.copies);
}
