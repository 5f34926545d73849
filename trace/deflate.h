/* deflate.h - compressing and expanding a chunk's payload: a zlib stream (RFC 1950), whole
 * buffers. libdeflate does it where it was found, zlib otherwise; the streams are alike. */
#ifndef ALLOCTRACE_TRACE_DEFLATE_H
#define ALLOCTRACE_TRACE_DEFLATE_H

#include <stddef.h>
#include <stdint.h>

struct deflater;
struct inflater;

struct deflater *deflater_new(void);
void deflater_free(struct deflater *d);
/* Returns the stream's length, 0 when it does not fit into out_bytes. */
size_t deflater_run(struct deflater *d, const void *in, size_t in_bytes, void *out,
		    size_t out_bytes);

struct inflater *inflater_new(void);
void inflater_free(struct inflater *i);
/* Returns 0 when the stream is whole and gives exactly out_bytes, else -1. Never writes more. */
int inflater_run(struct inflater *i, const void *in, size_t in_bytes, void *out, size_t out_bytes);

uint32_t deflate_crc32(const void *data, size_t bytes);

#endif
