/* finding_words.h - what is told of a wrong release, in words. */
#ifndef ALLOCTRACE_REPORT_FINDING_WORDS_H
#define ALLOCTRACE_REPORT_FINDING_WORDS_H

#include "trace/trace.h"
#include "util/strbuf.h"

/* Of enum finding_class; numbers of a later alloctrace have words too. */
const char *finding_class_word(unsigned class);	 /* "double" */
const char *finding_class_group(unsigned class); /* "double", "invalid", ... */
/* By the class and the function that was called: "double free", "size query of a freed block". */
const char *finding_title(unsigned class, unsigned role);

const char *finding_outcome_key(unsigned outcome);  /* "swallowed" */
/* What became of the block, a sentence's end. */
const char *finding_outcome_text(unsigned outcome, unsigned role);
/* What the function did with the block: "released", "asked for its size". */
const char *finding_deed(unsigned role);

/* All of these add to out, without a full stop. */
/* "malloc()", "mi_free()", "operator delete[](void*, std::size_t)". call: the symbol of the function that was
 * called, NULL: the role's. */
void call_add_words(struct strbuf *out, unsigned role, const char *call);
/* What was called on what: "free() of a block of 24 bytes made by operator new[]". made and called
 * are the names of the allocators of the block and of the function, where they differ; may be NULL.
 */
void finding_add_summary(struct strbuf *out, const struct trace_finding *f, const char *made,
			 const char *called);
/* How a call came to its allocator, of enum why_kind: "deepbind". */
const char *finding_why_word(unsigned kind);
/* Why it is wrong, and what would put it right: a sentence each. */
void finding_add_why(struct strbuf *out, const struct trace_finding *f);
void finding_add_fix(struct strbuf *out, const struct trace_finding *f);

#endif
