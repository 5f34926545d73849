/* leak_api.c - leaks in scopes, as alloctrace_leak_check() tells them; prints a line for each
 *check: what it is, whether it was looked, blocks definitely, indirectly, possibly lost and
 *reachable.
 *
 *	leak_api [lsan]   by alloctrace.h's names, or by LeakSanitizer's */
#define ALLOCTRACE_LSAN_DEFAULT_SUPPRESSIONS
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/alloctrace-lsan.h"

struct node {
	struct node *next;
	char data[40];
};

static struct node *volatile kept;
static void *volatile lost;

const char *__lsan_default_suppressions(void)
{
	return "# what the test knows\nleak:known_leak\n\nno such kind:x\n";
}

/* Takes the stale words off the stack that a returned function has left. */
static __attribute__((noinline)) void wipe(void)
{
	volatile char stale[16384];
	for (size_t i = 0; i < sizeof(stale); i++)
		stale[i] = 0;
}

static __attribute__((noinline)) void leak(int count, size_t bytes)
{
	for (int i = 0; i < count; i++)
		lost = malloc(bytes);
	lost = NULL;
}

static __attribute__((noinline)) void known_leak(void)
{
	leak(4, 32);
	__asm__ volatile(""); /* no jump: its frame stays */
}

static __attribute__((noinline)) void leak_list(int count)
{
	struct node *list = NULL;
	for (int i = 0; i < count; i++) {
		struct node *node = malloc(sizeof(*node));
		node->next = list;
		list = node;
	}
	lost = list;
	lost = NULL;
}

static __attribute__((noinline)) void leak_ignored(void)
{
	struct node *node = malloc(sizeof(*node));
	node->next = malloc(sizeof(*node));
	node->next->next = NULL;
	alloctrace_ignore_block(node);
}

static void *in_thread(void *unused)
{
	leak(3, 24);
	wipe();
	return unused;
}

static void check(const char *what)
{
	struct alloctrace_leaks l;
	wipe();
	int looked = alloctrace_leak_check(&l);
	printf("%s: %d %llu+%llu+%llu+%llu\n", what, looked, l.definite_blocks, l.indirect_blocks,
	       l.possible_blocks, l.reachable_blocks);
}

static void scopes(void)
{
	leak(7, 16);
	alloctrace_scope_begin("outer");
	leak(2, 100);
	check("outer");
	alloctrace_scope_begin("inner");
	check("nothing yet");
	leak_list(3);
	kept = calloc(1, sizeof(*kept));
	check("inner");
	free((void *)kept);
	kept = NULL;
	check("given back");
	alloctrace_scope_end("inner");
	check("outer again");
	alloctrace_scope_end("outer");
}

static void threads(void)
{
	pthread_t thread;
	pthread_create(&thread, NULL, in_thread,
		       NULL); /* its stack and TLS stay, in libc's cache */
	pthread_join(thread, NULL);
	alloctrace_scope_begin("thread");
	pthread_create(&thread, NULL, in_thread, NULL);
	pthread_join(thread, NULL);
	check("another thread's");
	alloctrace_scope_end("thread");
}

static void regions(void)
{
	struct node **page =
		mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	alloctrace_scope_begin("region");
	*page = calloc(1, sizeof(**page));
	/* Where pointers are not looked for. */
	mprotect(page, 4096, PROT_READ);
	check("pointed to from a read-only page");
	alloctrace_root_region(page, 4096);
	check("that is a root region");
	alloctrace_root_region_unregister(page, 4096);
	check("no more");
	alloctrace_scope_end("region");
}

static void forked(void)
{
	fflush(stdout);
	pid_t child = fork();
	if (!child) {
		alloctrace_scope_begin("child");
		leak(6, 40);
		check("child");
		alloctrace_scope_end("child");
		fflush(stdout);
		_exit(0);
	}
	waitpid(child, NULL, 0);
}

static void ignored(void)
{
	alloctrace_scope_begin("ignored");
	leak_ignored();
	check("ignored, and what it points to");
	alloctrace_scope_end("ignored");
	alloctrace_scope_begin("disabled");
	alloctrace_leaks_disable();
	leak(2, 33);
	lost = malloc(35); /* its free names it rightly */
	free(lost);
	lost = NULL;
	alloctrace_leaks_disable();
	leak(2, 33);
	alloctrace_leaks_enable();
	leak(2, 33);
	alloctrace_leaks_enable();
	alloctrace_leaks_enable();
	check("disabled");
	leak(2, 34);
	check("enabled");
	alloctrace_scope_end("disabled");
}

static void by_lsan_names(void)
{
	alloctrace_scope_begin("lsan");
	printf("recoverable: %d\n", __lsan_do_recoverable_leak_check());
	struct node *node = calloc(1, sizeof(*node));
	__lsan_ignore_object(node);
	node = NULL;
	wipe();
	printf("ignored: %d\n", __lsan_do_recoverable_leak_check());
	__lsan_disable();
	leak(1, 10);
	__lsan_enable();
	wipe();
	printf("disabled: %d\n", __lsan_do_recoverable_leak_check());
	leak(1, 10);
	wipe();
	printf("lost: %d\n", __lsan_do_recoverable_leak_check());
	__lsan_do_leak_check();
	alloctrace_scope_end("lsan");
}

/* The 17th is one too many to know. */
static void deep(int depth)
{
	char name[16];
	snprintf(name, sizeof(name), "%d", depth);
	alloctrace_scope_begin(name);
	if (depth < 16)
		deep(depth + 1);
	else
		check("too deep");
	alloctrace_scope_end(name);
	if (depth == 16)
		check("not too deep");
}

int main(int argc, char **argv)
{
	static char buffer[4096];
	setvbuf(stdout, buffer, _IOFBF, sizeof(buffer)); /* no block of libc's */
	if (argc > 1 && strcmp(argv[1], "lsan") == 0) {
		by_lsan_names();
		return 0;
	}
	scopes();
	threads();
	regions();
	ignored();
	forked();
	deep(0);
	known_leak();
	return 5;
}
