/* text.h - text built piece by piece in memory that the caller has; what does not fit is left out.
 *
 * Inside the traced process; no libc calls. */
#ifndef ALLOCTRACE_LIB_TEXT_H
#define ALLOCTRACE_LIB_TEXT_H

#include <stddef.h>
#include <stdint.h>

struct text {
	char *start, *at, *end; /* the next character goes to `at`; nothing to `end` */
};

static inline struct text text_in(char *room, size_t bytes)
{
	return (struct text){ room, room, room + bytes };
}

static inline size_t text_bytes(const struct text *t)
{
	return (size_t)(t->at - t->start);
}

static inline void text_char(struct text *t, char c)
{
	if (t->at < t->end)
		*t->at++ = c;
}

static inline void text_add(struct text *t, const char *s)
{
	for (; *s; s++)
		text_char(t, *s);
}

/* What others named: no control characters, which could move the cursor of a terminal. */
static inline void text_add_name(struct text *t, const char *s)
{
	for (; *s; s++)
		text_char(t, (unsigned char)*s < ' ' || *s == 0x7f ? '?' : *s);
}

static inline void text_digits(struct text *t, uint64_t n, unsigned base)
{
	char digits[20];
	unsigned count = 0;
	do
		digits[count++] = "0123456789abcdef"[n % base];
	while (n /= base);
	while (count)
		text_char(t, digits[--count]);
}

static inline void text_number(struct text *t, uint64_t n)
{
	text_digits(t, n, 10);
}

static inline void text_hex(struct text *t, uint64_t n)
{
	text_add(t, "0x");
	text_digits(t, n, 16);
}

/* "1 byte", "2 bytes" */
static inline void text_count(struct text *t, uint64_t n, const char *what)
{
	text_number(t, n);
	text_char(t, ' ');
	text_add(t, what);
	if (n != 1)
		text_char(t, 's');
}

#endif
