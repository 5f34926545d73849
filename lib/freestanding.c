/* freestanding.c - memory and string functions under the names by which compilers call them.
 *
 * Inside the traced process. The program's may be anybody's: those of a sanitizer's runtime jump to
 * address 0 until it has started, and it asks for symbols before. Hidden, so every call of the
 * runtime's comes here. What has a fixed size is compiled in place. The block table clears memory as it
 * grows, and a wrong realloc copies a whole block: memset and memcpy are the processor's own. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
void *memchr(const void *in, int value, size_t bytes);
size_t strlen(const char *text);
size_t strnlen(const char *text, size_t bytes);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t bytes);
char *strchr(const char *text, int value);
char *strstr(const char *text, const char *part);

/* Keeps the compiler from seeing in a loop the very function that it is part of. */
#define AS_WRITTEN() __asm__ volatile("")

void *memcpy(void *restrict to, const void *restrict from, size_t bytes)
{
	void *at = to;
	__asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(bytes)::"memory");
	return to;
}

void *memmove(void *to, const void *from, size_t bytes)
{
	char *t = to;
	const char *f = from;
	bool forward = (uintptr_t)t <= (uintptr_t)f;
	for (size_t i = 0; i < bytes; i++) {
		size_t at = forward ? i : bytes - 1 - i;
		t[at] = f[at];
		AS_WRITTEN();
	}
	return to;
}

void *memset(void *to, int value, size_t bytes)
{
	void *at = to;
	__asm__ volatile("rep stosb" : "+D"(at), "+c"(bytes) : "a"(value) : "memory");
	return to;
}

int memcmp(const void *a, const void *b, size_t bytes)
{
	const unsigned char *x = a, *y = b;
	for (size_t i = 0; i < bytes; i++) {
		if (x[i] != y[i])
			return x[i] - y[i];
		AS_WRITTEN();
	}
	return 0;
}

void *memchr(const void *in, int value, size_t bytes)
{
	const unsigned char *x = in;
	for (size_t i = 0; i < bytes; i++) {
		if (x[i] == (unsigned char)value)
			return (void *)(uintptr_t)&x[i];
		AS_WRITTEN();
	}
	return NULL;
}

size_t strnlen(const char *text, size_t bytes)
{
	size_t length = 0;
	while (length < bytes && text[length]) {
		length++;
		AS_WRITTEN();
	}
	return length;
}

size_t strlen(const char *text)
{
	return strnlen(text, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++) {
		unsigned char x = (unsigned char)a[i], y = (unsigned char)b[i];
		if (x != y || !x)
			return x - y;
		AS_WRITTEN();
	}
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *text, int value)
{
	for (;; text++) {
		if (*text == (char)value)
			return (char *)(uintptr_t)text;
		if (!*text)
			return NULL;
		AS_WRITTEN();
	}
}

char *strstr(const char *text, const char *part)
{
	size_t bytes = strlen(part);
	for (;; text++) {
		if (strncmp(text, part, bytes) == 0)
			return (char *)(uintptr_t)text;
		if (!*text)
			return NULL;
	}
}
