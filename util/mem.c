/* mem.c - see mem.h. */
#include "util/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_COULD_NOT = 2, MEM_FIRST_ITEMS = 16 };

static _Noreturn void out_of_memory(size_t bytes)
{
	fprintf(stderr, "alloctrace: out of memory (%zu bytes wanted)\n", bytes);
	exit(EXIT_COULD_NOT);
}

static size_t checked_product(size_t count, size_t bytes)
{
	size_t total;
	if (__builtin_mul_overflow(count, bytes, &total))
		out_of_memory(SIZE_MAX);
	return total;
}

void *mem_alloc(size_t bytes)
{
	void *p = malloc(bytes ? bytes : 1);
	if (!p)
		out_of_memory(bytes);
	return p;
}

void *mem_zalloc(size_t count, size_t bytes)
{
	size_t total = checked_product(count, bytes);
	void *p = calloc(1, total ? total : 1);
	if (!p)
		out_of_memory(total);
	return p;
}

void *mem_realloc(void *old, size_t count, size_t bytes)
{
	size_t total = checked_product(count, bytes);
	void *p = realloc(old, total ? total : 1);
	if (!p)
		out_of_memory(total);
	return p;
}

void *mem_alloc_aligned(size_t alignment, size_t bytes)
{
	void *p = aligned_alloc(alignment, bytes);
	if (!p)
		out_of_memory(bytes);
	return p;
}

char *mem_strdup(const char *text)
{
	return mem_strndup(text, strlen(text));
}

char *mem_strndup(const char *text, size_t len)
{
	char *p = mem_alloc(len + 1);
	memcpy(p, text, len);
	p[len] = '\0';
	return p;
}

char *mem_printf(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	int len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	char *p = mem_alloc((size_t)(len < 0 ? 0 : len) + 1);
	va_start(args, fmt);
	vsnprintf(p, (size_t)(len < 0 ? 0 : len) + 1, fmt, args);
	va_end(args);
	return p;
}

void *mem_grow(void *array, size_t *cap, size_t need, size_t item_bytes)
{
	if (need <= *cap)
		return array;
	size_t want = *cap + *cap / 2;
	if (want < need)
		want = need;
	if (want < MEM_FIRST_ITEMS)
		want = MEM_FIRST_ITEMS;
	array = mem_realloc(array, want, item_bytes);
	*cap = want;
	return array;
}
