/* chunk_file.h - the file that a trace is written to: opening it, appending whole chunks.
 *
 * A chunk is one write(2) as far as the kernel allows. After an error the file is cut back to its
 * last whole chunk and every later call fails with the same error. Used by the writer only. */
#ifndef ALLOCTRACE_TRACE_CHUNK_FILE_H
#define ALLOCTRACE_TRACE_CHUNK_FILE_H

#include "base/compiler.h"
#include "trace/deflate.h"
#include "trace/format.h"
#include "trace/parts.h"
#include "util/err.h"

struct output {
	int fd;
	bool seekable; /* a regular file: an index makes sense */
	bool created;  /* there was nothing of that name */
	bool failed;
	char *name;
	uint64_t bytes;	 /* written, always whole chunks */
	uint8_t *buffer; /* one chunk with its header */
	size_t buffer_cap;
	struct deflater *deflater;
	struct err err; /* why it failed */
};

/* Opens by the rules at trace_writer_open() and writes the file header. 0 or -1. On failure
 * nothing is left to close. */
int output_open(struct output *o, const char *path, struct err *err) AT_MUST_CHECK;
/* Appends a chunk of `bytes` payload, compressed where that makes it smaller; count goes into its
 * header. Returns 0, or -1 when the output has failed, now or before. */
int output_chunk(struct output *o, enum chunk_type type, uint32_t count, const uint8_t *payload,
		 size_t bytes);
/* The same with the payload divided; tells how many bytes each part came to. */
int output_parts(struct output *o, enum chunk_type type, uint32_t count, const uint8_t *payload,
		 struct chunk_part *parts, unsigned part_count);
/* Closes and frees what o owns; returns 0 or -1 with the first error. */
int output_close(struct output *o, struct err *err);

#endif
