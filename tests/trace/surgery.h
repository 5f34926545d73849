/* surgery.h - a trace file in memory: taking it apart, making wrong ones with right checksums. */
#ifndef ALLOCTRACE_TESTS_TRACE_SURGERY_H
#define ALLOCTRACE_TESTS_TRACE_SURGERY_H

#include <stddef.h>
#include <stdint.h>

#include "trace/bytes.h"

/* Reads or writes a whole file; ends the test when that fails. */
void file_load(struct bytes *b, const char *path);
void file_save(const struct bytes *b, const char *path);

void trace_add_file_header(struct bytes *b, uint32_t version);
/* A chunk with right checksums. raw_bytes and flags are taken as given. */
void trace_add_chunk(struct bytes *b, unsigned type, unsigned flags, uint32_t count,
		     const void *payload, size_t bytes, uint32_t raw_bytes);
/* The same trace, which must be closed, with all payloads stored plainly and a new index. */
void trace_make_plain(struct bytes *out, const struct bytes *in);
/* Makes the checksums right as far as the chunks' lengths make sense. */
void trace_fix_checksums(uint8_t *data, size_t len);

#endif
