/* roots.c - one pointer to one block, in each place that counts; it loses the block when the
 * pointer is taken away there (or the place is), and rightly the pointer is left. library.so is
 * beside it. */
#define _GNU_SOURCE
#include "leaks.h"

#include <dlfcn.h>
#include <linux/futex.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

enum { STACK_BYTES = 256 << 10 };

static const char *library_path;
static int is_ready, never;

static APART void *make_block(void)
{
	return malloc(120);
}

static APART void *make_other(void)
{
	return malloc(136);
}

static void wait_on(int *word, int value)
{
	while (__atomic_load_n(word, __ATOMIC_ACQUIRE) == value)
		syscall(SYS_futex, word, FUTEX_WAIT, value, NULL, NULL, 0);
}

static void set(int *word)
{
	__atomic_store_n(word, 1, __ATOMIC_RELEASE);
	syscall(SYS_futex, word, FUTEX_WAKE, 1 << 30, NULL, NULL, 0);
}

/* What a thread does at last: it lives, and stands still, when the process ends. */
static void stay(void)
{
	set(&is_ready);
	for (;;)
		wait_on(&never, 0);
}

static void start(void *(*run)(void *), bool right, const pthread_attr_t *attributes)
{
	pthread_t thread;
	if (pthread_create(&thread, attributes, run, right ? (void *)&never : NULL) != 0)
		exit(98);
	wait_on(&is_ready, 0);
}

static void exit_caller(bool right)
{
	void *volatile words[2] = { make_block(), NULL };
	if (!right)
		words[0] = NULL;
	KEEP(words);
	scrub();
	exit(0);
}

static void (*volatile deeper)(int depth, bool right);

static APART void go_deeper(int depth, bool right)
{
	void *volatile words[16] = { make_block() };
	if (!right)
		words[0] = NULL;
	if (depth > 0) {
		deeper(depth - 1, right);
	} else {
		scrub();
		exit(0);
	}
	KEEP(words);
}

static void deep_stack(bool right)
{
	deeper = go_deeper;
	go_deeper(9, right);
}

static void *with_stack(void *right)
{
	void *volatile words[2] = { make_block(), NULL };
	if (!right)
		words[0] = NULL;
	KEEP(words);
	scrub();
	stay();
	return NULL;
}

static void thread_stack(bool right)
{
	start(with_stack, right, NULL);
}

static void start_on(void *stack, bool right)
{
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setstack(&attributes, stack, STACK_BYTES);
	start(with_stack, right, &attributes);
	pthread_attr_destroy(&attributes);
}

static void *map(void)
{
	void *at =
		mmap(NULL, STACK_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (at == MAP_FAILED)
		exit(98);
	return at;
}

static void mapped_stack(bool right)
{
	start_on(map(), right);
}

/* Only the thread itself points to its stack. */
static void malloced_stack(bool right)
{
	start_on(memset(aligned_alloc(4096, STACK_BYTES), 0, STACK_BYTES), right);
}

/* The pointer is in r12 and nowhere else. */
static void *with_register(void *right)
{
	uintptr_t word = hidden(make_block());
	scrub();
	__asm__ volatile("mov %[word], %%r12\n\t"
			 "test %[right], %[right]\n\t"
			 "je 1f\n\t"
			 "not %%r12\n\t"
			 "1: movl $1, %[ready]\n\t"
			 "mov %[wake], %%esi\n\t"
			 "mov $0x40000000, %%edx\n\t"
			 "lea %[ready], %%rdi\n\t"
			 "mov %[futex], %%eax\n\t"
			 "syscall\n"
			 "2: lea %[never], %%rdi\n\t"
			 "xor %%esi, %%esi\n\t"
			 "xor %%edx, %%edx\n\t"
			 "xor %%r10d, %%r10d\n\t"
			 "mov %[futex], %%eax\n\t"
			 "syscall\n\t"
			 "jmp 2b"
			 : [ready] "+m"(is_ready)
			 : [word] "b"(word), [right] "r"(right), [never] "m"(never),
			   [futex] "i"(SYS_futex), [wake] "i"(FUTEX_WAKE)
			 : "r12", "rax", "rcx", "r11", "rdi", "rsi", "rdx", "r10", "memory");
	return NULL;
}

static void thread_register(bool right)
{
	start(with_register, right, NULL);
}

static bool right_in_handler;

static void handle(int number)
{
	(void)number;
	void *volatile words[2] = { make_block(), NULL };
	if (!right_in_handler)
		words[0] = NULL;
	KEEP(words);
	scrub();
	stay();
}

/* In a handler on a stack of its own, and in the frame below it that was interrupted. */
static void *with_other_stack(void *right)
{
	stack_t stack = { .ss_sp = map(), .ss_size = STACK_BYTES };
	sigaltstack(&stack, NULL);
	sigaction(SIGUSR1, &(struct sigaction){ .sa_handler = handle, .sa_flags = SA_ONSTACK },
		  NULL);
	right_in_handler = right;
	void *volatile words[2] = { make_other(), NULL };
	if (!right)
		words[0] = NULL;
	scrub();
	raise(SIGUSR1);
	return words[1];
}

static void signal_stack(bool right)
{
	start(with_other_stack, right, NULL);
}

static ucontext_t of_main, of_coroutine;
static bool right_in_coroutine;

static void coroutine(void)
{
	void *volatile words[2] = { make_block(), NULL };
	if (!right_in_coroutine)
		words[0] = NULL;
	scrub();
	swapcontext(&of_coroutine, &of_main);
	exit(words[1] != NULL);
}

static void coroutine_stack(bool right)
{
	getcontext(&of_coroutine);
	of_coroutine.uc_stack.ss_sp = map();
	of_coroutine.uc_stack.ss_size = STACK_BYTES;
	right_in_coroutine = right;
	makecontext(&of_coroutine, coroutine, 0);
	swapcontext(&of_main, &of_coroutine);
	memset(&of_coroutine, 0, sizeof of_coroutine);
	memset(&of_main, 0, sizeof of_main);
}

static __thread void *volatile of_thread;

static void main_tls(bool right)
{
	void *block = make_block();
	if (right)
		of_thread = block;
}

static void *with_tls(void *right)
{
	main_tls(right);
	scrub();
	stay();
	return NULL;
}

static void thread_tls(bool right)
{
	start(with_tls, right, NULL);
}

static void *library;

static void call_library(const char *function, void *pointer)
{
	void (*hold)(void *);
	if (!library)
		library = dlopen(library_path, RTLD_NOW);
	*(void **)&hold = library ? dlsym(library, function) : NULL;
	if (!hold)
		exit(98);
	hold(pointer);
}

static void library_data(bool right)
{
	void *block = make_block();
	call_library("library_hold", right ? block : NULL);
}

/* Rightly it stays. */
static void closed_library(bool right)
{
	call_library("library_hold", make_block());
	if (!right)
		dlclose(library);
	if (!right)
		library = NULL;
}

static void library_tls(bool right)
{
	void *block = make_block();
	call_library("library_hold_in_thread", right ? block : NULL);
}

static void *with_library_tls(void *right)
{
	library_tls(right);
	scrub();
	stay();
	return NULL;
}

static void library_thread_tls(bool right)
{
	start(with_library_tls, right, NULL);
}

static void set_specific(bool right, int keys)
{
	pthread_key_t key = 0;
	for (int i = 0; i < keys; i++)
		pthread_key_create(&key, NULL);
	void *block = make_block();
	pthread_setspecific(key, right ? block : NULL);
}

static void specific(bool right)
{
	set_specific(right, 1);
}

/* Beyond the first 32, which lie in the thread's descriptor. */
static void specific_far(bool right)
{
	set_specific(right, 100);
}

static void *with_specific(void *right)
{
	set_specific(right, 1);
	scrub();
	stay();
	return NULL;
}

static void thread_specific(bool right)
{
	start(with_specific, right, NULL);
}

static void *volatile in_bss;
static void *volatile in_data = (void *)1;

static void program_data(bool right)
{
	in_bss = make_block();
	in_data = make_other();
	if (!right)
		in_bss = in_data = NULL;
}

static void hold_in(void *mapping, bool right)
{
	void *volatile *words = mapping;
	if (mapping == MAP_FAILED)
		exit(98);
	words[300] = make_block();
	if (!right)
		words[300] = NULL;
}

static void private_mapping(bool right)
{
	hold_in(map(), right);
}

static void shared_mapping(bool right)
{
	hold_in(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0), right);
}

static void file_mapping(bool right)
{
	int fd = memfd_create("roots", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 8192) != 0)
		exit(98);
	hold_in(mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), right);
}

static void unmapped(bool right)
{
	void *mapping = map();
	hold_in(mapping, true);
	if (!right)
		munmap(mapping, STACK_BYTES);
}

static void *that_ends(void *right)
{
	void *volatile words[2] = { make_block(), NULL };
	of_thread = make_other();
	if (right) {
		free(words[0]);
		free(of_thread);
	}
	return words[1];
}

/* glibc keeps its stack, with all that is written there, for the next thread. */
static void ended_thread(bool right)
{
	pthread_t thread;
	if (pthread_create(&thread, NULL, that_ends, right ? (void *)&never : NULL) != 0)
		exit(98);
	pthread_join(thread, NULL);
}

static const struct leak_case cases[] = {
	{ "exit-caller", exit_caller },
	{ "deep-stack", deep_stack },
	{ "thread-stack", thread_stack },
	{ "mapped-stack", mapped_stack },
	{ "malloced-stack", malloced_stack },
	{ "thread-register", thread_register },
	{ "signal-stack", signal_stack },
	{ "coroutine-stack", coroutine_stack },
	{ "main-tls", main_tls },
	{ "thread-tls", thread_tls },
	{ "library-data", library_data },
	{ "closed-library", closed_library },
	{ "library-tls", library_tls },
	{ "library-thread-tls", library_thread_tls },
	{ "specific", specific },
	{ "specific-far", specific_far },
	{ "thread-specific", thread_specific },
	{ "program-data", program_data },
	{ "private-mapping", private_mapping },
	{ "shared-mapping", shared_mapping },
	{ "file-mapping", file_mapping },
	{ "unmapped", unmapped },
	{ "ended-thread", ended_thread },
	{ NULL, NULL },
};

int main(int argc, char **argv)
{
	static char path[4096];
	ssize_t length = readlink("/proc/self/exe", path, sizeof path - 32);
	char *slash = length > 0 ? strrchr(path, '/') : NULL;
	if (!slash)
		return 98;
	strcpy(slash + 1, "library.so");
	library_path = path;
	return leaks_main(argc, argv, cases);
}
