/* crash.c - see crash.h: the handler, and how it is left.
 *
 * Whatever happens in here, the program is to end as it would have without it. The work is done on
 * a stack of the runtime's own: that of the program may be used up, and its signal stack small. A
 * second signal in the same thread meanwhile - the handler itself has crashed - ends the work and
 * keeps what there is. Nothing here waits for a lock of the runtime's for ever: what another thread
 * holds it gives back, and a thread that crashed in the runtime itself is only named. */
#include "lib/crash.h"

#include <errno.h>
#include <sys/mman.h>

#include "base/atomics.h"
#include "base/compiler.h"
#include "lib/elf_symbols.h"
#include "lib/leak_point.h"
#include "lib/lock.h"
#include "lib/participant.h"
#include "lib/runtime.h"
#include "lib/sys.h"
#include "lib/thread.h"
#include "wire/crashes.h"

enum {
	OWN_STACK_BYTES = 64 << 10,
	THREAD_STACK_BYTES = 1 << 20,
	GUARD_BYTES = 4096, /* of them */
	STACKS_AT_ONCE = 16,
	SAME_MOMENT_US = 5000, /* after the first, in which another thread's crash is told, too */
	WAIT_FOR_OTHER_US = 200,
	WAITS_FOR_OTHER = 2500,
};

#define BIT(signal) (UINT64_C(1) << ((signal)-1))

static const uint64_t crashes = BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGILL) | BIT(SIGFPE) |
				BIT(SIGTRAP) | BIT(SIGSYS) | BIT(SIGABRT);
/* By which a process is ended from outside, or by its own timer: then it is only looked through for
 * leaks, if that is wanted. */
static const uint64_t ends = BIT(SIGHUP) | BIT(SIGINT) | BIT(SIGQUIT) | BIT(SIGPIPE) | BIT(SIGALRM) |
			     BIT(SIGTERM) | BIT(SIGUSR1) | BIT(SIGUSR2);
/* What an instruction raises, by which the handler itself may crash. */
static const uint64_t raised_by_instructions =
	BIT(SIGSEGV) | BIT(SIGBUS) | BIT(SIGILL) | BIT(SIGFPE) | BIT(SIGTRAP) | BIT(SIGSYS);

typedef int (*sigaction_fn)(int, const struct sigaction *, struct sigaction *);

static sigaction_fn real_sigaction;
static bool installed;
static uint64_t covered; /* crashes, and perhaps ends */
static uint64_t removed; /* signals that crash_remove() took it from */

bool crash_covers(int signal)
{
	return at_load_relaxed(&installed) && signal > 0 && signal <= 64 &&
	       covered & BIT((unsigned)signal);
}

/* ---- in place and out ---- */

/* Other signals wait until this one has ended the program: a handler of the program's own that ran
 * in between would find it in a state that it cannot have. */
void crash_action(struct sigaction *action)
{
	uint64_t mask = ~raised_by_instructions;
	*action = (struct sigaction){ .sa_sigaction = crash_handler,
				      .sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER };
	__builtin_memcpy(&action->sa_mask, &mask, sizeof(mask));
}

static void install_for(int signal)
{
	struct sigaction now, own;
	crash_action(&own);
	if (real_sigaction(signal, NULL, &now) == 0 && now.sa_handler == SIG_DFL)
		real_sigaction(signal, &own, NULL);
}

static void each_covered(void (*act)(int signal), uint64_t which)
{
	for (int signal = 1; signal <= 64; signal++)
		if (which & BIT((unsigned)signal))
			act(signal);
}

static void remove_from(int signal)
{
	struct sigaction now, standard = { .sa_handler = SIG_DFL };
	if (real_sigaction(signal, NULL, &now) != 0 || now.sa_sigaction != crash_handler)
		return;
	real_sigaction(signal, &standard, NULL);
	removed |= BIT((unsigned)signal);
}

void crash_remove(void)
{
	int code = errno;
	if (at_load_relaxed(&installed)) {
		at_store_relaxed(&installed, false);
		each_covered(remove_from, covered);
	}
	errno = code;
}

void crash_restore(void)
{
	int code = errno;
	if (removed) {
		each_covered(install_for, removed);
		removed = 0;
		at_store_relaxed(&installed, true);
	}
	errno = code;
}

/* ---- stacks for handlers, by ring slot ---- */

/* Some slots' at once, address space for the most part. The runtime's handler leaves these stacks at
 * once. A handler of the program's may get onto one that its thread has already when the program sets
 * it with SA_ONSTACK, without signal stacks of its own: so they are large, and have a guard. */
static char *thread_stacks[SESSION_MAX_RINGS / STACKS_AT_ONCE];
static const void *first_stack; /* of the first thread, also in a child; NULL: it has none */
static bool stacks_given_up;

static char *thread_stack(uint32_t slot)
{
	char **chunk = &thread_stacks[slot / STACKS_AT_ONCE], *seen = at_load_acquire(chunk);
	if (!seen) {
		char *fresh = sys_map_anonymous(STACKS_AT_ONCE * THREAD_STACK_BYTES);
		if (fresh && !at_cas_acq_rel(chunk, &seen, fresh))
			sys_unmap(fresh, STACKS_AT_ONCE * THREAD_STACK_BYTES);
		else
			seen = fresh;
	}
	char *stack = seen ? seen + slot % STACKS_AT_ONCE * THREAD_STACK_BYTES : NULL;
	if (stack && sys_failed(sys_call3(SYS_mprotect, stack, GUARD_BYTES, PROT_NONE)))
		return NULL;
	return stack;
}

/* A thread that has a signal stack keeps it. */
void crash_thread_begins(uint32_t slot)
{
	stack_t old, own = { .ss_size = THREAD_STACK_BYTES - GUARD_BYTES };
	if (!at_load_relaxed(&installed) || at_load_relaxed(&stacks_given_up) ||
	    sys_is_restricted())
		return;
	char *stack = thread_stack(slot);
	own.ss_sp = stack + GUARD_BYTES;
	if (stack && !sys_failed(sys_call2(SYS_sigaltstack, &own, &old)) &&
	    !(old.ss_flags & SS_DISABLE))
		sys_call2(SYS_sigaltstack, &old, NULL);
}

/* The first thread's, for an overflow before it has called any hook. A process that replaces itself has
 * none then. */
static void take_first_stack(void)
{
	stack_t now, own = { .ss_size = THREAD_STACK_BYTES - GUARD_BYTES };
	if (sys_failed(sys_call2(SYS_sigaltstack, NULL, &now)) || !(now.ss_flags & SS_DISABLE))
		return;
	char *stack = sys_map_anonymous(THREAD_STACK_BYTES);
	if (!stack)
		return;
	own.ss_sp = stack + GUARD_BYTES;
	if (sys_failed(sys_call3(SYS_mprotect, stack, GUARD_BYTES, PROT_NONE)) ||
	    sys_failed(sys_call2(SYS_sigaltstack, &own, NULL)))
		sys_unmap(stack, THREAD_STACK_BYTES);
	else
		first_stack = own.ss_sp;
}

void crash_install(void)
{
	int code = errno;
	if (session.options & SESSION_NO_CRASHES)
		return;
	real_sigaction = (sigaction_fn)elf_symbol_in_libc("sigaction");
	if (!real_sigaction)
		return;
	crash_look_begin();
	covered = crashes | (leak_point_is_due(SCAN_AT_CRASH) ? ends : 0);
	at_store_relaxed(&installed, true);
	each_covered(install_for, covered);
	take_first_stack();
	errno = code;
}

void crash_give_up_stacks(void)
{
	at_store_relaxed(&stacks_given_up, true);
}

bool crash_is_own_stack(const stack_t *s)
{
	for (uint32_t i = 0; i < AT_COUNT_OF(thread_stacks); i++)
		if (thread_stacks[i] && (uintptr_t)s->ss_sp - (uintptr_t)thread_stacks[i] <
						STACKS_AT_ONCE * THREAD_STACK_BYTES)
			return true;
	return s->ss_sp && s->ss_sp == first_stack;
}

/* ---- the handler ---- */

static uint32_t owner; /* tid of the thread that is being looked at; 0: none */
/* Several threads may crash before the process has ended. By the signal of the first it ends, when
 * the others have been looked at, too. */
static uint32_t first;	 /* its tid; 0: no thread has crashed */
static uint32_t unknown; /* how many have crashed and not been looked at yet */
static char own_stack[OWN_STACK_BYTES] __attribute__((aligned(64)));
static void *escape[5];
static struct session_crash *record; /* the owner's; NULL: there is none (yet) */

static bool abort_expected;

void crash_expect_abort(void)
{
	at_store_relaxed(&abort_expected, true);
}

struct crash_call {
	int signal;
	const siginfo_t *info;
	const ucontext_t *context;
};

/* The child's only thread keeps the signal stack that it had; the threads that come get others. */
void crash_forked(void)
{
	stack_t now;
	if (!sys_is_restricted() && !sys_failed(sys_call2(SYS_sigaltstack, NULL, &now)) &&
	    crash_is_own_stack(&now))
		first_stack = now.ss_sp;
	__builtin_memset(thread_stacks, 0, sizeof(thread_stacks));
	bool is_own = at_load_relaxed(&owner) == sys_gettid(); /* else a thread's of the parent */
	if (!is_own)
		at_store_relaxed(&owner, 0u);
	at_store_relaxed(&first, at_load_relaxed(&owner));
	at_store_relaxed(&unknown, is_own ? 1u : 0u);
}

enum { RSP_IN_RECORD = 7 };

static struct session_crash *claim_record(void)
{
	uint32_t index = at_add_relaxed(&session.header->crash_count, 1u);
	return index < CRASH_MAX ? &session.crashes[index] : NULL;
}

/* In the order of CRASH_IN_RAX and so on. */
static void copy_registers(uint64_t out[CRASH_REGISTERS + 1], const struct crash_call *call)
{
	const greg_t *r = call->context->uc_mcontext.gregs;
	static const uint8_t order[CRASH_REGISTERS + 1] = {
		REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP, REG_R8,
		REG_R9,	 REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15, REG_RIP
	};
	for (unsigned i = 0; i <= CRASH_REGISTERS; i++)
		out[i] = (uint64_t)r[order[i]];
}

/* Signals that the kernel raised carry an address where si_code says so; sent ones a pid. */
static void fill_signal(struct session_crash *c, const struct crash_call *call)
{
	copy_registers(c->registers, call);
	c->signal = call->signal;
	c->code = call->info->si_code;
	c->tsc = session_clock();
	c->stack = NODE_UNKNOWN;
	if (c->code == SI_USER || c->code == SI_TKILL || c->code == SI_QUEUE)
		c->sender = (uint32_t)call->info->si_pid;
}

static AT_NOINLINE void look(const struct crash_call *call)
{
	/* Registers a child of fork that has not called in yet; else the record would be its
	 * parent's. */
	if (thread_self->guard != GUARD_BUSY && !runtime_may_record() && runtime_is_off())
		return;
	struct session_crash *c = claim_record();
	if (!c)
		return;
	c->state = CRASH_CLAIMED;
	c->process = session.process_index;
	c->pid = sys_getpid();
	c->tid = sys_gettid();
	fill_signal(c, call);
	if (c->pid != session.pid)
		c->flags |= CRASH_BORROWED;
	record = c;
	crash_look(c, call->info, call->context);
}

/* Runs on the runtime's own stack. A crash in here comes back behind the setjmp. A second signal
 * would take the signal stack from its beginning, where the first one's frame is: so there is none,
 * until returning from that sets it as it was. */
static void gather(const struct crash_call *call)
{
	const stack_t none = { .ss_flags = SS_DISABLE };
	bool is_crash = crashes & BIT((unsigned)call->signal);
	uint64_t registers[CRASH_REGISTERS + 1];
	record = NULL;
	if (__builtin_setjmp(escape) == 0) {
		sys_call2(SYS_sigaltstack, &none, NULL);
		if (is_crash)
			look(call);
	} else if (record) {
		record->flags |= CRASH_GAVE_UP;
	}
	if (record) {
		at_store_release(&record->state, (uint32_t)CRASH_READY);
		session_wake_collector();
	} else if (is_crash) {
		return;
	}
	copy_registers(registers, call);
	leak_point_crash(registers, registers[RSP_IN_RECORD]);
}

/* Calls work(call) with the stack pointer at `top`. */
void alloctrace_on_stack(void (*work)(const struct crash_call *), const struct crash_call *call,
			 char *top);
__asm__(".pushsection .text\n\t"
	".hidden alloctrace_on_stack\n\t"
	".type alloctrace_on_stack, @function\n"
	"alloctrace_on_stack:\n\t"
	"pushq %rbp\n\t"
	"movq %rsp, %rbp\n\t"
	"movq %rdx, %rsp\n\t"
	"movq %rdi, %rax\n\t"
	"movq %rsi, %rdi\n\t"
	"callq *%rax\n\t"
	"movq %rbp, %rsp\n\t"
	"popq %rbp\n\t"
	"retq\n\t"
	".size alloctrace_on_stack, .-alloctrace_on_stack\n\t"
	".popsection");

/* One at a time. False: another thread takes too long. */
static bool become_owner(uint32_t tid)
{
	for (unsigned i = 0; i < WAITS_FOR_OTHER; i++) {
		uint32_t nobody = 0;
		if (at_cas_acq_rel(&owner, &nobody, tid))
			return true;
		sys_sleep_us(WAIT_FOR_OTHER_US);
	}
	return false;
}

/* Until the value is 0, or for too long. */
static void wait_for(const uint32_t *value)
{
	for (unsigned i = 0; i < WAITS_FOR_OTHER && at_load_acquire(value); i++)
		sys_sleep_us(WAIT_FOR_OTHER_US);
}

/* A fault that returning to the instruction brings again. */
static bool comes_again(int signal, const siginfo_t *info)
{
	bool fault = signal == SIGSEGV || signal == SIGBUS || signal == SIGILL || signal == SIGFPE;
	return fault && info->si_code > 0 && !(signal == SIGBUS && info->si_code == BUS_MCEERR_AO);
}

/* From here the kernel does what it does by default, with the interrupted registers and the
 * signal's own information; blocked until the handler has returned, or the core would show this
 * code. If even that is forbidden, a blocked fault kills, too. */
static void let_it_happen(int signal, siginfo_t *info, ucontext_t *context)
{
	struct {
		uintptr_t handler;
		uint64_t flags;
		uintptr_t restorer;
		uint64_t mask;
	} standard = { 0, 0, 0, 0 };
	uint64_t bit = BIT((unsigned)signal);
	if (sys_failed(sys_call4(SYS_rt_sigaction, signal, &standard, 0, sizeof(bit)))) {
		__builtin_memcpy(&bit, &context->uc_sigmask, sizeof(bit));
		bit |= BIT((unsigned)signal);
		__builtin_memcpy(&context->uc_sigmask, &bit, sizeof(bit));
		return;
	}
	if (comes_again(signal, info))
		return;
	sys_call4(SYS_rt_sigprocmask, SIG_BLOCK, &bit, 0, sizeof(bit));
	sys_call4(SYS_rt_tgsigqueueinfo, sys_call0(SYS_getpid), sys_call0(SYS_gettid), signal,
		  info);
}

void crash_handler(int signal, siginfo_t *info, void *context)
{
	const struct crash_call call = { signal, info, context };
	uint32_t none = 0, tid = sys_gettid();
	if (at_load_relaxed(&owner) == tid)
		__builtin_longjmp(escape, 1);
	if (at_load_relaxed(&session.header->state) == SESSION_ENDED ||
	    (signal == SIGABRT && at_load_relaxed(&abort_expected))) {
		let_it_happen(signal, info, context);
		return;
	}
	bool is_first = at_cas_acq_rel(&first, &none, tid);
	at_add_relaxed(&unknown, 1u);
	if (become_owner(tid)) {
		alloctrace_on_stack(gather, &call, own_stack + OWN_STACK_BYTES);
		at_store_release(&owner, 0u);
	}
	at_add_relaxed(&unknown, UINT32_MAX); /* one less */
	if (is_first && !lock_is_single_threaded())
		sys_sleep_us(SAME_MOMENT_US);
	wait_for(is_first ? &unknown : &first);
	let_it_happen(signal, info, context);
	if (is_first)
		at_store_release(&first, 0u);
}
