/* crashing.c - ends in the way that its first argument says; see tests/crash.tap. */
#define _GNU_SOURCE
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static const int covered[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS, SIGABRT };
enum { COVERED = sizeof(covered) / sizeof(*covered), THREADS = 4, SIGNAL_STACK = 32768 };

/* Hidden from the compiler. */
static void *volatile nowhere;
static char *volatile block;

static void write_to_null(void)
{
	((volatile char *)nowhere)[8] = 1;
}

static void call_null(void)
{
	void (*volatile function)(void) = NULL;
	function();
	block = NULL; /* so that it is no jump */
}

/* So large that the allocator gives the memory back at once. */
static void use_after_free(void)
{
	block = malloc(1 << 20);
	char *kept = block;
	free(block);
	((volatile char *)kept)[70] = 1;
}

static void non_canonical(void)
{
	*(volatile char *)((uintptr_t)block ^ UINT64_C(0x5a5a000000000000)) = 1;
}

static volatile unsigned limit = UINT32_MAX;

static unsigned recurse(unsigned depth)
{
	volatile char room[512];
	if (depth == limit)
		return 0;
	room[depth % sizeof(room)] = 1;
	return recurse(depth + 1) + (unsigned char)room[7];
}

static unsigned recurse_and_allocate(unsigned depth)
{
	volatile char room[64];
	if (depth == limit)
		return 0;
	room[depth % sizeof(room)] = 1;
	block = malloc(16);
	return recurse_and_allocate(depth + 1) + (unsigned char)room[7];
}

static void *recurse_in_thread(void *unused)
{
	free(malloc(24));
	recurse(0);
	return unused;
}

static void overflow_in_thread(void)
{
	pthread_t thread;
	pthread_create(&thread, NULL, recurse_in_thread, NULL);
	pthread_join(thread, NULL);
}

static void free_inside(void)
{
	block = malloc(64);
	free(block + 16);
	block = NULL;
}

static void out_of_memory(void)
{
	char *volatile p = malloc((size_t)1 << 60);
	((volatile char *)p)[3] = 1;
}

static void divide(void)
{
	__asm__ volatile("xorl %%ecx, %%ecx\n\tmovl $1, %%eax\n\tcltd\n\tidivl %%ecx" : : : "eax", "ecx", "edx");
}

static pthread_barrier_t together;

static void *crash_together(void *unused)
{
	free(malloc(24));
	pthread_barrier_wait(&together);
	write_to_null();
	return unused;
}

static void crash_in_threads(void)
{
	pthread_t threads[THREADS];
	pthread_barrier_init(&together, NULL, THREADS);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, crash_together, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

static void crash_in_child(void)
{
	int status;
	pid_t child = fork();
	if (child == 0)
		write_to_null();
	waitpid(child, &status, 0);
	printf("child: signal %d\n", WTERMSIG(status));
}

static void crash_in_borrower(void)
{
	int status;
	pid_t child = vfork();
	if (child == 0)
		write_to_null();
	waitpid(child, &status, 0);
	free(malloc(32));
	printf("child: signal %d\n", WTERMSIG(status));
}

/* ---- handlers of its own ---- */

static sigjmp_buf back;

static void recovering(int signal)
{
	siglongjmp(back, signal);
}

static void recover(void)
{
	for (volatile int i = 0; i < 3; i++) {
		signal(SIGSEGV, recovering);
		if (sigsetjmp(back, 1) == 0)
			write_to_null();
		else
			free(malloc(48));
	}
	puts("recovered");
}

static void crashing(int signal)
{
	(void)signal;
	write_to_null();
}

/* Another signal's handler, on a small signal stack of the program's. */
static void crash_in_handler(void)
{
	static char room[SIGNAL_STACK];
	stack_t own = { .ss_sp = room, .ss_size = sizeof(room) };
	struct sigaction act = { .sa_handler = crashing, .sa_flags = SA_ONSTACK };
	sigaltstack(&own, NULL);
	sigaction(SIGUSR1, &act, NULL);
	raise(SIGUSR1);
}

static void chaining(int number, siginfo_t *info, void *context);
static struct sigaction before;

static void chaining(int number, siginfo_t *info, void *context)
{
	(void)info, (void)context;
	static const char asked[] = "handler: the old one was SIG_DFL\n";
	if (before.sa_handler == SIG_DFL && write(1, asked, sizeof(asked) - 1) < 0)
		_exit(3);
	sigaction(number, &before, NULL); /* and again, at the same instruction */
}

static void chain(void)
{
	struct sigaction act = { .sa_sigaction = chaining, .sa_flags = SA_SIGINFO };
	sigaction(SIGSEGV, &act, &before);
	write_to_null();
}

static void show(const char *what, int number)
{
	struct sigaction a;
	uint64_t mask;
	memset(&a, 0x55, sizeof(a));
	errno = 77;
	int failed = sigaction(number, NULL, &a);
	memcpy(&mask, &a.sa_mask, sizeof(mask));
	printf("%s %d: %d %d handler %s flags %x mask %llx restorer %d\n", what, number, failed, errno,
	       a.sa_handler == SIG_DFL ? "default" : a.sa_handler == SIG_IGN ? "ignored" : a.sa_handler == recovering ? "own" : "?",
	       (unsigned)a.sa_flags, (unsigned long long)mask, a.sa_restorer != NULL);
}

static const char *name_of(sighandler_t handler)
{
	return handler == SIG_DFL ? "default" : handler == SIG_IGN ? "ignored" : handler == SIG_ERR ? "error" :
	       handler == recovering ? "own" : "?";
}

/* All ways to ask and to set. */
static void query(void)
{
	struct sigaction act = { .sa_handler = SIG_DFL, .sa_flags = SA_RESTART | SA_NODEFER };
	stack_t stack = { .ss_sp = &act, .ss_flags = 123, .ss_size = 9 }, none = { .ss_flags = SS_DISABLE };
	for (int i = 0; i < COVERED; i++)
		show("start", covered[i]);
	sigaddset(&act.sa_mask, SIGHUP);
	for (int i = 0; i < COVERED; i++) {
		int s = covered[i];
		struct sigaction old;
		int failed = sigaction(s, &act, &old);
		printf("%d %s %x\n", failed, name_of(old.sa_handler), (unsigned)old.sa_flags);
		show("sigaction", s);
		old = (struct sigaction){ .sa_handler = SIG_DFL, .sa_flags = SA_NODEFER };
		struct sigaction *volatile same = &old;
		printf("%d ", sigaction(s, same, &old));
		printf("%s %x\n", name_of(old.sa_handler), (unsigned)old.sa_flags);
		show("sigaction in place", s);
		printf("%s ", name_of(signal(s, recovering)));
		show("signal own", s);
		printf("%s ", name_of(signal(s, SIG_DFL)));
		show("signal default", s);
		printf("%s ", name_of(sysv_signal(s, recovering)));
		show("sysv_signal own", s);
		printf("%s ", name_of(sysv_signal(s, SIG_DFL)));
		show("sysv_signal default", s);
		printf("%s ", name_of(signal(s, SIG_IGN)));
		show("signal ignored", s);
		printf("%s\n", name_of(signal(s, SIG_DFL)));
	}
	errno = 77;
	printf("%d %d\n", sigaction(SIGKILL, &act, NULL), errno);
	errno = 77;
	printf("%s %d\n", name_of(signal(12345, SIG_DFL)), errno);
	printf("%d\n", sigaltstack(NULL, &stack));
	printf("%p %x %zu\n", stack.ss_sp, (unsigned)stack.ss_flags, stack.ss_size);
	printf("%d\n", sigaltstack(&none, &stack));
	printf("%p %x %zu\n", stack.ss_sp, (unsigned)stack.ss_flags, stack.ss_size);
}

static void be_killed(void)
{
	free(malloc(24));
	puts("ready");
	fflush(stdout);
	for (;;)
		pause();
}

static void set_ignored(void)
{
	signal(SIGABRT, SIG_IGN);
	raise(SIGABRT);
	puts("went on");
}

static void abort_it(void)
{
	abort();
}

static void assert_it(void)
{
	assert(!block);
}

static void raise_it(void)
{
	raise(SIGSEGV);
	block = NULL;
}

static void trap(void)
{
	__asm__ volatile("int3");
}

static void invalid(void)
{
	__builtin_trap();
}

static void overflow(void)
{
	recurse(0);
}

static void overflow_in_malloc(void)
{
	recurse_and_allocate(0);
}

static volatile sig_atomic_t handled;

/* In a thread that ran before the handler was set, and has no signal stack. */
static void use_much_stack(int signal)
{
	volatile char much[900 << 10];
	for (size_t i = 0; i < sizeof(much); i += 4096)
		much[i] = (char)signal;
	handled = much[0];
}

static void *wait_for_signal(void *barrier)
{
	free(malloc(100));
	pthread_barrier_wait(barrier);
	while (!handled)
		sched_yield();
	return NULL;
}

static void handle_late(void)
{
	pthread_t thread;
	pthread_barrier_t barrier;
	struct sigaction action = { .sa_handler = use_much_stack, .sa_flags = SA_ONSTACK };
	pthread_barrier_init(&barrier, NULL, 2);
	pthread_create(&thread, NULL, wait_for_signal, &barrier);
	pthread_barrier_wait(&barrier);
	sigaction(SIGUSR1, &action, NULL);
	pthread_kill(thread, SIGUSR1);
	pthread_join(thread, NULL);
	puts("handled");
}

static const struct {
	const char *name;
	void (*run)(void);
} ways[] = {
	{ "null", write_to_null }, { "call-null", call_null }, { "use-after-free", use_after_free },
	{ "non-canonical", non_canonical }, { "overflow", overflow }, { "overflow-thread", overflow_in_thread },
	{ "overflow-malloc", overflow_in_malloc }, { "free-inside", free_inside }, { "out-of-memory", out_of_memory },
	{ "divide", divide }, { "threads", crash_in_threads }, { "child", crash_in_child }, { "vfork", crash_in_borrower },
	{ "recover", recover }, { "handler", crash_in_handler }, { "chain", chain }, { "query", query },
	{ "killed", be_killed }, { "ignored", set_ignored }, { "abort", abort_it }, { "assert", assert_it },
	{ "late", handle_late }, { "raise", raise_it }, { "trap", trap }, { "invalid", invalid },
};

int main(int argc, char **argv)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	block = malloc(40);
	for (size_t i = 0; argc > 1 && i < sizeof(ways) / sizeof(*ways); i++) {
		if (strcmp(argv[1], ways[i].name) == 0) {
			ways[i].run();
			return 0;
		}
	}
	return 64;
}
