/* bytes.h - a growing byte buffer that the writer's tables are put together in.
 *
 * Invariant: len <= cap. All zero is an empty one. */
#ifndef ALLOCTRACE_TRACE_BYTES_H
#define ALLOCTRACE_TRACE_BYTES_H

#include <stdlib.h>
#include <string.h>

#include "base/varint.h"
#include "trace/format.h"
#include "util/mem.h"

struct bytes {
	uint8_t *data;
	size_t len;
	size_t cap;
};

static inline void bytes_release(struct bytes *b)
{
	free(b->data);
	memset(b, 0, sizeof(*b));
}

static inline uint8_t *bytes_reserve(struct bytes *b, size_t more)
{
	b->data = mem_grow(b->data, &b->cap, b->len + more, 1);
	return b->data + b->len;
}

static inline void bytes_add(struct bytes *b, const void *data, size_t len)
{
	uint8_t *out = bytes_reserve(b, len);
	if (len)
		memcpy(out, data, len);
	b->len += len;
}

static inline void bytes_add_varint(struct bytes *b, uint64_t value)
{
	uint8_t *out = bytes_reserve(b, VARINT_MAX_BYTES);
	b->len += (size_t)(varint_put(out, value) - out);
}

/* Length, bytes, NUL. */
static inline void bytes_add_string(struct bytes *b, const char *text, size_t len)
{
	if (len > FORMAT_MAX_STRING_BYTES)
		len = FORMAT_MAX_STRING_BYTES;
	bytes_add_varint(b, len);
	bytes_add(b, text, len);
	bytes_add(b, "", 1);
}

static inline void bytes_add_text(struct bytes *b, const char *text)
{
	bytes_add_string(b, text ? text : "", text ? strlen(text) : 0);
}

#endif
