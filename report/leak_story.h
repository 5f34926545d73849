/* leak_story.h - a place that leaks, with all that is known of it, ready to be told.
 *
 * Told by leaks_text.h, leaks_json.h and leaks_styles.h. Strings belong to the trace's names or,
 * where that is said, to the story. */
#ifndef ALLOCTRACE_REPORT_LEAK_STORY_H
#define ALLOCTRACE_REPORT_LEAK_STORY_H

#include "analysis/leaks.h"
#include "report/finding_story.h"
#include "util/strbuf.h"

struct leak_story {
	const struct leak_place *place;
	const struct trace_leak_group *example;
	const struct trace_leak_scan *scan; /* of the example */
	uint32_t process;		    /* or TRACE_NO_PROCESS */
	uint32_t pid;			    /* 0: not known, as the tid */
	const char *exe;		    /* "": not known */
	uint32_t tid;
	const char *thread_name; /* "": not known */
	char *allocator;	 /* the story's own, NULL: not known */
	char *call;		 /* "operator new(unsigned long)"; the story's own */
	struct story_stack stack;
	/* The same in every run for the same code: of the names of the innermost frames. */
	uint64_t fingerprint;
};

/* The caller releases it. */
void leak_story_read(struct leak_story *s, struct trace_names *names, const struct leak_places *p,
		     const struct leak_place *place);
void leak_story_release(struct leak_story *s);

/* "held by a global variable at libfoo.so+0x4010": what points to the example; nothing is added if
 * that is not known. Not escaped. */
void leak_story_add_holder(struct strbuf *out, const struct leak_story *s,
			   struct trace_names *names);

#endif
