/* mallocx-counter.c - counts the calls of malloc's family and of jemalloc's own functions, for programs that
 * call mallocx. LD_PRELOADed alone, never with the runtime: with these names it would be taken for jemalloc.
 *
 * Outermost calls that made or took a block, in a file (COUNTER_FILE) that is mapped shared, so that what
 * happens after all destructors counts, too: allocations, frees, and those by mallocx and its like. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { MADE, TAKEN, MADE_X, TAKEN_X, COUNTS };

static __thread int depth __attribute__((tls_model("initial-exec")));

static unsigned long *counts(void)
{
	static unsigned long none[COUNTS], *mapped;
	const char *path = getenv("COUNTER_FILE");
	if (!mapped && path) {
		int file = open(path, O_RDWR | O_CLOEXEC);
		mapped = mmap(NULL, sizeof(none), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
		close(file);
	}
	return mapped && mapped != MAP_FAILED ? mapped : none;
}

static void count(int what, int really)
{
	if (really && !depth)
		__atomic_fetch_add(&counts()[what], 1, __ATOMIC_RELAXED);
}

/* Defines `real` as the library's function; looking for it may allocate, which is nobody's call. */
#define REAL(result, name, ...)                                                                    \
	static result (*real)(__VA_ARGS__);                                                        \
	if (!real) {                                                                               \
		depth++;                                                                           \
		real = (result(*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name);                            \
		depth--;                                                                           \
	}                                                                                          \
	depth++

void *malloc(size_t size)
{
	REAL(void *, malloc, size_t);
	void *p = real(size);
	depth--;
	count(MADE, p != NULL);
	return p;
}

void *calloc(size_t number, size_t size)
{
	REAL(void *, calloc, size_t, size_t);
	void *p = real(number, size);
	depth--;
	count(MADE, p != NULL);
	return p;
}

void *realloc(void *old, size_t size)
{
	REAL(void *, realloc, void *, size_t);
	void *p = real(old, size);
	depth--;
	count(MADE, p != NULL);
	count(TAKEN, old && (p || size == 0));
	return p;
}

void free(void *p)
{
	REAL(void, free, void *);
	real(p);
	depth--;
	count(TAKEN, p != NULL);
}

int posix_memalign(void **out, size_t align, size_t size)
{
	REAL(int, posix_memalign, void **, size_t, size_t);
	int error = real(out, align, size);
	depth--;
	count(MADE, error == 0);
	return error;
}

void *aligned_alloc(size_t align, size_t size)
{
	REAL(void *, aligned_alloc, size_t, size_t);
	void *p = real(align, size);
	depth--;
	count(MADE, p != NULL);
	return p;
}

void *mallocx(size_t size, int flags);
void *rallocx(void *old, size_t size, int flags);
void dallocx(void *p, int flags);
void sdallocx(void *p, size_t size, int flags);

void *mallocx(size_t size, int flags)
{
	REAL(void *, mallocx, size_t, int);
	void *p = real(size, flags);
	depth--;
	count(MADE, p != NULL);
	count(MADE_X, p != NULL);
	return p;
}

void *rallocx(void *old, size_t size, int flags)
{
	REAL(void *, rallocx, void *, size_t, int);
	void *p = real(old, size, flags);
	depth--;
	count(MADE, p != NULL);
	count(TAKEN, p != NULL);
	count(MADE_X, p != NULL);
	count(TAKEN_X, p != NULL);
	return p;
}

void dallocx(void *p, int flags)
{
	REAL(void, dallocx, void *, int);
	real(p, flags);
	depth--;
	count(TAKEN, 1);
	count(TAKEN_X, 1);
}

void sdallocx(void *p, size_t size, int flags)
{
	REAL(void, sdallocx, void *, size_t, int);
	real(p, size, flags);
	depth--;
	count(TAKEN, 1);
	count(TAKEN_X, 1);
}
