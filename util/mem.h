/* mem.h - memory for the tool: allocation that does not fail, and growing arrays.
 *
 * Out of memory ends the tool with exit code 2 and a message; a collector that ends this way
 * leaves the traced program unharmed. Not used inside the traced process. */
#ifndef ALLOCTRACE_UTIL_MEM_H
#define ALLOCTRACE_UTIL_MEM_H

#include <stddef.h>

#include "base/compiler.h"

void *mem_alloc(size_t bytes);                           /* uninitialised */
void *mem_zalloc(size_t count, size_t bytes);            /* zeroed; overflow checked */
void *mem_realloc(void *old, size_t count, size_t bytes); /* overflow checked */
/* Uninitialised; alignment is a power of two and divides bytes. Freed by free(). */
void *mem_alloc_aligned(size_t alignment, size_t bytes);
char *mem_strdup(const char *text);
char *mem_strndup(const char *text, size_t len);
/* printf into fresh memory; the caller frees it. */
char *mem_printf(const char *fmt, ...) AT_PRINTF(1, 2);

/* Makes room for `need` items in an array with *cap items of room; returns the array, which may
 * have moved. Grows by half. New room is not initialised. */
void *mem_grow(void *array, size_t *cap, size_t need, size_t item_bytes);

#endif
