/* test_stream.h - random but lawful event streams for the tests of analysis/ and trace/. */
#ifndef ALLOCTRACE_TESTS_ANALYSIS_TEST_STREAM_H
#define ALLOCTRACE_TESTS_ANALYSIS_TEST_STREAM_H

#include <stddef.h>
#include <stdint.h>

#include "trace/trace.h"

struct stream_shape {
	uint64_t seed;
	size_t events;	 /* about */
	unsigned slots;	 /* ring slots in use at once, at most */
	unsigned stacks; /* nodes from NODE_FIRST on */
	unsigned pools;	 /* allocators beside the heap */
	unsigned live;	 /* blocks alive that the stream hovers around */
	unsigned keep;	 /* one block in so many is never freed; 0: none */
	unsigned forget; /* one free in so many is of a block that is not live; 0: none */
	uint64_t max_size;
};

struct stream {
	struct trace_event *events;
	size_t count;
	size_t cap;
	uint32_t processes;
	uint32_t threads;
};

void stream_make(struct stream *s, const struct stream_shape *shape);
void stream_release(struct stream *s);

uint64_t stream_random(uint64_t *state);

#endif
