/* serve_stop.c - see serve_stop.h. */
#include "lib/serve_stop.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ucontext.h>

#include "base/atomics.h"
#include "base/compiler.h"
#include "lib/sys.h"

enum {
	STOP_SIGNAL = 33, /* glibc's SIGSETXID */
	WAIT_LIMIT_MS = 1000,
	NAP_US = 50,
	LIST_BYTES = 4096,
	RESTORER = 0x04000000,
};

/* As the kernel has it. */
struct kernel_sigaction {
	void (*handler)(int, siginfo_t *, void *);
	uint64_t flags;
	void (*restorer)(void);
	uint64_t mask;
};

/* Set while threads are stopped. The handler reads it; the serving thread writes it. */
static struct session_serve *serving;
static uint32_t gate; /* futex: odd while threads are to stand */
static struct kernel_sigaction before;

void serve_stop_return(void);

__asm__(".pushsection .text\n\t"
	".hidden serve_stop_return\n\t"
	".globl serve_stop_return\n\t"
	".type serve_stop_return, @function\n"
	"serve_stop_return:\n\t"
	"mov $15, %eax\n\t"
	"syscall\n\t"
	".size serve_stop_return, .-serve_stop_return\n\t"
	".popsection");
_Static_assert(SYS_rt_sigreturn == 15, "as above");

/* ---- in the other threads ---- */

static uint64_t thread_pointer(void)
{
	uint64_t value;
	__asm__("mov %%fs:0, %0" : "=r"(value));
	return value;
}

static void save_registers(struct serve_thread *t, const ucontext_t *context)
{
	static const uint8_t order[SERVE_REGISTERS] = {
		REG_RAX, REG_RDX, REG_RCX, REG_RBX, REG_RSI, REG_RDI, REG_RBP, REG_RSP,
		REG_R8,	 REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15,
	};
	const greg_t *from = context->uc_mcontext.gregs;
	for (unsigned i = 0; i < SERVE_REGISTERS; i++)
		t->registers[i] = (uint64_t)from[order[i]];
	t->pc = (uint64_t)from[REG_RIP];
	t->sp = (uint64_t)from[REG_RSP];
	t->fs_base = thread_pointer();
	if (context->uc_mcontext.fpregs)
		__builtin_memcpy(t->vectors, context->uc_mcontext.fpregs->_xmm, sizeof(t->vectors));
}

static struct serve_thread *thread_of(const siginfo_t *info)
{
	struct session_serve *serve = at_load_acquire(&serving);
	uint32_t tid = (uint32_t)info->si_value.sival_int;
	if (!serve || info->si_code != SI_QUEUE || tid != (uint32_t)sys_call0(SYS_gettid))
		return NULL;
	for (uint32_t i = 0; i < SERVE_MAX_THREADS; i++)
		if (serve->threads[i].tid == tid)
			return &serve->threads[i];
	return NULL;
}

static void stand(int signal, siginfo_t *info, void *context)
{
	uint32_t seen = at_load_acquire(&gate);
	struct serve_thread *t = thread_of(info);
	if (!t) {
		/* glibc's own; or ours, and too late: glibc's handler passes over it */
		if (before.handler && (void *)before.handler != (void *)SIG_IGN)
			before.handler(signal, info, context);
		return;
	}
	if (!(seen & 1))
		return;
	save_registers(t, context);
	at_store_release(&t->state, (uint32_t)SERVE_THREAD_STANDS);
	while (at_load_acquire(&gate) == seen)
		sys_call4(SYS_futex, &gate, FUTEX_WAIT, seen, 0);
}

/* ---- in the one that serves ---- */

static void set_handler(void)
{
	struct kernel_sigaction own = {
		.handler = stand,
		.flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK | RESTORER,
		.restorer = serve_stop_return,
		.mask = ~UINT64_C(0),
	};
	struct kernel_sigaction now;
	sys_call4(SYS_rt_sigaction, STOP_SIGNAL, 0, &now, sizeof(own.mask));
	if (now.handler == stand)
		return; /* it was left in place */
	before = now;
	sys_call4(SYS_rt_sigaction, STOP_SIGNAL, &own, 0, sizeof(own.mask));
}

static void call(struct session_serve *serve, long pid, uint32_t tid)
{
	siginfo_t info;
	uint32_t at = serve->thread_count;
	if (at == SERVE_MAX_THREADS) {
		serve->more_threads++;
		return;
	}
	struct serve_thread *t = &serve->threads[at];
	__builtin_memset(t, 0, sizeof(*t));
	t->tid = tid;
	at_store_release(&t->state, (uint32_t)SERVE_THREAD_CALLED);
	__builtin_memset(&info, 0, sizeof(info));
	info.si_signo = STOP_SIGNAL;
	info.si_code = SI_QUEUE;
	info.si_pid = (pid_t)pid;
	info.si_value.sival_int = (int)tid;
	if (!sys_failed(sys_call4(SYS_rt_tgsigqueueinfo, pid, tid, STOP_SIGNAL, &info)))
		serve->thread_count = at + 1;
}

static bool is_known(const struct session_serve *serve, uint32_t tid)
{
	for (uint32_t i = 0; i < serve->thread_count; i++)
		if (serve->threads[i].tid == tid)
			return true;
	return false;
}

static uint32_t number_of(const char *text)
{
	uint32_t number = 0;
	for (; *text >= '0' && *text <= '9'; text++)
		number = number * 10 + (uint32_t)(*text - '0');
	return *text ? 0 : number;
}

struct directory_entry {
	uint64_t inode;
	int64_t offset;
	uint16_t bytes;
	uint8_t type;
	char name[];
};

/* How many there are that were not known, or have ended since they were listed: those may have
 * started others. The window is free for the list. */
static uint32_t call_new(struct session_serve *serve, long pid)
{
	uint32_t fresh = 0;
	long got, fd = sys_call4(SYS_openat, AT_FDCWD, "/proc/self/task",
				 O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
	if (fd < 0)
		return 0;
	while ((got = sys_call3(SYS_getdents64, fd, serve->window, LIST_BYTES)) > 0) {
		const struct directory_entry *entry;
		for (long at = 0; at < got; at += entry->bytes) {
			entry = (const struct directory_entry *)(serve->window + at);
			uint32_t tid = number_of(entry->name);
			if (!tid || is_known(serve, tid))
				continue;
			call(serve, pid, tid);
			fresh += !serve->more_threads;
		}
	}
	sys_close(fd);
	return fresh;
}

static char *put_number(char *to, uint32_t number)
{
	if (number >= 10)
		to = put_number(to, number / 10);
	*to = (char)('0' + number % 10);
	return to + 1;
}

/* A first thread that has ended alone stays, and takes signals that it never handles. */
static bool has_ended(struct session_serve *serve, uint32_t tid)
{
	char path[48] = "/proc/self/task/", *text = (char *)serve->window;
	__builtin_memcpy(put_number(path + sizeof("/proc/self/task/") - 1, tid), "/stat", 6);
	long fd = sys_open(path), got = fd < 0 ? 0 : sys_read(fd, text, LIST_BYTES);
	if (fd >= 0)
		sys_close(fd);
	while (got > 0 && text[got - 1] != ')') /* the name may hold anything but what follows */
		got--;
	return got <= 0 || text[got + 1] == 'Z' || text[got + 1] == 'X';
}

/* Has been called, has not come, and may yet come. */
static bool is_missing(struct session_serve *serve, struct serve_thread *t)
{
	if (at_load_acquire(&t->state) != SERVE_THREAD_CALLED)
		return false;
	if (!has_ended(serve, t->tid))
		return true;
	at_store_relaxed(&t->state, (uint32_t)SERVE_THREAD_ENDED);
	return false;
}

static bool wait_for_all(struct session_serve *serve, uint64_t until_ns)
{
	uint32_t come = 1; /* all before have */
	while (come < serve->thread_count) {
		if (!is_missing(serve, &serve->threads[come]))
			come++;
		else if (sys_monotonic_ns() > until_ns)
			return false;
		else
			sys_sleep_us(NAP_US);
	}
	return true;
}

static void list_self(struct session_serve *serve)
{
	struct serve_thread *t = &serve->threads[0];
	__builtin_memset(t, 0, sizeof(*t));
	t->tid = (uint32_t)sys_call0(SYS_gettid);
	t->sp = (uintptr_t)__builtin_frame_address(0);
	t->pc = (uintptr_t)__builtin_return_address(0);
	t->fs_base = thread_pointer();
	/* What calls leave to their callers: the rest has been saved above. */
	__asm__ volatile("mov %%rbx, 24(%0)\n\tmov %%rbp, 48(%0)\n\tmov %%r12, 96(%0)\n\t"
			 "mov %%r13, 104(%0)\n\tmov %%r14, 112(%0)\n\tmov %%r15, 120(%0)"
			 :
			 : "r"(t->registers)
			 : "memory");
	t->registers[7] = t->sp;
	at_store_release(&t->state, (uint32_t)SERVE_THREAD_ASKS);
	serve->thread_count = 1;
	serve->more_threads = 0;
}

AT_NOINLINE long serve_stop_begin(struct session_serve *serve)
{
	struct session_serve *none = NULL;
	long pid = sys_call0(SYS_getpid);
	if (!at_cas_acq_rel(&serving, &none, serve))
		return -EBUSY;
	list_self(serve);
	set_handler();
	at_add_relaxed(&gate, 1u);
	uint64_t until_ns = sys_monotonic_ns() + WAIT_LIMIT_MS * UINT64_C(1000000);
	/* When all stand there is nobody who could start another one. */
	while (call_new(serve, pid) && wait_for_all(serve, until_ns) &&
	       sys_monotonic_ns() < until_ns)
		;
	return 0;
}

void serve_stop_end(struct session_serve *serve)
{
	bool all_came = true;
	for (uint32_t i = 1; i < serve->thread_count && i < SERVE_MAX_THREADS; i++)
		all_came &= !is_missing(serve, &serve->threads[i]);
	at_store_release(&serving, (struct session_serve *)NULL);
	at_add_relaxed(&gate, 1u);
	sys_call3(SYS_futex, &gate, FUTEX_WAKE, INT32_MAX);
	/* One whose signal is still to come would be killed by it if nobody handled that. */
	if (all_came)
		sys_call4(SYS_rt_sigaction, STOP_SIGNAL, &before, 0, sizeof(before.mask));
}
