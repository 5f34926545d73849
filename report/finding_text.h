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

/* Parts of it, for others who tell of stacks: a title and a stack under it; a paragraph, escaped,
 * and one that is escaped already and not indented; a name and in dim letters a fingerprint, then
 * the end of the line; "pid 12 (name), thread 13 (name)". */
void story_add_stack(struct strbuf *out, const char *title, uint32_t tid, const struct story_stack *stack,
		     const struct finding_style *style);
void story_add_paragraph(struct strbuf *out, const struct finding_style *style, const char *text);
void story_add_text(struct strbuf *out, const struct finding_style *style, const char *text);
void story_add_title(struct strbuf *out, const struct finding_style *style, const char *title,
		     uint64_t fingerprint);
/* "deflate_end (zlib.c:12)" of a frame; not escaped. */
void story_add_frame_name(struct strbuf *out, const struct story_frame *frame);

#endif
