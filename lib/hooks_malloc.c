/* hooks_malloc.c - the malloc family, and dlclose.
 *
 * Inside the traced process: the functions that the program's calls land in. Each calls the
 * backend exactly once and returns what it returned, with its errno. Passing through - nested
 * calls, no session, before the start - is always right, only not recorded. */
#include <errno.h>
#include <stdint.h>

#include "lib/points.h"
#include "lib/real.h"
#include "lib/record.h"
#include "lib/split.h"

typedef void *(*alloc_fn)(size_t);
typedef void *(*alloc2_fn)(size_t, size_t);
typedef void *(*realloc_fn)(void *, size_t);
typedef void *(*reallocarray_fn)(void *, size_t, size_t);
typedef int (*posix_memalign_fn)(void **, size_t, size_t);
typedef void (*free_fn)(void *);
typedef void (*free_sized_fn)(void *, size_t);
typedef void (*free_aligned_sized_fn)(void *, size_t, size_t);
typedef size_t (*usable_size_fn)(void *);

enum { BOOTSTRAP_ALIGN = 16 };

AT_HOOK void *malloc(size_t size);
AT_HOOK void *calloc(size_t count, size_t size);
AT_HOOK void *realloc(void *p, size_t size);
AT_HOOK void *reallocarray(void *p, size_t count, size_t size);
AT_HOOK int posix_memalign(void **out, size_t align, size_t size);
AT_HOOK void *aligned_alloc(size_t align, size_t size);
AT_HOOK void *memalign(size_t align, size_t size);
AT_HOOK void *valloc(size_t size);
AT_HOOK void *pvalloc(size_t size);
AT_HOOK void free(void *p);
AT_HOOK void cfree(void *p);
AT_HOOK void free_sized(void *p, size_t size);
AT_HOOK void free_aligned_sized(void *p, size_t align, size_t size);
AT_HOOK size_t malloc_usable_size(void *p);
AT_HOOK int dlclose(void *handle);

static inline void *backend_malloc(size_t size)
{
	alloc_fn f = (alloc_fn)real_function(ROLE_MALLOC);
	return AT_LIKELY(f != NULL) ? f(size) : real_bootstrap(size, BOOTSTRAP_ALIGN);
}

/* A role with (count or align, size) arguments; when nobody implements it the caller gets what a
 * failing allocation gives. */
static inline void *backend_2(enum role role, size_t a, size_t b)
{
	alloc2_fn f = (alloc2_fn)real_function(role);
	if (AT_LIKELY(f != NULL))
		return f(a, b);
	size_t bytes;
	if (role != ROLE_CALLOC)
		return real_bootstrap(b, a);
	return __builtin_mul_overflow(a, b, &bytes) ? NULL : real_bootstrap(bytes, BOOTSTRAP_ALIGN);
}

static inline void backend_free(void *p)
{
	free_fn f = (free_fn)real_function(ROLE_FREE);
	if (AT_UNLIKELY(real_is_bootstrap(p) || !f))
		return;
	f(p);
}

void *malloc(size_t size)
{
	struct hook h;
	if (AT_UNLIKELY(!hook_enter(&h)))
		return hook_passed(&h, backend_malloc(size));
	void *p = backend_malloc(size);
	hook_made(&h, p, size, ROLE_MALLOC);
	return p;
}

static AT_COLD void made_by_other(const struct hook *h, void *p, size_t size, enum role role,
				  struct instance *owner)
{
	if (!at_load_relaxed(&owner->announced)) {
		hook_announce(h, owner->allocator);
		hook_to_backend(h);
	}
	if (p)
		hook_record(h, p, size, role, owner->allocator);
	else
		hook_failed(h, size);
	hook_leave(h);
}

/* By a function that the backend may lack. */
static inline void made(const struct hook *h, void *p, size_t size, enum role role)
{
	struct instance *owner = split_owner(h, role);
	if (AT_UNLIKELY(owner != NULL))
		made_by_other(h, p, size, role, owner);
	else
		hook_made(h, p, size, role);
}

void *calloc(size_t count, size_t size)
{
	struct hook h;
	if (AT_UNLIKELY(!hook_enter(&h)))
		return hook_passed(&h, backend_2(ROLE_CALLOC, count, size));
	void *p = backend_2(ROLE_CALLOC, count, size);
	made(&h, p, count * size, ROLE_CALLOC); /* p says that it did not overflow */
	return p;
}

static void *backend_realloc(void *p, size_t size)
{
	realloc_fn f = (realloc_fn)real_function(ROLE_REALLOC);
	if (AT_UNLIKELY(real_is_bootstrap(p))) {
		/* Its size is not known; what lies behind it is readable. */
		char *fresh = backend_malloc(size);
		for (size_t i = 0; fresh && i < size && real_is_bootstrap((char *)p + i); i++)
			fresh[i] = ((char *)p)[i];
		return fresh;
	}
	return f ? f(p, size) : NULL;
}

static void *backend_reallocarray(void *p, size_t count, size_t size)
{
	reallocarray_fn f = (reallocarray_fn)real_function(ROLE_REALLOCARRAY);
	size_t bytes;
	if (AT_LIKELY(f != NULL))
		return f(p, count, size);
	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return backend_realloc(p, bytes);
}

/* Not recorded. */
static inline void *realloc_unseen(const struct hook *h, void *old, size_t size)
{
	if (old)
		hook_passed_release(h, old);
	return hook_passed(h, backend_realloc(old, size));
}

static inline void *reallocarray_unseen(const struct hook *h, void *old, size_t count, size_t size)
{
	if (old)
		hook_passed_release(h, old);
	return hook_passed(h, backend_reallocarray(old, count, size));
}

/* realloc of what is not the backend's: the block's owner does it. Of what is no block at all the
 * program gets one all the same, with what is there if its memory is known. */
static AT_COLD void *realloc_otherwise(const struct hook *h, enum finding_outcome outcome,
				       const struct block *taken, void *old, size_t size,
				       enum role role)
{
	uint32_t owner = outcome == FINDING_TO_OWNER ? block_allocator(taken) : 0;
	realloc_fn theirs = (realloc_fn)points_function(owner, ROLE_REALLOC);
	void *from = old;
	if (outcome == FINDING_SWALLOWED)
		old = NULL;
	void *p = theirs ? theirs(old, size) : NULL;
	if (outcome == FINDING_SWALLOWED)
		old = hook_copy_taken(p, size, taken, from);
	hook_reallocated(h, taken, old, p, size, role, owner);
	hook_leave(h);
	return p;
}

void *realloc(void *old, size_t size)
{
	static const struct release r = { ROLE_REALLOC, RELEASE_NO_SIZE, 0, 0, 0 };
	struct block taken = { .meta = BLOCK_UNKNOWN };
	struct hook h;
	if (AT_UNLIKELY(!hook_enter(&h)))
		return realloc_unseen(&h, old, size);
	enum finding_outcome outcome = old ? hook_take(&h, old, &r, &taken) : FINDING_HANDED_ON;
	if (AT_UNLIKELY(outcome != FINDING_HANDED_ON))
		return realloc_otherwise(&h, outcome, &taken, old, size, ROLE_REALLOC);
	void *p = backend_realloc(old, size);
	hook_reallocated(&h, &taken, old, p, size, ROLE_REALLOC, 0);
	hook_leave(&h);
	return p;
}

void *reallocarray(void *old, size_t count, size_t size)
{
	static const struct release r = { ROLE_REALLOCARRAY, RELEASE_NO_SIZE, 0, 0, 0 };
	struct block taken = { .meta = BLOCK_UNKNOWN };
	struct hook h;
	size_t bytes;
	if (AT_UNLIKELY(!hook_enter(&h)))
		return reallocarray_unseen(&h, old, count, size);
	if (__builtin_mul_overflow(count, size, &bytes))
		bytes = SIZE_MAX; /* it fails, and not because 0 bytes were asked for */
	enum finding_outcome outcome = old ? hook_take(&h, old, &r, &taken) : FINDING_HANDED_ON;
	if (AT_UNLIKELY(outcome != FINDING_HANDED_ON))
		return realloc_otherwise(&h, outcome, &taken, old, bytes, ROLE_REALLOCARRAY);
	void *p = backend_reallocarray(old, count, size);
	hook_reallocated(&h, &taken, old, p, bytes, ROLE_REALLOCARRAY, 0);
	hook_leave(&h);
	return p;
}

static inline int backend_posix_memalign(void **out, size_t align, size_t size)
{
	posix_memalign_fn f = (posix_memalign_fn)real_function(ROLE_POSIX_MEMALIGN);
	return AT_LIKELY(f != NULL) ? f(out, align, size) : ENOMEM;
}

static int posix_memalign_unseen(const struct hook *h, void **out, size_t align, size_t size)
{
	int error = backend_posix_memalign(out, align, size);
	if (!error)
		hook_passed(h, *out);
	return error;
}

int posix_memalign(void **out, size_t align, size_t size)
{
	struct hook h;
	if (AT_UNLIKELY(!hook_enter(&h)))
		return posix_memalign_unseen(&h, out, align, size);
	int error = backend_posix_memalign(out, align, size);
	made(&h, error ? NULL : *out, size, ROLE_POSIX_MEMALIGN);
	return error;
}

void *aligned_alloc(size_t align, size_t size)
{
	struct hook h;
	if (AT_UNLIKELY(!hook_enter(&h)))
		return hook_passed(&h, backend_2(ROLE_ALIGNED_ALLOC, align, size));
	void *p = backend_2(ROLE_ALIGNED_ALLOC, align, size);
	made(&h, p, size, ROLE_ALIGNED_ALLOC);
	return p;
}

void *memalign(size_t align, size_t size)
{
	struct hook h;
	if (AT_UNLIKELY(!hook_enter(&h)))
		return hook_passed(&h, backend_2(ROLE_MEMALIGN, align, size));
	void *p = backend_2(ROLE_MEMALIGN, align, size);
	made(&h, p, size, ROLE_MEMALIGN);
	return p;
}

static inline void *backend_page_aligned(enum role role, size_t size)
{
	alloc_fn f = (alloc_fn)real_function(role);
	return AT_LIKELY(f != NULL) ? f(size) : NULL;
}

void *valloc(size_t size)
{
	struct hook h;
	if (AT_UNLIKELY(!hook_enter(&h)))
		return hook_passed(&h, backend_page_aligned(ROLE_VALLOC, size));
	void *p = backend_page_aligned(ROLE_VALLOC, size);
	made(&h, p, size, ROLE_VALLOC);
	return p;
}

void *pvalloc(size_t size)
{
	struct hook h;
	if (AT_UNLIKELY(!hook_enter(&h)))
		return hook_passed(&h, backend_page_aligned(ROLE_PVALLOC, size));
	void *p = backend_page_aligned(ROLE_PVALLOC, size);
	made(&h, p, size, ROLE_PVALLOC);
	return p;
}

void free(void *p)
{
	static const struct release r = { ROLE_FREE, RELEASE_NO_SIZE, 0, 0, 0 };
	struct hook h;
	if (AT_UNLIKELY(!p || !hook_enter(&h))) {
		if (p)
			hook_passed_release(&h, p);
		backend_free(p);
		return;
	}
	if (AT_LIKELY(hook_release(&h, p, &r) != FINDING_SWALLOWED))
		backend_free(p);
	hook_leave(&h);
}

void cfree(void *p)
{
	static const struct release r = { ROLE_CFREE, RELEASE_NO_SIZE, 0, 0, 0 };
	struct hook h;
	free_fn f = (free_fn)real_function(ROLE_CFREE);
	if (!f)
		f = backend_free;
	if (AT_UNLIKELY(!p || real_is_bootstrap(p)))
		return;
	if (AT_UNLIKELY(!hook_enter(&h))) {
		hook_passed_release(&h, p);
		f(p);
		return;
	}
	if (hook_release(&h, p, &r) != FINDING_SWALLOWED)
		f(p);
	hook_leave(&h);
}

static inline void backend_free_sized(void *p, size_t size)
{
	free_sized_fn f = (free_sized_fn)real_function(ROLE_FREE_SIZED);
	if (f && !real_is_bootstrap(p))
		f(p, size);
	else
		backend_free(p);
}

void free_sized(void *p, size_t size)
{
	const struct release r = { ROLE_FREE_SIZED, size, 0, 0, 0 };
	struct hook h;
	if (AT_UNLIKELY(!p || !hook_enter(&h))) {
		if (p)
			hook_passed_release(&h, p);
		backend_free_sized(p, size);
		return;
	}
	enum finding_outcome outcome = hook_release(&h, p, &r);
	if (AT_LIKELY(outcome == FINDING_HANDED_ON))
		backend_free_sized(p, size);
	else if (outcome == FINDING_TO_OWNER)
		backend_free(p);
	hook_leave(&h);
}

static inline void backend_free_aligned_sized(void *p, size_t align, size_t size)
{
	free_aligned_sized_fn f = (free_aligned_sized_fn)real_function(ROLE_FREE_ALIGNED_SIZED);
	if (f && !real_is_bootstrap(p))
		f(p, align, size);
	else
		backend_free(p);
}

void free_aligned_sized(void *p, size_t align, size_t size)
{
	const struct release r = { ROLE_FREE_ALIGNED_SIZED, size, align, 0, 0 };
	struct hook h;
	if (AT_UNLIKELY(!p || !hook_enter(&h))) {
		if (p)
			hook_passed_release(&h, p);
		backend_free_aligned_sized(p, align, size);
		return;
	}
	enum finding_outcome outcome = hook_release(&h, p, &r);
	if (AT_LIKELY(outcome == FINDING_HANDED_ON))
		backend_free_aligned_sized(p, align, size);
	else if (outcome == FINDING_TO_OWNER)
		backend_free(p);
	hook_leave(&h);
}

static inline size_t backend_usable_size(void *p)
{
	usable_size_fn f = (usable_size_fn)real_function(ROLE_USABLE_SIZE);
	return f && !real_is_bootstrap(p) ? f(p) : 0;
}

size_t malloc_usable_size(void *p)
{
	struct release r = { ROLE_USABLE_SIZE, RELEASE_NO_SIZE, 0, 0, 0 };
	struct block b;
	struct hook h;
	if (AT_UNLIKELY(!p || !hook_enter(&h)))
		return backend_usable_size(p);
	const struct instance *owner = split_owner(&h, ROLE_USABLE_SIZE);
	if (AT_UNLIKELY(owner != NULL))
		r.allocator = owner->allocator;
	enum finding_outcome outcome = hook_query(&h, p, &r, &b);
	size_t size = AT_LIKELY(outcome == FINDING_HANDED_ON) ? backend_usable_size(p)
							      : hook_answer(p, outcome, &b);
	hook_leave(&h);
	return size;
}

/* Code may be gone afterwards: what is cached by code address goes stale. Unlike dlopen, dlclose
 * does not look at its caller, so standing in for it changes nothing. */
int dlclose(void *handle)
{
	struct hook h;
	if (hook_enter(&h)) {
		hook_busy(&h);
		modules_note_loaded();
		hook_leave(&h);
	}
	int result = real_dlclose(handle);
	if (!hook_enter(&h)) {
		modules_unloaded();
		return result;
	}
	hook_busy(&h); /* a signal handler's event would wait for the lock of the modules */
	modules_unloaded();
	hook_leave(&h);
	return result;
}
