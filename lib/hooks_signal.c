/* hooks_signal.c - sigaction, signal and their like, and sigaltstack: the program sees what it would see
 * without the runtime's handlers (crash.h).
 *
 * Inside the traced process. Nothing is kept of what the program sets: the kernel has it, and is right in
 * the child of a vfork, too. Where it has the runtime's handler the program is told SIG_DFL, and where the
 * program sets SIG_DFL the kernel gets the runtime's handler. The flags and the mask that go with a SIG_DFL mean
 * nothing, but can be asked for: they alone are remembered.
 *
 * Not seen: system calls made without libc. What they set takes effect. */
#include <errno.h>
#include <signal.h>

#include "lib/crash.h"
#include "lib/elf_symbols.h"
#include "lib/record.h"
#include "lib/sys.h"

typedef int (*sigaction_fn)(int, const struct sigaction *, struct sigaction *);
typedef sighandler_t (*signal_fn)(int, sighandler_t);
typedef int (*sigaltstack_fn)(const stack_t *, stack_t *);

enum { SIGNALS = 65 };

#define HAS_RESTORER 0x04000000 /* SA_RESTORER, as libc adds it and gives it back */

AT_HOOK int sigaction(int number, const struct sigaction *act, struct sigaction *old);
AT_HOOK int __sigaction(int number, const struct sigaction *act, struct sigaction *old);
AT_HOOK sighandler_t signal(int number, sighandler_t handler);
AT_HOOK sighandler_t bsd_signal(int number, sighandler_t handler);
AT_HOOK sighandler_t ssignal(int number, sighandler_t handler);
AT_HOOK sighandler_t sysv_signal(int number, sighandler_t handler);
AT_HOOK sighandler_t __sysv_signal(int number, sighandler_t handler);
AT_HOOK sighandler_t sigset(int number, sighandler_t handler);
AT_HOOK int sigaltstack(const stack_t *new, stack_t *old);

/* The function behind the runtime's own; NULL with errno set when there is none. */
static void *find_real(void **kept, const char *name)
{
	void *f = at_load_relaxed(kept);
	if (AT_UNLIKELY(!f)) {
		f = elf_symbol_next(name);
		if (!f)
			errno = ENOSYS;
		at_store_relaxed(kept, f);
	}
	return f;
}

/* ---- dispositions ---- */

/* What goes with a SIG_DFL of the program's. */
static struct {
	uint64_t mask;
	uint32_t flags;
	bool by_libc; /* and so with a restorer */
} defaults[SIGNALS];

static void keep_default(int number, const struct sigaction *act)
{
	__builtin_memcpy(&defaults[number].mask, &act->sa_mask, sizeof(uint64_t));
	defaults[number].flags = (uint32_t)act->sa_flags;
	defaults[number].by_libc = true;
}

static void show_default(int number, struct sigaction *old)
{
	old->sa_handler = SIG_DFL;
	__builtin_memcpy(&old->sa_mask, &defaults[number].mask, sizeof(uint64_t));
	old->sa_flags = (int)defaults[number].flags;
	if (defaults[number].by_libc)
		old->sa_flags |= HAS_RESTORER;
	else
		old->sa_restorer = NULL;
}

static bool is_own(const struct sigaction *a)
{
	return a->sa_sigaction == crash_handler;
}

/* A handler of the program's that wants the signal stack would get the runtime's, which is none of
 * its business. */
static void leave_signal_stack(void)
{
	stack_t now;
	const stack_t none = { .ss_flags = SS_DISABLE };
	if (sys_is_restricted() || sys_failed(sys_call2(SYS_sigaltstack, NULL, &now)) ||
	    now.ss_flags & SS_DISABLE || !crash_is_own_stack(&now))
		return;
	sys_call2(SYS_sigaltstack, &none, NULL);
}

static int set_action(int number, const struct sigaction *act, struct sigaction *old)
{
	static void *kept;
	sigaction_fn f = (sigaction_fn)find_real(&kept, "sigaction");
	struct sigaction own, asked; /* act may be old */
	if (!f)
		return -1;
	if (act && act->sa_flags & SA_ONSTACK && act->sa_handler != SIG_DFL &&
	    act->sa_handler != SIG_IGN) {
		crash_give_up_stacks();
		leave_signal_stack();
	}
	if (AT_LIKELY(!crash_covers(number)))
		return f(number, act, old);
	bool to_default = act && (act->sa_handler == SIG_DFL || is_own(act));
	if (to_default) {
		asked = *act;
		crash_action(&own);
	}
	int result = f(number, to_default ? &own : act, old);
	if (result == 0 && old && is_own(old))
		show_default(number, old);
	if (result == 0 && to_default)
		keep_default(number, &asked);
	return result;
}

int sigaction(int number, const struct sigaction *act, struct sigaction *old)
{
	return set_action(number, act, old);
}

int __sigaction(int number, const struct sigaction *act, struct sigaction *old)
{
	return set_action(number, act, old);
}

/* The simple forms: for SIG_DFL in one step, as flags say; otherwise by libc itself. */
static sighandler_t set_handler(void **kept, const char *name, int number, sighandler_t handler, int flags)
{
	struct sigaction act = { .sa_handler = SIG_DFL, .sa_flags = flags }, old;
	signal_fn f = (signal_fn)find_real(kept, name);
	if (!f)
		return SIG_ERR;
	if (AT_LIKELY(!crash_covers(number)))
		return f(number, handler);
	if (flags == SA_RESTART) {
		uint64_t mask = UINT64_C(1) << (number - 1);
		__builtin_memcpy(&act.sa_mask, &mask, sizeof(mask));
	}
	if (handler == SIG_DFL)
		return set_action(number, &act, &old) < 0 ? SIG_ERR : old.sa_handler;
	sighandler_t before = f(number, handler);
	return before == (sighandler_t)(uintptr_t)crash_handler ? SIG_DFL : before;
}

sighandler_t signal(int number, sighandler_t handler)
{
	static void *kept;
	return set_handler(&kept, "signal", number, handler, SA_RESTART);
}

sighandler_t bsd_signal(int number, sighandler_t handler)
{
	static void *kept;
	return set_handler(&kept, "bsd_signal", number, handler, SA_RESTART);
}

sighandler_t ssignal(int number, sighandler_t handler)
{
	static void *kept;
	return set_handler(&kept, "ssignal", number, handler, SA_RESTART);
}

sighandler_t sysv_signal(int number, sighandler_t handler)
{
	static void *kept;
	return set_handler(&kept, "sysv_signal", number, handler,
			   (int)(SA_RESETHAND | SA_NODEFER));
}

sighandler_t __sysv_signal(int number, sighandler_t handler)
{
	static void *kept;
	return set_handler(&kept, "__sysv_signal", number, handler,
			   (int)(SA_RESETHAND | SA_NODEFER));
}

/* It also changes the mask: libc does it, and the handler comes back behind it. */
sighandler_t sigset(int number, sighandler_t handler)
{
	static void *kept;
	signal_fn f = (signal_fn)find_real(&kept, "sigset");
	struct sigaction act = { .sa_handler = SIG_DFL };
	if (!f)
		return SIG_ERR;
	sighandler_t before = f(number, handler);
	if (AT_LIKELY(!crash_covers(number)))
		return before;
	if (handler == SIG_DFL && before != SIG_ERR)
		set_action(number, &act, NULL);
	return before == (sighandler_t)(uintptr_t)crash_handler ? SIG_DFL : before;
}

/* ---- the signal stack ---- */

int sigaltstack(const stack_t *new, stack_t *old)
{
	static void *kept;
	sigaltstack_fn f = (sigaltstack_fn)find_real(&kept, "sigaltstack");
	if (!f)
		return -1;
	int result = f(new, old);
	if (result == 0 && old && !(old->ss_flags & SS_DISABLE) && crash_is_own_stack(old))
		*old = (stack_t){ .ss_flags = SS_DISABLE };
	return result;
}
