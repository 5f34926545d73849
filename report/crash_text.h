/* crash_text.h - crashes as text for people. */
#ifndef ALLOCTRACE_REPORT_CRASH_TEXT_H
#define ALLOCTRACE_REPORT_CRASH_TEXT_H

#include "report/crash_story.h"
#include "report/finding_text.h"

/* Adds it in full, some lines, all escaped. `head` stands before the title. */
void crash_add_text(struct strbuf *out, const struct crash_story *s, const char *head,
		    const struct finding_style *style);
/* "SIGSEGV in je_free of libplug.so (pid 12)", in one line, escaped. */
void crash_add_line(struct strbuf *out, const struct crash_story *s);

#endif
