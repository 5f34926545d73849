/* empty_trace.c - see empty_trace.h. */
#include "collect/empty_trace.h"

#include <inttypes.h>
#include <stddef.h>

#include "util/mem.h"

static char *no_process(const struct empty_trace *t)
{
	if (t->cut)
		return mem_strdup("no program was traced: the limit was reached before");
	if (t->left_out == 1)
		return mem_strdup("no program was traced: --only or --skip left out the only one");
	if (t->left_out)
		return mem_printf("no program was traced: --only or --skip left out all %" PRIu32,
				  t->left_out);
	return mem_strdup(
		"no program was traced: the runtime did not start. The program ended too early, "
		"does without LD_PRELOAD, or has no room for it (ulimit -v, ulimit -n)");
}

char *empty_trace_reason(const struct empty_trace *t)
{
	if (t->events || t->unrecorded)
		return NULL;
	if (!t->processes)
		return no_process(t);
	if (t->no_record)
		return mem_strdup("nothing was recorded, only wrong frees were looked for "
				  "(--no-record)");
	if (t->paused)
		return mem_strdup(
			"nothing was recorded: the recording was paused to the end; --signal "
			"or alloctrace_start() begins it");
	if (t->cut)
		return mem_strdup("nothing was recorded: the limit was reached before the first "
				  "allocation");
	return mem_strdup("no allocations were made");
}
