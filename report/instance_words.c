/* instance_words.c - see instance_words.h. Only malloc's functions and the C++ operators under
 * their own names are hooked; what else there is must not look as if it were. */
#include "report/instance_words.h"

#include <inttypes.h>
#include <string.h>

#include "base/compiler.h"
#include "wire/families.h"

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

bool instance_records(const struct trace_function *function)
{
	const uint32_t hooked = ALLOCATOR_FUNCTION_PLAIN | ALLOCATOR_FUNCTION_EXPORTED;
	return (function->flags & hooked) == hooked;
}

size_t instance_unrecorded(const struct trace_instance *in)
{
	size_t count = 0;
	for (uint32_t i = 0; i < in->function_count; i++)
		count += !instance_records(&in->functions[i]);
	return count;
}

const char *instance_linkage(const struct trace_instance *in)
{
	static const char *const words[ALLOCATOR_LINKAGES] = { "shared library", "static, exported",
							       "static, hidden",
							       "static, stripped" };
	return in->linkage < AT_COUNT_OF(words) ? words[in->linkage] : "linked in an unknown way";
}

void instance_title(struct strbuf *out, const struct trace_instance *in)
{
	bool is_known = strcmp(in->family, "unknown") != 0;
	strbuf_adds(out, is_known ? in->family : "allocator of an unknown kind");
	if (*in->version)
		strbuf_addf(out, " %s", in->version);
	if (*in->prefix)
		strbuf_addf(out, " (%s)", in->prefix);
}

static void of_processes(struct strbuf *out, const struct trace_instance *in, uint32_t count)
{
	if (in->user_count > 1)
		strbuf_addf(out, " in %" PRIu32 " of %" PRIu32 " processes", count, in->user_count);
}

static void add_unrecorded(struct strbuf *out, const struct trace_instance *in)
{
	size_t count = instance_unrecorded(in), named = 0;
	if (!count)
		return;
	strbuf_addf(out, "; calls of %zu other function%s are not: ", count, count == 1 ? "" : "s");
	for (uint32_t i = 0; i < in->function_count && named < NAMED_FUNCTIONS; i++)
		if (!instance_records(&in->functions[i]))
			strbuf_addf(out, "%s%s", named++ ? ", " : "", in->functions[i].name);
	if (count > named)
		strbuf_adds(out, ", ...");
}

void instance_status(struct strbuf *out, const struct trace_instance *in)
{
	struct instance_uses uses = instance_uses(in);
	if (uses.recorded) {
		strbuf_adds(out, "is the program's malloc");
		of_processes(out, in, uses.recorded);
		strbuf_adds(out, ", whose calls are recorded");
		add_unrecorded(out, in);
	} else if (uses.served) {
		strbuf_adds(out, "is the program's malloc");
		of_processes(out, in, uses.served);
		strbuf_adds(out, ", but its calls are not recorded: they do not pass the runtime");
	} else if (in->flags & TRACE_INSTANCE_LAYER) {
		strbuf_adds(out, "hands requests on to another allocator");
	} else {
		strbuf_adds(out, "seen, its calls are not recorded");
	}
	if (!uses.copies)
		return;
	strbuf_adds(out, "; loaded several times (dlmopen)");
	of_processes(out, in, uses.copies);
	strbuf_adds(out, ", calls of the other copies are not recorded");
}
