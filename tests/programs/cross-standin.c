/* cross-standin.c - an allocator with the exported functions of one that Debian does not have: with
 * -DSNMALLOC or -DRPMALLOC. Blocks are bytes of one array, with their size in front, and are reused
 * only by realloc in place; what is not its own it aborts on, as those do. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef SNMALLOC
#define NAME(name) sn_##name
#else
#define NAME(name) rp##name
#endif
#define API __attribute__((visibility("default")))

enum { HEAP_BYTES = 64 << 20, ALIGN = 64 };

static _Alignas(ALIGN) char heap[HEAP_BYTES];
static size_t used;

API void *NAME(malloc)(size_t bytes);
API void *NAME(calloc)(size_t count, size_t bytes);
API void *NAME(realloc)(void *p, size_t bytes);
API void NAME(free)(void *p);
API size_t NAME(malloc_usable_size)(void *p);
API void *NAME(aligned_alloc)(size_t align, size_t bytes);

static size_t *size_of(void *p)
{
	if ((char *)p < heap || (char *)p >= heap + used)
		abort();
	return (size_t *)((char *)p - ALIGN);
}

static void *take(size_t bytes)
{
	size_t whole = ALIGN + ((bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1));
	if (bytes > HEAP_BYTES || whole > HEAP_BYTES - used)
		return NULL;
	char *p = heap + used + ALIGN;
	used += whole;
	*size_of(p) = bytes;
	return p;
}

void *NAME(malloc)(size_t bytes)
{
	return take(bytes);
}

void *NAME(calloc)(size_t count, size_t bytes)
{
	return take(count * bytes); /* never used before */
}

void *NAME(aligned_alloc)(size_t align, size_t bytes)
{
	return align <= ALIGN ? take(bytes) : NULL;
}

void *NAME(realloc)(void *p, size_t bytes)
{
	void *fresh = take(bytes);
	if (p && fresh)
		memcpy(fresh, p, *size_of(p) < bytes ? *size_of(p) : bytes);
	return fresh;
}

void NAME(free)(void *p)
{
	if (p)
		*size_of(p) = 0;
}

size_t NAME(malloc_usable_size)(void *p)
{
	return p ? *size_of(p) : 0;
}

#ifdef RPMALLOC
API int rpmalloc_initialize(void);

int rpmalloc_initialize(void)
{
	return 0;
}
#endif
