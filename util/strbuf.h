/* strbuf.h - a string that grows, and the escaping of hostile text.
 *
 * Invariants: text[len] == '\0'; text points to static "" until something is added. Not used
 * inside the traced process. */
#ifndef ALLOCTRACE_UTIL_STRBUF_H
#define ALLOCTRACE_UTIL_STRBUF_H

#include <stddef.h>

#include "base/compiler.h"

struct strbuf {
	char *text;
	size_t len;
	size_t cap;
};

#define STRBUF_INIT { (char *)"", 0, 0 }

void strbuf_init(struct strbuf *s);
void strbuf_release(struct strbuf *s); /* frees; usable again as after init */
void strbuf_clear(struct strbuf *s);   /* keeps the memory */
void strbuf_truncate(struct strbuf *s, size_t len); /* to a length that it already had */
char *strbuf_detach(struct strbuf *s); /* the caller frees it; s is as after init */
void strbuf_add(struct strbuf *s, const char *data, size_t len);
void strbuf_adds(struct strbuf *s, const char *text);
void strbuf_addc(struct strbuf *s, char c);
void strbuf_addf(struct strbuf *s, const char *fmt, ...) AT_PRINTF(2, 3);
/* Adds text for a terminal: control characters, bytes that are no UTF-8 and characters that
 * change the text direction come out as \xHH or \u{HHHH}. */
void strbuf_add_escaped(struct strbuf *s, const char *text);
/* Adds text as a JSON string with its quotes; bytes that are no UTF-8 become U+FFFD. */
void strbuf_add_json(struct strbuf *s, const char *text);

#endif
