/* hooks_limits.c - prctl and syscall, watched for a program that takes rights from itself.
 *
 * Inside the traced process. A program may forbid itself the time-stamp counter (PR_SET_TSC), which
 * the runtime reads, or system calls (seccomp), of which the runtime makes some: either would kill
 * it where it would live untraced. Before such a call the runtime takes what it may need later
 * (sys_restrict()) and from then on reads the collector's clock and makes no system call; a mark in
 * the trace says so. If the call fails, all is as before.
 *
 * Not seen: system calls made without libc. Rights that were taken before the program was executed
 * are not known either; the runtime's start makes its calls then. */
#include <errno.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <sys/syscall.h>

#include "lib/crash.h"
#include "lib/elf_symbols.h"
#include "lib/record.h"
#include "lib/sys.h"

AT_HOOK int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d);

typedef int (*prctl_fn)(int, unsigned long, unsigned long, unsigned long, unsigned long);
typedef long (*syscall_fn)(long, long, long, long, long, long, long);

/* What a call is about to take away. */
enum {
	TAKES_NOTHING = 0,
	TAKES_CLOCK = 1,
	TAKES_CALLS = 2,
	GIVES_CLOCK = 4,
};

/* Calls that only ask whether the kernel knows seccomp pass no filter. */
static unsigned seccomp_takes(unsigned long mode, unsigned long filter)
{
	if (mode == SECCOMP_MODE_STRICT)
		return TAKES_CLOCK | TAKES_CALLS;
	return mode == SECCOMP_MODE_FILTER && filter ? TAKES_CALLS : TAKES_NOTHING;
}

static unsigned prctl_takes(unsigned long option, unsigned long a, unsigned long b)
{
	if (option == PR_SET_TSC)
		return a == PR_TSC_SIGSEGV ? TAKES_CLOCK : GIVES_CLOCK;
	return option == PR_SET_SECCOMP ? seccomp_takes(a, b) : TAKES_NOTHING;
}

static unsigned syscall_takes(long number, unsigned long a, unsigned long b, unsigned long c)
{
	if (number == SYS_prctl)
		return prctl_takes(a, b, c);
	if (a == SECCOMP_SET_MODE_STRICT)
		return b == 0 && !c ? TAKES_CLOCK | TAKES_CALLS : TAKES_NOTHING;
	return a == SECCOMP_SET_MODE_FILTER && c ? TAKES_CALLS : TAKES_NOTHING;
}

static const char *explanation(unsigned takes)
{
	if (takes & TAKES_CLOCK)
		return "alloctrace: no time-stamp counter from here on: times are those of the "
		       "collector's passes";
	return "alloctrace: system calls are filtered from here on: the runtime makes none";
}

static void before(const struct hook *h, unsigned takes)
{
	if (takes & (TAKES_CLOCK | TAKES_CALLS))
		hook_text(h, EVENT_MARK, MARK_POINT, 0, explanation(takes));
	hook_to_backend(h);
	if (takes & TAKES_CALLS) {
		crash_remove();
		sys_restrict();
	}
	if (takes & TAKES_CLOCK)
		at_store_relaxed(&session.clock_forbidden, 1u);
}

static void after(unsigned takes, bool failed)
{
	if (failed && takes & TAKES_CALLS) {
		sys_unrestrict();
		crash_restore();
	}
	if (failed ? takes & TAKES_CLOCK && !sys_is_restricted() : takes & GIVES_CLOCK)
		at_store_relaxed(&session.clock_forbidden, 0u);
}

/* The function behind the runtime's own; NULL with errno set when there is none. */
static void *find_real(const char *name)
{
	void *f = elf_symbol_next(name);
	if (!f)
		errno = ENOSYS;
	return f;
}

int prctl(int option, unsigned long a, unsigned long b, unsigned long c, unsigned long d)
{
	static prctl_fn real;
	struct hook h;
	prctl_fn f = at_load_relaxed(&real);
	if (AT_UNLIKELY(!f)) {
		f = (prctl_fn)find_real("prctl");
		if (!f)
			return -1;
		at_store_relaxed(&real, f);
	}
	unsigned takes = prctl_takes((unsigned long)option, a, b);
	if (AT_LIKELY(takes == TAKES_NOTHING) || !hook_enter(&h))
		return f(option, a, b, c, d);
	before(&h, takes);
	int result = f(option, a, b, c, d);
	after(takes, result < 0);
	hook_leave(&h);
	return result;
}

__attribute__((used, visibility("hidden"))) syscall_fn alloctrace_real_syscall;

/* Every call before the real function is known, and the ones to be watched. */
__attribute__((used, visibility("hidden"))) long
alloctrace_watched_syscall(long number, long a, long b, long c, long d, long e, long g);

long alloctrace_watched_syscall(long number, long a, long b, long c, long d, long e, long g)
{
	struct hook h;
	syscall_fn f = at_load_relaxed(&alloctrace_real_syscall);
	if (AT_UNLIKELY(!f)) {
		f = (syscall_fn)find_real("syscall");
		if (!f)
			return -1;
		at_store_relaxed(&alloctrace_real_syscall, f);
	}
	unsigned takes = number == SYS_prctl || number == SYS_seccomp
				 ? syscall_takes(number, (unsigned long)a, (unsigned long)b,
						 (unsigned long)c)
				 : (unsigned)TAKES_NOTHING;
	if (AT_LIKELY(takes == TAKES_NOTHING) || !hook_enter(&h))
		return f(number, a, b, c, d, e, g);
	before(&h, takes);
	long result = f(number, a, b, c, d, e, g);
	after(takes, result < 0);
	hook_leave(&h);
	return result;
}

/* In assembly because a clone or vfork by it returns twice, once perhaps on another stack: nothing
 * may be on the stack but what the caller put there. 157 is prctl, 317 seccomp, 231
 * exit_group (leak_point.h). */
_Static_assert(SYS_prctl == 157 && SYS_seccomp == 317 && SYS_exit_group == 231, "as below");
__asm__(".pushsection .text\n\t"
	".globl syscall\n\t"
	".type syscall, @function\n"
	"syscall:\n\t"
	".cfi_startproc\n\t"
	"cmpq $157, %rdi\n\t"
	"je alloctrace_watched_syscall\n\t"
	"cmpq $317, %rdi\n\t"
	"je alloctrace_watched_syscall\n\t"
	"cmpq $231, %rdi\n\t"
	"je leak_point_exit_group\n\t"
	"movq alloctrace_real_syscall(%rip), %r11\n\t"
	"testq %r11, %r11\n\t"
	"je alloctrace_watched_syscall\n\t"
	"jmp *%r11\n\t"
	".cfi_endproc\n\t"
	".size syscall, .-syscall\n\t"
	".popsection");
