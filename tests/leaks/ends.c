/* ends.c - a block that is lost, one that is held, and each way in which a process ends, or becomes
 * two. Rightly the one that would be lost is freed. */
#define _GNU_SOURCE
#include "leaks.h"

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

static void *volatile held;
static bool right_later;

static APART void *make_lost(void)
{
	return malloc(100);
}

static APART void *make_held(void)
{
	return malloc(60);
}

static APART void lose(bool right)
{
	void *lost = make_lost();
	held = make_held();
	if (right)
		free(lost);
}

static void begin(bool right)
{
	lose(right);
	scrub();
}

static void by_return(bool right)
{
	begin(right);
}

static void by_exit(bool right)
{
	begin(right);
	exit(3);
}

static void by__exit(bool right)
{
	begin(right);
	_exit(4);
}

static void at_quick_exit_hold(void)
{
	free(held);
	held = NULL;
}

static void by_quick_exit(bool right)
{
	begin(right);
	at_quick_exit(at_quick_exit_hold);
	quick_exit(5);
}

static void by_abort(bool right)
{
	begin(right);
	abort();
}

static void by_segv(bool right)
{
	begin(right);
	volatile int *volatile nowhere = NULL;
	*nowhere = 1;
}

static void by_kill(bool right)
{
	begin(right);
	kill(getpid(), SIGKILL);
}

static void by_term(bool right)
{
	begin(right);
	raise(SIGTERM);
}

static void leave(int number)
{
	exit(number);
}

static void by_handler(bool right)
{
	begin(right);
	signal(SIGTERM, leave);
	raise(SIGTERM);
}

static void *that_is_last(void *main_thread)
{
	pthread_join(*(pthread_t *)main_thread, NULL);
	begin(right_later);
	return NULL;
}

static void by_last_thread(bool right)
{
	static pthread_t self;
	pthread_t thread;
	self = pthread_self();
	right_later = right;
	if (pthread_create(&thread, NULL, that_is_last, &self) != 0)
		exit(98);
	pthread_detach(thread);
	pthread_exit(NULL);
}

static void *that_exits(void *unused)
{
	begin(right_later);
	exit(unused ? 1 : 0);
}

static void by_other_thread(bool right)
{
	pthread_t thread;
	right_later = right;
	if (pthread_create(&thread, NULL, that_exits, NULL) != 0)
		exit(98);
	for (;;)
		pause();
}

static void by_exec(bool right)
{
	begin(right);
	execl("/proc/self/exe", "ends", "after-exec", right ? "right" : NULL, NULL);
	_exit(98);
}

static APART void *make_after_exec(void)
{
	return malloc(72);
}

static void after_exec(bool right)
{
	void *lost = make_after_exec();
	if (right)
		free(lost);
}

static void wait_for(pid_t child)
{
	int status;
	if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status) ||
	    WEXITSTATUS(status) == 98)
		exit(98);
}

/* The child ends with what it has inherited: that is the parent's. */
static void fork_later(bool right)
{
	begin(right);
	pid_t child = fork();
	if (child == 0)
		exit(0);
	wait_for(child);
}

static APART void *make_in_child(void)
{
	return malloc(44);
}

static APART void lose_in_child(bool right)
{
	void *lost = make_in_child();
	if (right)
		free(lost);
}

static void fork_first(bool right)
{
	held = make_held();
	pid_t child = fork();
	if (child == 0) {
		lose_in_child(right);
		scrub();
		exit(0);
	}
	wait_for(child);
}

/* What was held is lost by the child alone, which only has a copy: nothing is told. */
static void forget_in_child(bool right)
{
	held = make_held();
	pid_t child = fork();
	if (child == 0) {
		if (!right)
			held = NULL;
		exit(0);
	}
	wait_for(child);
}

static void by_vfork(bool right)
{
	begin(right);
	pid_t child = vfork();
	if (child == 0)
		_exit(0);
	wait_for(child);
}

static void by_daemon(bool right)
{
	held = make_held();
	if (daemon(1, 1) != 0)
		exit(98);
	lose_in_child(right);
}

static APART void *make_in_handler(void)
{
	return malloc(52);
}

static void free_held(void)
{
	free(held);
	held = NULL;
	void *lost = make_in_handler();
	if (right_later)
		free(lost);
}

static void in_exit_handler(bool right)
{
	held = make_held();
	right_later = right;
	atexit(free_held);
}

static APART void *make_early(void)
{
	return malloc(28);
}

static void *volatile early;

__attribute__((constructor)) static void before_main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "before-main") == 0)
		early = make_early();
}

static void forget_early(bool right)
{
	if (!right)
		early = NULL;
}

static const struct leak_case cases[] = {
	{ "return", by_return },
	{ "exit", by_exit },
	{ "_exit", by__exit },
	{ "quick_exit", by_quick_exit },
	{ "abort", by_abort },
	{ "segv", by_segv },
	{ "kill", by_kill },
	{ "term", by_term },
	{ "handler", by_handler },
	{ "last-thread", by_last_thread },
	{ "other-thread", by_other_thread },
	{ "exec", by_exec },
	{ "after-exec", after_exec },
	{ "fork-later", fork_later },
	{ "fork-first", fork_first },
	{ "forget-in-child", forget_in_child },
	{ "vfork", by_vfork },
	{ "daemon", by_daemon },
	{ "in-exit-handler", in_exit_handler },
	{ "before-main", forget_early },
	{ NULL, NULL },
};

int main(int argc, char **argv)
{
	return leaks_main(argc, argv, cases);
}
