/* strbuf.c - see strbuf.h. */
#include "util/strbuf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

void strbuf_init(struct strbuf *s)
{
	*s = (struct strbuf)STRBUF_INIT;
}

void strbuf_release(struct strbuf *s)
{
	if (s->cap)
		free(s->text);
	strbuf_init(s);
}

void strbuf_clear(struct strbuf *s)
{
	s->len = 0;
	if (s->cap)
		s->text[0] = '\0';
}

void strbuf_truncate(struct strbuf *s, size_t len)
{
	if (len >= s->len)
		return;
	s->text[len] = '\0';
	s->len = len;
}

char *strbuf_detach(struct strbuf *s)
{
	char *text = s->cap ? s->text : mem_strdup("");
	strbuf_init(s);
	return text;
}

static void make_room(struct strbuf *s, size_t more)
{
	s->text = mem_grow(s->cap ? s->text : NULL, &s->cap, s->len + more + 1, 1);
}

void strbuf_add(struct strbuf *s, const char *data, size_t len)
{
	make_room(s, len);
	memcpy(s->text + s->len, data, len);
	s->len += len;
	s->text[s->len] = '\0';
}

void strbuf_adds(struct strbuf *s, const char *text)
{
	strbuf_add(s, text, strlen(text));
}

void strbuf_addc(struct strbuf *s, char c)
{
	strbuf_add(s, &c, 1);
}

void strbuf_addf(struct strbuf *s, const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	int len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (len <= 0)
		return;
	make_room(s, (size_t)len);
	va_start(args, fmt);
	vsnprintf(s->text + s->len, (size_t)len + 1, fmt, args);
	va_end(args);
	s->len += (size_t)len;
}

/* Decodes one UTF-8 character at p; returns its length in bytes, or 0 if it is not valid
 * (overlong forms and surrogates are not). RFC 3629. */
static size_t utf8_decode(const unsigned char *p, uint32_t *code)
{
	static const uint32_t smallest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = p[0] < 0x80       ? 1
		     : p[0] >> 5 == 6  ? 2
		     : p[0] >> 4 == 14 ? 3
		     : p[0] >> 3 == 30 ? 4
				       : 0;
	if (len <= 1) {
		*code = p[0];
		return len;
	}
	uint32_t c = p[0] & (0xffu >> (len + 1));
	for (size_t i = 1; i < len; i++) {
		if (p[i] >> 6 != 2)
			return 0;
		c = c << 6 | (p[i] & 0x3f);
	}
	if (c < smallest[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*code = c;
	return len;
}

/* Marks and overrides of the text direction, and separators that break a line (Unicode TR 9). */
static int is_unsafe(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0x200e || c == 0x200f ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

void strbuf_add_escaped(struct strbuf *s, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	while (*p) {
		uint32_t code;
		size_t len = utf8_decode(p, &code);
		if (len == 0 || (len == 1 && is_unsafe(code))) {
			strbuf_addf(s, "\\x%02x", p[0]);
			len = 1;
		} else if (is_unsafe(code)) {
			strbuf_addf(s, "\\u{%x}", code);
		} else {
			strbuf_add(s, (const char *)p, len);
		}
		p += len;
	}
}

void strbuf_add_json(struct strbuf *s, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	strbuf_addc(s, '"');
	while (*p) {
		uint32_t code;
		size_t len = utf8_decode(p, &code);
		if (len == 0) {
			strbuf_adds(s, "\\ufffd");
			len = 1;
		} else if (code == '"' || code == '\\') {
			strbuf_addf(s, "\\%c", (int)code);
		} else if (code < 0x10000 && is_unsafe(code)) {
			strbuf_addf(s, "\\u%04x", code);
		} else {
			strbuf_add(s, (const char *)p, len);
		}
		p += len;
	}
	strbuf_addc(s, '"');
}
