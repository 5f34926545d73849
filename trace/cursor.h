/* cursor.h - reading fields of an expanded chunk: every step is checked against its end.
 *
 * A failed step leaves the cursor `bad` and gives 0 or "", so that callers check once per record.
 */
#ifndef ALLOCTRACE_TRACE_CURSOR_H
#define ALLOCTRACE_TRACE_CURSOR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/varint.h"

struct cursor {
	const uint8_t *at;
	const uint8_t *end;
	bool bad;
};

static inline struct cursor cursor_on(const uint8_t *data, size_t len)
{
	/* An empty buffer may be NULL, with which C allows no arithmetic. */
	if (len == 0)
		data = (const uint8_t *)"";
	return (struct cursor){ .at = data, .end = data + len };
}

static inline size_t cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->at);
}

static inline uint64_t cursor_fail(struct cursor *c)
{
	c->bad = true;
	c->at = c->end;
	return 0;
}

AT_ALWAYS_INLINE unsigned cursor_byte(struct cursor *c)
{
	return AT_LIKELY(c->at < c->end) ? *c->at++ : (unsigned)cursor_fail(c);
}

AT_ALWAYS_INLINE uint64_t cursor_varint(struct cursor *c)
{
	if (AT_LIKELY(c->at < c->end && *c->at < 0x80))
		return *c->at++;
	uint64_t value = 0;
	const uint8_t *next = varint_get(c->at, c->end, &value);
	if (!next)
		return cursor_fail(c);
	c->at = next;
	return value;
}

/* A varint that must be below limit. */
AT_ALWAYS_INLINE uint64_t cursor_below(struct cursor *c, uint64_t limit)
{
	uint64_t value = cursor_varint(c);
	return AT_LIKELY(value < limit) ? value : cursor_fail(c);
}

/* Length, bytes, NUL: gives the bytes in place; *len without the NUL. */
static inline const char *cursor_string(struct cursor *c, size_t *len)
{
	uint64_t want = cursor_varint(c);
	*len = 0;
	if (c->bad || want >= cursor_left(c) || c->at[want] != '\0') {
		cursor_fail(c);
		return "";
	}
	const char *text = (const char *)c->at;
	c->at += want + 1;
	*len = (size_t)want;
	return text;
}

static inline const char *cursor_text(struct cursor *c)
{
	size_t len;
	return cursor_string(c, &len);
}

/* The next len bytes as a cursor of their own. */
static inline struct cursor cursor_part(struct cursor *c, uint64_t len)
{
	if (len > cursor_left(c)) {
		cursor_fail(c);
		len = 0;
	}
	struct cursor part = cursor_on(c->at, (size_t)len);
	part.bad = c->bad;
	c->at += len;
	return part;
}

#endif
