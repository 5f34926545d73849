/* crash_story.h - a signal that ended a process, with all that is known of it, ready to be told.
 *
 * Made from a trace here, or while the program runs by who records it; told by crash_text.h and
 * crash_json.h. Strings belong to whoever made the story, but those said to be its own. */
#ifndef ALLOCTRACE_REPORT_CRASH_STORY_H
#define ALLOCTRACE_REPORT_CRASH_STORY_H

#include "report/finding_story.h"
#include "wire/crashes.h"

/* A block that a register or a word on the stack points into. */
struct crash_block {
	struct trace_crash_pointer pointer;
	char *allocator;     /* "glibc 2.36", "jemalloc 5.3.0 in libplug.so"; its own, NULL: not known */
	const char *heap_module; /* path of what serves malloc, if the block is malloc's, or of what mapped
				  * the region; or NULL */
	uint32_t made_tid, freed_tid;	/* 0: not known */
	struct story_stack made, freed; /* without frames where there is none */
	bool is_foreign; /* of another allocator than the one that crashed */
};

struct crash_story {
	struct trace_crash crash;
	uint32_t number;
	const char *exe; /* "": not known */
	const char *thread_name;
	struct story_stack stack;
	struct crash_block *blocks;
	size_t block_count;
	/* By crash_story_finish(). */
	const struct story_frame *place; /* where it happened, past libc's way to end a program; or NULL */
	const struct story_frame *entry; /* the function by which that module was entered */
	const struct story_frame *caller; /* the one in another module that called it; or NULL */
	char *instance;	     /* "jemalloc 5.3.0", that the module of `place` carries; its own, or NULL */
	const char *linkage; /* of it: "static, hidden" */
	bool in_allocator;   /* it happened in that allocator's functions, as far as their names tell */
	bool new_threw;	     /* an operator new, an exception that nobody caught */
	uint64_t fingerprint;
};

/* From a trace whose names must outlive the story. The caller releases it. */
void crash_story_read(struct crash_story *s, struct trace_names *names, uint32_t number);
void crash_story_release(struct crash_story *s);

/* For who makes one in another way: stack and blocks are there; the module's file is looked into. */
void crash_story_finish(struct crash_story *s);

/* The signal was not raised by an instruction. */
bool crash_is_sent(const struct trace_crash *c);
/* The first block of another allocator that is pointed to where it starts; NULL if there is none. */
const struct crash_block *crash_foreign_block(const struct crash_story *s);
/* The freed block that the address lies in, or NULL. */
const struct crash_block *crash_freed_block(const struct crash_story *s);

#endif
