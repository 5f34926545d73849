/* run_report.c - see run_report.h. */
#include "cli/run_report.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/command.h"
#include "cli/output.h"
#include "cli/report_summary.h"
#include "report/humane.h"
#include "util/strbuf.h"

enum { PROGRAMS_TEXT_BYTES = 32, SIZE_TEXT_BYTES = HUMANE_BYTES + 8 };

/* " in 3.10 MiB"; nothing when the trace went into a pipe or a device. */
static const char *bytes_text(const struct collect_result *result, const char *word,
			      char text[SIZE_TEXT_BYTES])
{
	char size[HUMANE_BYTES];
	text[0] = '\0';
	if (result->bytes)
		snprintf(text, SIZE_TEXT_BYTES, "%s %s", word, humane_bytes(size, result->bytes));
	return text;
}

/* Programs are told where they are not one for each process. */
static const char *programs_text(const struct collect_result *result,
				 char text[PROGRAMS_TEXT_BYTES])
{
	text[0] = '\0';
	if (result->programs > 1 && result->programs != result->processes)
		snprintf(text, PROGRAMS_TEXT_BYTES, " (%" PRIu32 " programs)", result->programs);
	return text;
}

void run_report_end(const struct collect_result *result)
{
	char size[SIZE_TEXT_BYTES], events[HUMANE_BYTES], programs[PROGRAMS_TEXT_BYTES];
	struct strbuf path = STRBUF_INIT;
	strbuf_add_escaped(&path, result->path);
	if (result->end == COLLECT_END_FAILED)
		say("%s: cut off%s", path.text, bytes_text(result, " after", size));
	else if (result->empty)
		say("%s: %s", path.text, result->empty);
	else
		say("%s: %s event%s of %" PRIu32 " process%s%s%s", path.text,
		    humane_count(events, result->events), result->events == 1 ? "" : "s",
		    result->processes, result->processes == 1 ? "" : "es",
		    programs_text(result, programs), bytes_text(result, " in", size));
	strbuf_release(&path);
	if (result->unresolved)
		say("interrupted: %zu addresses have no symbols in the trace", result->unresolved);
	if (result->end == COLLECT_END_LIMIT)
		say("the limit was reached: recording has ended");
}

void run_report_show(const struct collect_result *result, enum run_report report,
		     struct suppressions *suppressions)
{
	struct err err;
	const struct summary_options options = { .full = report == RUN_REPORT_FULL,
						 .color = output_color(stderr, COLOR_AUTO),
						 .suppressions = suppressions };
	/* What went into a pipe is gone, and who reads it may make a report. */
	if (!result->empty && result->bytes && report != RUN_REPORT_NONE &&
	    report_summary(result->path, stderr, &options, &err) < 0)
		say("no report: %s", err.text);
}
