/* suppressions.h - which wrong frees and leaks the user does not want to hear of:
 * alloctrace-suppressions(5).
 *
 * Files in the syntax of LeakSanitizer's, with more kinds. */
#ifndef ALLOCTRACE_REPORT_SUPPRESSIONS_H
#define ALLOCTRACE_REPORT_SUPPRESSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "report/finding_story.h"
#include "util/err.h"
#include "util/strbuf.h"

struct suppression {
	const char *kind; /* a group of findings, or "leak" */
	char *pattern;
	const char *file; /* as the caller named it */
	unsigned line;
	uint64_t used; /* how many findings it has kept back */
};

struct suppressions {
	struct suppression *items;
	size_t count, cap;
};

/* Adds those of a file; its name must outlive them. 0, or -1 with what is wrong: "FILE:LINE: ...".
 */
int suppressions_load(struct suppressions *s, const char *file, struct err *err);
/* Adds those of a text, as programs give them by alloctrace.h; `from` stands for the file's name.
 * Lines that are none are passed over. */
void suppressions_parse(struct suppressions *s, const char *text, const char *from);
/* Adds those of a text that a program has given; what is wrong in it is passed over. `from` is what
 * stands for the file, and must outlive them. */
void suppressions_add_text(struct suppressions *s, const char *text, const char *from);
void suppressions_release(struct suppressions *s);

/* Whether some pattern of the finding's kind matches function, file or module of a frame of its
 * stacks; the first that does counts it. s may be NULL. */
bool suppressions_match(struct suppressions *s, const struct finding_story *story);

/* The same for a leak whose blocks were made by this stack, and patterns of leaks. */
bool suppressions_match_leak(struct suppressions *s, const struct story_stack *stack);

/* One of leaks that has kept back none. */
bool suppression_is_unused_leak(const struct suppression *s);

/* One of wrong frees that has kept back none; leaks are not looked at here. */
bool suppression_is_unused(const struct suppression *s);

/* Whether the text is matched: "*" is anything, "^" in front and "$" at the end hold its ends, else
 * a part of it will do. */
bool suppression_pattern_matches(const char *pattern, const char *text);

/* Adds lines that would suppress the finding: a comment, and a pattern of the function, or module,
 * of its story_place(). */
void suppression_add_for(struct strbuf *out, const struct finding_story *story);

/* The same for a leak; the title says what it is. */
void suppression_add_for_leak(struct strbuf *out, const char *title, uint64_t fingerprint,
			      const struct story_stack *stack);

#endif
