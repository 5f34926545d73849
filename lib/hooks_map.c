/* hooks_map.c - mmap, munmap, mremap, brk and sbrk: who mapped what is always kept (mapped.h); events of
 * them are recorded with `run --mmap`.
 *
 * Inside the traced process. Events are of calls that come here through the dynamic linker, and what a
 * backend maps so while it serves a hook counts as its own. Who calls libc's functions past these is
 * noted, too, once they are hooked inline (hooks_map_do()). System calls made without libc are not
 * seen. */
#include <stdarg.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/types.h>

#include "lib/elf_symbols.h"
#include "lib/hooks_map.h"
#include "lib/mapped.h"
#include "lib/modules.h"
#include "lib/real.h"
#include "lib/record.h"

typedef void *(*mmap_fn)(void *, size_t, int, int, int, off_t);
typedef int (*munmap_fn)(void *, size_t);
typedef void *(*mremap_fn)(void *, size_t, size_t, int, void *);
typedef int (*brk_fn)(void *);
typedef void *(*sbrk_fn)(intptr_t);

AT_HOOK void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset);
AT_HOOK void *mmap64(void *addr, size_t len, int prot, int flags, int fd, off64_t offset);
AT_HOOK int munmap(void *addr, size_t len);
AT_HOOK void *mremap(void *old, size_t old_len, size_t len, int flags, ...);
AT_HOOK int brk(void *addr);
AT_HOOK void *sbrk(intptr_t increment);
/* By this name tcmalloc calls it, which has an sbrk of its own in front. */
AT_HOOK void *__sbrk(intptr_t increment);

/* In the hook itself, whose frame hook_enter() looks at. Whether it is an event. */
AT_ALWAYS_INLINE bool enter(struct hook *h)
{
	/* Not asked for, or not started: then nothing is known of the options either. */
	return AT_UNLIKELY(session.options & SESSION_MMAP) && hook_enter(h);
}

static inline struct mapped mapped_by(uintptr_t caller)
{
	return (struct mapped){ .caller = caller, .epoch = at_load_relaxed(&modules_epoch) };
}

/* The end of what is mapped is a page's. */
static inline size_t whole_pages(size_t bytes)
{
	return (bytes + SESSION_PAGE - 1) & ~(size_t)(SESSION_PAGE - 1);
}

struct mapping {
	void *addr;
	size_t len;
	int prot, flags, fd;
	off_t offset;
};

/* h is NULL, here and below, where it is no event. */
static void *map(const struct hook *h, const struct mapping *m, uintptr_t caller)
{
	mmap_fn f = (mmap_fn)real_function(ROLE_MMAP);
	const struct mapped by = mapped_by(caller);
	if (m->flags & MAP_FIXED)
		mapped_remove((uintptr_t)m->addr, m->len);
	void *p = f(m->addr, m->len, m->prot, m->flags, m->fd, m->offset);
	if (p == MAP_FAILED)
		return p;
	mapped_add((uintptr_t)p, whole_pages(m->len), &by);
	if (h)
		hook_map(h, ROLE_MMAP, p, m->len, 0);
	return p;
}

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	const struct mapping m = { addr, len, prot, flags, fd, offset };
	const uintptr_t caller = (uintptr_t)__builtin_return_address(0);
	struct hook h;
	if (!enter(&h))
		return map(NULL, &m, caller);
	void *p = map(&h, &m, caller);
	hook_leave(&h);
	return p;
}

void *mmap64(void *addr, size_t len, int prot, int flags, int fd, off64_t offset)
{
	const struct mapping m = { addr, len, prot, flags, fd, offset };
	const uintptr_t caller = (uintptr_t)__builtin_return_address(0);
	struct hook h;
	if (!enter(&h))
		return map(NULL, &m, caller);
	void *p = map(&h, &m, caller);
	hook_leave(&h);
	return p;
}

/* Stacks of coroutines come and go, and may be smaller next time. Not seen: mprotect, and what
 * another thread unmaps. */
static int unmap(void *addr, size_t len)
{
	munmap_fn f = (munmap_fn)real_function(ROLE_MUNMAP);
	struct thread *t = thread_self;
	mapped_remove((uintptr_t)addr, len);
	int result = f(addr, len);
	if (t->guard != GUARD_BUSY)
		stack_forget_memory(&t->stack, (uintptr_t)addr, len);
	return result;
}

int munmap(void *addr, size_t len)
{
	struct hook h;
	if (!enter(&h))
		return unmap(addr, len);
	/* Before the call: afterwards another thread may have the range. A failing munmap is a
	 * bug of the program, and rare enough to be recorded as if it had worked. */
	hook_map(&h, ROLE_MUNMAP, addr, len, 0);
	int result = unmap(addr, len);
	hook_leave(&h);
	return result;
}

/* What is moved or resized is that caller's from then on; what stays as it was, whose it was. */
static void *remap(mremap_fn f, const struct mapping *m, size_t len, void *wanted, uintptr_t caller)
{
	struct mapped was, by = mapped_by(caller);
	bool known = mapped_find((uintptr_t)m->addr, &was);
	mapped_remove((uintptr_t)m->addr, m->len);
	if (m->flags & MREMAP_FIXED)
		mapped_remove((uintptr_t)wanted, len);
	void *p = f(m->addr, m->len, len, m->flags, wanted);
	if (p != MAP_FAILED)
		mapped_add((uintptr_t)p, whole_pages(len), &by);
	else if (known)
		mapped_add((uintptr_t)m->addr, whole_pages(m->len), &was);
	return p;
}

void *mremap(void *old, size_t old_len, size_t len, int flags, ...)
{
	const struct mapping m = { .addr = old, .len = old_len, .flags = flags };
	const uintptr_t caller = (uintptr_t)__builtin_return_address(0);
	struct hook h;
	va_list args;
	va_start(args, flags);
	void *wanted = flags & MREMAP_FIXED ? va_arg(args, void *) : NULL;
	va_end(args);
	mremap_fn f = (mremap_fn)real_function(ROLE_MREMAP);
	if (!enter(&h))
		return remap(f, &m, len, wanted, caller);
	void *p = remap(f, &m, len, wanted, caller);
	if (p != MAP_FAILED) {
		hook_map(&h, ROLE_MUNMAP, old, old_len, EVENT_FLAG_REALLOC);
		hook_map(&h, ROLE_MREMAP, p, len, EVENT_FLAG_REALLOC);
	}
	hook_leave(&h);
	return p;
}

/* The heap's end moved from one address to another. Another allocator's sbrk that calls __sbrk has been
 * noted already; whoever called it is meant. */
static void note_break(const struct hook *h, enum role role, uintptr_t from, uintptr_t to,
		       const struct mapped *by)
{
	if (to > from) {
		mapped_remove(from, to - from);
		mapped_add(from, to - from, by);
	} else if (to < from) {
		mapped_remove(to, from - to);
	}
	if (h && to > from)
		hook_map(h, role, (void *)from, to - from, 0);
	else if (h && to < from)
		hook_map(h, ROLE_MUNMAP, (void *)to, from - to, 0);
}

static int set_break(const struct hook *h, void *addr, uintptr_t caller)
{
	brk_fn f = (brk_fn)real_function(ROLE_BRK);
	sbrk_fn where = (sbrk_fn)real_function(ROLE_SBRK);
	const struct mapped by = mapped_by(caller);
	uintptr_t from = (uintptr_t)where(0);
	int result = f(addr);
	if (result == 0)
		note_break(h, ROLE_BRK, from, (uintptr_t)addr, &by);
	return result;
}

int brk(void *addr)
{
	const uintptr_t caller = (uintptr_t)__builtin_return_address(0);
	struct hook h;
	if (!enter(&h))
		return set_break(NULL, addr, caller);
	int result = set_break(&h, addr, caller);
	hook_leave(&h);
	return result;
}

static void *move_break(const struct hook *h, sbrk_fn f, intptr_t increment, uintptr_t caller)
{
	const struct mapped by = mapped_by(caller);
	void *from = f(increment);
	if (from != (void *)-1)
		note_break(h, ROLE_SBRK, (uintptr_t)from, (uintptr_t)from + (uintptr_t)increment,
			   &by);
	return from;
}

void *sbrk(intptr_t increment)
{
	const uintptr_t caller = (uintptr_t)__builtin_return_address(0);
	sbrk_fn f = (sbrk_fn)real_function(ROLE_SBRK);
	struct hook h;
	if (!enter(&h))
		return move_break(NULL, f, increment, caller);
	void *from = move_break(&h, f, increment, caller);
	hook_leave(&h);
	return from;
}

void *__sbrk(intptr_t increment)
{
	static sbrk_fn found; /* not sbrk: that may be one that calls this */
	const uintptr_t caller = (uintptr_t)__builtin_return_address(0);
	struct hook h;
	sbrk_fn f = at_load_relaxed(&found);
	if (!f) {
		f = (sbrk_fn)elf_symbol_next("__sbrk");
		at_store_relaxed(&found, f);
	}
	if (!f)
		return (void *)-1; /* a libc without it has nobody who calls it */
	if (!enter(&h))
		return move_break(NULL, f, increment, caller);
	void *from = move_break(&h, f, increment, caller);
	hook_leave(&h);
	return from;
}

/* ---- past the functions above ---- */

/* What libc maps for itself is not kept: whoever unmaps behind the runtime's back leaves less then. */
static void note_mapped(const struct hooks_map_call *c, uintptr_t low, size_t bytes)
{
	const struct mapped by = mapped_by(c->caller);
	mapped_remove(low, bytes);
	if (!c->is_libc)
		mapped_add(low, bytes, &by);
}

static uintptr_t go_on(const struct hooks_map_call *c)
{
	typedef uintptr_t (*six)(uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t);
	const uintptr_t *a = c->arguments;
	return ((six)(uintptr_t)c->original)(a[0], a[1], a[2], a[3], a[4], a[5]);
}

static uintptr_t remap_past(const struct hooks_map_call *c)
{
	const uintptr_t *a = c->arguments;
	const struct mapping m = { .addr = (void *)a[0], .len = a[1], .flags = (int)a[3] };
	if (!c->is_libc)
		return (uintptr_t)remap((mremap_fn)(uintptr_t)c->original, &m, a[2], (void *)a[4], c->caller);
	uintptr_t result = go_on(c);
	if (result != (uintptr_t)MAP_FAILED)
		mapped_remove(result, a[2]);
	return result;
}

uintptr_t hooks_map_do(const struct hooks_map_call *c)
{
	const uintptr_t *a = c->arguments;
	if (c->role == ROLE_MREMAP)
		return remap_past(c);
	if (c->role == ROLE_MUNMAP)
		mapped_remove(a[0], a[1]);
	uintptr_t result = go_on(c);
	if (c->role == ROLE_MMAP && result != (uintptr_t)MAP_FAILED)
		note_mapped(c, result, whole_pages(a[1]));
	if (c->role == ROLE_SBRK && result != UINTPTR_MAX && (intptr_t)a[0] > 0)
		note_mapped(c, result, a[0]);
	return result;
}
