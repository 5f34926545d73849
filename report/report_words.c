/* report_words.c - the names and keys that all outputs share; see report.h. */
#include "report/report.h"

const char *const rollup_by_names[ROLLUP_COUNT + 1] = {
	"stack", "function", "module", "thread", "size", "allocator", NULL,
};

const char *const rollup_sort_names[SORT_KINDS + 1] = {
	"peak", "total", "count", "temporary", "live", NULL,
};

const char *mark_key(unsigned type)
{
	static const char *const keys[] = { "mark", "scope_begin", "scope_end", "pause", "resume" };
	return type < AT_COUNT_OF(keys) ? keys[type] : "?";
}

const char *loss_key(unsigned kind)
{
	static const char *const keys[TRACE_LOSS_COUNT] = {
		"allocations", "frees", "untracked_frees", "nested", "no_ring", "cut", "damaged",
		"findings", "unjudged",
	};
	return kind < TRACE_LOSS_COUNT ? keys[kind] : "?";
}

const char *loss_explained(unsigned kind, uint64_t count)
{
	static const char *const texts[TRACE_LOSS_COUNT][2] = {
		{ "allocations not recorded: the ring was full",
		  "allocation not recorded: the ring was full" },
		{ "frees not recorded (the ring was full): their blocks look live",
		  "free not recorded (the ring was full): its block looks live" },
		{ "frees of addresses that are not live recorded blocks: made when nothing was "
		  "recorded, or freed already",
		  "free of an address that is not a live recorded block: made when nothing was "
		  "recorded, or freed already" },
		{ "calls from inside a hook, not recorded",
		  "call from inside a hook, not recorded" },
		{ "calls not recorded: too many threads at once, or the child of a vfork in a "
		  "thread that had recorded nothing yet",
		  "call not recorded: too many threads at once, or the child of a vfork in a "
		  "thread that had recorded nothing yet" },
		{ "the size or time limit was reached: what came after is not here",
		  "the size or time limit was reached: what came after is not here" },
		{ "words of a ring that the program has overwritten",
		  "word of a ring that the program has overwritten" },
		{ "wrong frees that are not listed: there were too many different ones",
		  "wrong free that is not listed: there were too many different ones" },
		{ "mismatched frees that may be right: of code with C++ operators of its own",
		  "mismatched free that may be right: of code with C++ operators of its own" },
	};
	return kind < TRACE_LOSS_COUNT ? texts[kind][count == 1]
				       : "lost for a reason unknown to this version";
}
