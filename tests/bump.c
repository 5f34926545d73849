/* bump.c - an allocator that may be called from a signal handler.
 *
 * glibc's malloc may not; a test whose handlers allocate while the main program is inside an
 * allocation, or inside the runtime, preloads this one. Blocks come from one large mapping and are
 * never given back. malloc(50033) raises SIGUSR1, and then calls calloc for itself. Only the C
 * entry points: libstdc++'s operators end here too. */
#define _GNU_SOURCE
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define API __attribute__((visibility("default")))

enum { HEADER_BYTES = 16, INTERRUPTED_BYTES = 50033, OWN_BYTES = 50047 };
static const size_t arena_bytes = (size_t)16 << 30; /* reserved, not touched */
static char *arena;
static size_t used;

static char *arena_start(void)
{
	char *start = __atomic_load_n(&arena, __ATOMIC_ACQUIRE);
	if (start)
		return start;
	void *fresh = mmap(NULL, arena_bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (fresh == MAP_FAILED)
		return NULL;
	char *expected = NULL;
	if (__atomic_compare_exchange_n(&arena, &expected, fresh, 0, __ATOMIC_ACQ_REL,
					__ATOMIC_ACQUIRE))
		return fresh;
	munmap(fresh, arena_bytes);
	return expected;
}

static void *take(size_t alignment, size_t bytes)
{
	char *start = arena_start();
	if (alignment < 16)
		alignment = 16;
	if (!start || bytes > arena_bytes / 2 || alignment > arena_bytes / 2) {
		errno = ENOMEM;
		return NULL;
	}
	size_t need = ((bytes + 15) & ~(size_t)15) + alignment + HEADER_BYTES;
	size_t at = __atomic_fetch_add(&used, need, __ATOMIC_RELAXED);
	if (at + need > arena_bytes) {
		errno = ENOMEM;
		return NULL;
	}
	uintptr_t p = ((uintptr_t)start + at + HEADER_BYTES + alignment - 1) & ~(alignment - 1);
	((size_t *)p)[-1] = bytes;
	return (void *)p;
}

API void *malloc(size_t n)
{
	if (n == INTERRUPTED_BYTES) {
		raise(SIGUSR1);
		void *own = calloc(1, OWN_BYTES); /* as the program would call it */
		__asm__ volatile("" : : "r"(own) : "memory");
	}
	return take(16, n);
}

API void free(void *p)
{
	(void)p;
}

API void *calloc(size_t n, size_t m)
{
	size_t bytes;
	if (__builtin_mul_overflow(n, m, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return take(16, bytes); /* fresh pages are zero, and none is used twice */
}

API void *realloc(void *old, size_t n)
{
	if (old && n == 0)
		return NULL;
	void *p = take(16, n);
	if (p && old) {
		size_t had = malloc_usable_size(old);
		memcpy(p, old, had < n ? had : n);
	}
	return p;
}

API void *memalign(size_t a, size_t n)
{
	return take(a, n);
}

API void *aligned_alloc(size_t a, size_t n)
{
	return take(a, n);
}

API int posix_memalign(void **out, size_t a, size_t n)
{
	void *p = take(a, n);
	if (!p)
		return ENOMEM;
	*out = p;
	return 0;
}

API size_t malloc_usable_size(void *p)
{
	return p ? ((size_t *)p)[-1] : 0;
}
