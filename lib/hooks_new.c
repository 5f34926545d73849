/* hooks_new.c - C++ operators new and delete, all 22 forms.
 *
 * Inside the traced process. A throwing operator new of the backend throws through the hook. */
#include <stdint.h>

#include "lib/elf_symbols.h"
#include "lib/real.h"
#include "lib/record.h"
#include "lib/unwound.h"

/* A new_handler is the program's code, though the backend calls it: what it allocates and gives back
 * is recorded. Operators new ask for it each time they need it; what they get, and nobody else, is
 * this function. */
typedef void (*handler_fn)(void);

AT_HOOK handler_fn _ZSt15get_new_handlerv(void);

static handler_fn program_new_handler(void)
{
	static handler_fn (*real)(void);
	handler_fn (*f)(void) = at_load_relaxed(&real);
	if (!f) {
		f = (handler_fn(*)(void))elf_symbol_next("_ZSt15get_new_handlerv");
		at_store_relaxed(&real, f);
	}
	return f ? f() : NULL;
}

static void call_new_handler(void)
{
	struct thread *t = thread_self;
	handler_fn handler = program_new_handler();
	uintptr_t guard = t->guard;
	if (!handler)
		return; /* taken away meanwhile; the operator asks again */
	if (guard < GUARD_FIRST_ADDRESS) {
		handler();
		return;
	}
	t->guard = GUARD_FREE;
	handler();
	thread_take_guard(t, (const uintptr_t *)guard, guard);
}

handler_fn _ZSt15get_new_handlerv(void)
{
	handler_fn handler = program_new_handler();
	return handler && thread_self->guard >= GUARD_FIRST_ADDRESS ? call_new_handler : handler;
}

struct nothrow;

typedef void *(*new_fn)(size_t);
typedef void *(*new_nothrow_fn)(size_t, const struct nothrow *);
typedef void *(*new_aligned_fn)(size_t, size_t);
typedef void *(*new_aligned_nothrow_fn)(size_t, size_t, const struct nothrow *);

/* A program can't call an operator that nobody defines, so a backend exists; if its library was
 * loaded in a scope of its own, real_find() finds it there. */
#define HOOK_NEW(symbol, role, type, params, args)                                \
	AT_HOOK void *symbol params;                                              \
	void *symbol params                                                       \
	{                                                                         \
		struct hook h;                                                    \
		MAY_BE_UNWOUND();                                                 \
		type f = (type)real_function(role);                               \
		if (AT_UNLIKELY(!f))                                              \
			__builtin_trap();                                         \
		if (AT_UNLIKELY(!hook_enter(&h)))                                 \
			return hook_passed(&h, f args);                           \
		void *p = f args;                                                 \
		hook_made(&h, p, size, role);                                     \
		return p;                                                         \
	}

HOOK_NEW(_Znwm, ROLE_NEW, new_fn, (size_t size), (size))
HOOK_NEW(_Znam, ROLE_NEW_ARRAY, new_fn, (size_t size), (size))
HOOK_NEW(_ZnwmRKSt9nothrow_t, ROLE_NEW_NOTHROW, new_nothrow_fn,
	 (size_t size, const struct nothrow *tag), (size, tag))
HOOK_NEW(_ZnamRKSt9nothrow_t, ROLE_NEW_ARRAY_NOTHROW, new_nothrow_fn,
	 (size_t size, const struct nothrow *tag), (size, tag))
HOOK_NEW(_ZnwmSt11align_val_t, ROLE_NEW_ALIGNED, new_aligned_fn, (size_t size, size_t align),
	 (size, align))
HOOK_NEW(_ZnamSt11align_val_t, ROLE_NEW_ARRAY_ALIGNED, new_aligned_fn,
	 (size_t size, size_t align), (size, align))
HOOK_NEW(_ZnwmSt11align_val_tRKSt9nothrow_t, ROLE_NEW_ALIGNED_NOTHROW, new_aligned_nothrow_fn,
	 (size_t size, size_t align, const struct nothrow *tag), (size, align, tag))
HOOK_NEW(_ZnamSt11align_val_tRKSt9nothrow_t, ROLE_NEW_ARRAY_ALIGNED_NOTHROW,
	 new_aligned_nothrow_fn, (size_t size, size_t align, const struct nothrow *tag),
	 (size, align, tag))

typedef void (*delete_fn)(void *);
typedef void (*delete_size_fn)(void *, size_t);
typedef void (*delete_size_align_fn)(void *, size_t, size_t);
typedef void (*delete_nothrow_fn)(void *, const struct nothrow *);
typedef void (*delete_align_nothrow_fn)(void *, size_t, const struct nothrow *);

/* The form of a releasing operator that takes the block alone. */
static delete_fn plain_form(enum role role)
{
	bool array = role >= ROLE_DELETE_ARRAY && role <= ROLE_DELETE_ARRAY_SIZED_ALIGNED;
	return (delete_fn)real_function(array ? ROLE_DELETE_ARRAY : ROLE_DELETE);
}

static AT_COLD void delete_plainly(void *p, enum role role)
{
	delete_fn f = plain_form(role);
	if (f)
		f(p);
}

#define HOOK_DELETE_FORM(symbol, role, type, params, args, storage, size, align) \
	AT_HOOK void symbol params;                                              \
	void symbol params                                                       \
	{                                                                        \
		storage const struct release r = { role, size, align, 0, 0 };    \
		struct hook h;                                                   \
		type f = (type)real_function(role);                              \
		if (AT_UNLIKELY(!f))                                             \
			__builtin_trap();                                        \
		if (AT_UNLIKELY(!p || !hook_enter(&h))) {                        \
			if (p)                                                   \
				hook_passed_release(&h, p);                      \
			f args;                                                  \
			return;                                                  \
		}                                                                \
		enum finding_outcome outcome = hook_release(&h, p, &r);          \
		if (AT_LIKELY(outcome == FINDING_HANDED_ON))                     \
			f args;                                                  \
		else if (outcome == FINDING_TO_OWNER)                            \
			delete_plainly(p, role);                                 \
		hook_settle(&h);                                                 \
		hook_leave(&h);                                                  \
	}

#define HOOK_DELETE(symbol, role, type, params, args) \
	HOOK_DELETE_FORM(symbol, role, type, params, args, static, RELEASE_NO_SIZE, 0)
#define HOOK_DELETE_GIVEN(symbol, role, type, params, args, size, align) \
	HOOK_DELETE_FORM(symbol, role, type, params, args, , size, align)

HOOK_DELETE(_ZdlPv, ROLE_DELETE, delete_fn, (void *p), (p))
HOOK_DELETE(_ZdaPv, ROLE_DELETE_ARRAY, delete_fn, (void *p), (p))
HOOK_DELETE(_ZdlPvRKSt9nothrow_t, ROLE_DELETE_NOTHROW, delete_nothrow_fn,
	    (void *p, const struct nothrow *tag), (p, tag))
HOOK_DELETE(_ZdaPvRKSt9nothrow_t, ROLE_DELETE_ARRAY_NOTHROW, delete_nothrow_fn,
	    (void *p, const struct nothrow *tag), (p, tag))
HOOK_DELETE_GIVEN(_ZdlPvm, ROLE_DELETE_SIZED, delete_size_fn,
	    (void *p, size_t size), (p, size), size, 0)
HOOK_DELETE_GIVEN(_ZdaPvm, ROLE_DELETE_ARRAY_SIZED, delete_size_fn,
	    (void *p, size_t size), (p, size), size, 0)
HOOK_DELETE_GIVEN(_ZdlPvSt11align_val_t, ROLE_DELETE_ALIGNED, delete_size_fn,
	    (void *p, size_t align), (p, align), RELEASE_NO_SIZE, align)
HOOK_DELETE_GIVEN(_ZdaPvSt11align_val_t, ROLE_DELETE_ARRAY_ALIGNED, delete_size_fn,
	    (void *p, size_t align), (p, align), RELEASE_NO_SIZE, align)
HOOK_DELETE_GIVEN(_ZdlPvmSt11align_val_t, ROLE_DELETE_SIZED_ALIGNED, delete_size_align_fn,
	    (void *p, size_t size, size_t align), (p, size, align), size, align)
HOOK_DELETE_GIVEN(_ZdaPvmSt11align_val_t, ROLE_DELETE_ARRAY_SIZED_ALIGNED, delete_size_align_fn,
	    (void *p, size_t size, size_t align), (p, size, align), size, align)
HOOK_DELETE_GIVEN(_ZdlPvSt11align_val_tRKSt9nothrow_t, ROLE_DELETE_ALIGNED_NOTHROW,
	    delete_align_nothrow_fn, (void *p, size_t align, const struct nothrow *tag),
	    (p, align, tag), RELEASE_NO_SIZE, align)
HOOK_DELETE_GIVEN(_ZdaPvSt11align_val_tRKSt9nothrow_t, ROLE_DELETE_ARRAY_ALIGNED_NOTHROW,
	    delete_align_nothrow_fn, (void *p, size_t align, const struct nothrow *tag),
	    (p, align, tag), RELEASE_NO_SIZE, align)
