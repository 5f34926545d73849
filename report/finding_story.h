/* finding_story.h - a wrong release with all that is known of it, ready to be told.
 *
 * Made from a trace here, or while the program runs by who records it; told by finding_text.h and
 * finding_json.h. Strings belong to whoever made the story. */
#ifndef ALLOCTRACE_REPORT_FINDING_STORY_H
#define ALLOCTRACE_REPORT_FINDING_STORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "report/trace_names.h"
#include "trace/trace.h"

struct story_frame {
	const char *function; /* NULL: not known */
	const char *file;     /* NULL: not known */
	const char *module;   /* path; "" for code without a file */
	const uint8_t *build_id;
	uint32_t build_id_bytes;
	uint32_t line;	 /* 0: not known */
	uint64_t offset; /* in the module */
	bool inlined;	 /* into the next frame */
};

enum story_stack_id { STORY_RELEASE, STORY_MADE, STORY_FIRST, STORY_STACKS };

/* Innermost frame first. */
struct story_stack {
	struct story_frame *frames;
	size_t count, cap;
	uint32_t outside; /* of the outermost: NODE_ROOT, NODE_TRUNCATED or NODE_UNKNOWN */
};

struct finding_story {
	struct trace_finding finding;
	uint32_t number;
	uint32_t pid;	 /* 0: not known, as the tids */
	const char *exe; /* "": not known */
	uint32_t tid, made_tid, first_tid;
	const char *thread_name;		 /* "": not known */
	/* Of the block; and, for finding_names_called(), whose function was called. "jemalloc 5.3.0
	 * in libplug.so"; the story's own, NULL: not known. */
	char *made_allocator, *called_allocator;
	struct story_stack stacks[STORY_STACKS]; /* without frames where there is none */
	/* The same in every run for the same mistake in the same code: of the class, the functions
	 * called, the allocators if there are two (not their versions) and the names of the
	 * innermost frames, not of addresses. */
	uint64_t fingerprint;
};

/* From a trace whose names must outlive the story. The caller releases it. */
void finding_story_read(struct finding_story *s, struct trace_names *names, uint32_t number);
void finding_story_release(struct finding_story *s);

/* For who makes one in another way: adds a frame, innermost first; sets the fingerprint, last. */
void story_stack_add(struct story_stack *stack, const struct story_frame *frame);
void finding_story_finish(struct finding_story *s);

/* Frames of a node of the trace; its tid, 0 if not known; "glibc 2.36", the name of an allocator for people,
 * which the caller frees, or NULL. */
void story_stack_read(struct story_stack *stack, struct trace_names *names, uint32_t node);
uint32_t story_tid(const struct trace_reader *reader, uint32_t thread);
char *story_allocator_name(const struct trace_reader *reader, uint64_t allocator, uint32_t process);
/* A fingerprint: of a word and of the innermost frames. */
uint64_t story_fingerprint(const char *word, const struct story_stack *stack);

/* Whether the argument is the allocator whose function was called. */
bool finding_names_called(const struct trace_finding *f);
/* Whether a block is told of, and whether a free before this one; or the memory that the address is in,
 * whose call of mmap() or the like STORY_MADE is. */
bool story_has_block(const struct finding_story *s);
bool story_has_region(const struct finding_story *s);
bool story_was_freed(const struct finding_story *s);
/* The frame that released it, by which people know the mistake: the innermost that is no plumbing
 * (analysis/plumbing.h), or the innermost of all; NULL if there is none. */
const struct story_frame *story_place(const struct finding_story *s);
/* The same of any stack. */
const struct story_frame *story_stack_place(const struct story_stack *stack);
/* "libplug.so" of "/opt/libplug.so"; "[anonymous code]" for code without a file. */
const char *story_module_name(const struct story_frame *frame);

/* Negative, 0, positive: a comes before b, by how bad it is, then how often, then when. */
int finding_compare(const struct trace_finding *a, const struct trace_finding *b);

#endif
