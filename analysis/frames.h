/* frames.h - what the code addresses of a trace mean: functions, files and lines.
 *
 * Every (module, offset) has a list of frames: its function, and before that (innermost first)
 * those that the compiler inlined there. Equal lists have equal numbers, so stacks that read the
 * same are the same. Where the names come from is the caller's business: a function that finds
 * them is handed in. */
#ifndef ALLOCTRACE_ANALYSIS_FRAMES_H
#define ALLOCTRACE_ANALYSIS_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "trace/trace.h"

struct frame_function {
	const char *name; /* NULL: not known, it is then one code address */
	uint32_t module;  /* or TRACE_NO_MODULE */
	uint64_t offset;  /* in the module, when the name is not known */
	/* Passes memory on rather than wanting it: the C and C++ runtime, allocator adapters of
	 * C++ and Rust, xmalloc and the like. */
	bool plumbing;
};

struct frame {
	uint32_t function; /* index for frames_function() */
	uint32_t line;	   /* 0: not known */
	const char *file;  /* NULL: not known */
	bool inlined;	   /* into the next frame of the list */
};

/* Finds the symbols of a code address, innermost first; the number, 0 if nothing is known. What
 * *symbols points to need not outlive the call. */
typedef size_t (*frame_source)(void *ctx, uint32_t module, uint64_t offset,
			       const struct trace_symbol **symbols);

struct frames;

/* The reader's tables must be loaded; it and ctx must outlive the frames. */
struct frames *frames_new(const struct trace_reader *reader, frame_source source, void *ctx);
void frames_free(struct frames *f);

const struct trace_reader *frames_reader(const struct frames *f);

/* The number of the list of a code address. */
uint32_t frames_list(struct frames *f, uint32_t module, uint64_t offset);
/* Its frames, innermost first; never empty. Valid until the next frames_list(). */
const struct frame *frames_of_list(const struct frames *f, uint32_t list, size_t *count);

size_t frames_function_count(const struct frames *f);
/* Valid until the next frames_list(); the name in it until frames_free(). */
const struct frame_function *frames_function(const struct frames *f, uint32_t function);

#endif
