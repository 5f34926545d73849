/* finding_text.h - wrong releases as text for people. */
#ifndef ALLOCTRACE_REPORT_FINDING_TEXT_H
#define ALLOCTRACE_REPORT_FINDING_TEXT_H

#include <stdbool.h>

#include "report/finding_story.h"
#include "util/strbuf.h"

struct finding_style {
	uint64_t depth; /* frames of a stack; 0: all */
	unsigned width; /* columns */
	bool color;
	bool long_names; /* functions and files in full */
};

/* Adds it in full, some lines, all escaped. `head` stands before the class, "  1. " for example. */
void finding_add_text(struct strbuf *out, const struct finding_story *s, const char *head,
		      const struct finding_style *style);
/* "deflate_end (zlib.c:12)" in at most `room` columns if that can be: the code that released it. */
void finding_add_place(struct strbuf *out, const struct finding_story *s, size_t room);

#endif
