/* own-operators.h - operators new and delete of the program's own, as programs write them.
 *
 * OWN_NEW, OWN_DELETE: which are replaced; OWN_TRACKED: they keep a list of what is live, whose nodes
 * come from malloc too, and give some of them back much later. */
#ifndef TESTS_OWN_OPERATORS_H
#define TESTS_OWN_OPERATORS_H

#include <cstdlib>
#include <mutex>
#include <new>

#ifdef OWN_TRACKED
struct tracked {
	tracked *next;
	void *p;
};

static std::mutex tracked_mutex;
static tracked *tracked_live, *tracked_old;

static inline void *track(void *p)
{
	std::lock_guard<std::mutex> guard(tracked_mutex);
	// Two a block, so that one of them is not the last that malloc made.
	tracked *spare = static_cast<tracked *>(malloc(sizeof(tracked))), *t = static_cast<tracked *>(malloc(sizeof(tracked)));
	*t = { tracked_live, p };
	*spare = { tracked_old, nullptr };
	tracked_live = t;
	tracked_old = spare;
	return p;
}

static inline void untrack(void *p)
{
	std::lock_guard<std::mutex> guard(tracked_mutex);
	for (tracked **t = &tracked_live; *t; t = &(*t)->next) {
		if ((*t)->p == p) {
			tracked *dead = *t;
			*t = dead->next;
			free(dead);
			// What is held back for the caller, who frees it without an operator.
			tracked *late = static_cast<tracked *>(malloc(sizeof(tracked)));
			*late = { tracked_old, nullptr };
			tracked_old = late;
			return;
		}
	}
}

// Not from inside an operator.
static inline void free_tracked()
{
	std::lock_guard<std::mutex> guard(tracked_mutex);
	while (tracked_old) {
		tracked *t = tracked_old;
		tracked_old = t->next;
		free(t);
	}
}
#else
static inline void *track(void *p) { return p; }
static inline void untrack(void *) {}
static inline void free_tracked() {}
#endif

#ifdef OWN_NEW
void *operator new(std::size_t n)
{
#ifdef OWN_THROWING
	void *p = malloc(n ? n : 1);
	if (!p)
		throw std::bad_alloc();
	return track(p);
#else
	return track(malloc(n));
#endif
}
void *operator new[](std::size_t n) { return track(malloc(n)); }
void *operator new(std::size_t n, const std::nothrow_t &) noexcept { return track(malloc(n)); }
void *operator new[](std::size_t n, const std::nothrow_t &) noexcept { return track(malloc(n)); }
void *operator new(std::size_t n, std::align_val_t a)
{
	void *p;
	return posix_memalign(&p, std::size_t(a), n) ? nullptr : track(p);
}
void *operator new[](std::size_t n, std::align_val_t a) { return operator new(n, a); }
#endif

#ifdef OWN_DELETE
void operator delete(void *p) noexcept { untrack(p); free(p); }
void operator delete[](void *p) noexcept { untrack(p); free(p); }
void operator delete(void *p, std::size_t) noexcept { untrack(p); free(p); }
void operator delete[](void *p, std::size_t) noexcept { untrack(p); free(p); }
void operator delete(void *p, std::align_val_t) noexcept { untrack(p); free(p); }
void operator delete[](void *p, std::align_val_t) noexcept { untrack(p); free(p); }
void operator delete(void *p, std::size_t, std::align_val_t) noexcept { untrack(p); free(p); }
void operator delete[](void *p, std::size_t, std::align_val_t) noexcept { untrack(p); free(p); }
#endif

#endif
