/* hooks_map.c - mmap, munmap, mremap, brk and sbrk, recorded with `run --mmap`.
 *
 * Inside the traced process. Only calls that go through the dynamic linker are seen: libc's own
 * and the backends' direct system calls are not, and what a backend maps through libc while it
 * serves a hook counts as its own. Without the option the calls go straight on. */
#include <stdarg.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/types.h>

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

/* In the hook itself, whose frame hook_enter() looks at. */
AT_ALWAYS_INLINE bool enter(struct hook *h)
{
	/* Not asked for, or not started: then nothing is known of the options either. */
	return AT_UNLIKELY(session.options & SESSION_MMAP) && hook_enter(h);
}

static inline void *map(struct hook *h, void *addr, size_t len, int prot, int flags, int fd,
			off_t offset)
{
	mmap_fn f = (mmap_fn)real_function(ROLE_MMAP);
	void *p = f(addr, len, prot, flags, fd, offset);
	if (h && p != MAP_FAILED)
		hook_map(h, ROLE_MMAP, p, len, 0);
	return p;
}

void *mmap(void *addr, size_t len, int prot, int flags, int fd, off_t offset)
{
	struct hook h;
	if (!enter(&h))
		return map(NULL, addr, len, prot, flags, fd, offset);
	void *p = map(&h, addr, len, prot, flags, fd, offset);
	hook_leave(&h);
	return p;
}

void *mmap64(void *addr, size_t len, int prot, int flags, int fd, off64_t offset)
{
	struct hook h;
	if (!enter(&h))
		return map(NULL, addr, len, prot, flags, fd, offset);
	void *p = map(&h, addr, len, prot, flags, fd, offset);
	hook_leave(&h);
	return p;
}

/* Stacks of coroutines come and go, and may be smaller next time. Not seen: mprotect, and what
 * another thread unmaps. */
static int unmap(void *addr, size_t len)
{
	munmap_fn f = (munmap_fn)real_function(ROLE_MUNMAP);
	struct thread *t = thread_self;
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

void *mremap(void *old, size_t old_len, size_t len, int flags, ...)
{
	struct hook h;
	va_list args;
	va_start(args, flags);
	void *wanted = flags & MREMAP_FIXED ? va_arg(args, void *) : NULL;
	va_end(args);
	mremap_fn f = (mremap_fn)real_function(ROLE_MREMAP);
	if (!enter(&h))
		return f(old, old_len, len, flags, wanted);
	void *p = f(old, old_len, len, flags, wanted);
	if (p != MAP_FAILED) {
		hook_map(&h, ROLE_MUNMAP, old, old_len, EVENT_FLAG_REALLOC);
		hook_map(&h, ROLE_MREMAP, p, len, EVENT_FLAG_REALLOC);
	}
	hook_leave(&h);
	return p;
}

/* The heap's end moved from one address to another. */
static void record_break(const struct hook *h, enum role role, uintptr_t from, uintptr_t to)
{
	if (to > from)
		hook_map(h, role, (void *)from, to - from, 0);
	else if (to < from)
		hook_map(h, ROLE_MUNMAP, (void *)to, from - to, 0);
}

int brk(void *addr)
{
	struct hook h;
	brk_fn f = (brk_fn)real_function(ROLE_BRK);
	if (!enter(&h))
		return f(addr);
	sbrk_fn where = (sbrk_fn)real_function(ROLE_SBRK);
	uintptr_t from = (uintptr_t)where(0);
	int result = f(addr);
	if (result == 0)
		record_break(&h, ROLE_BRK, from, (uintptr_t)addr);
	hook_leave(&h);
	return result;
}

void *sbrk(intptr_t increment)
{
	struct hook h;
	sbrk_fn f = (sbrk_fn)real_function(ROLE_SBRK);
	if (!enter(&h))
		return f(increment);
	void *from = f(increment);
	if (from != (void *)-1)
		record_break(&h, ROLE_SBRK, (uintptr_t)from, (uintptr_t)from + (uintptr_t)increment);
	hook_leave(&h);
	return from;
}
