/* leak-ends.c - loses a block of 4321 bytes, unless its second argument is "not" (then it is
 * freed), and ends, or goes on, in the way its first argument says. Others that are alive at the
 * end are held by main's caller's own data. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../lib/alloctrace.h"

enum { LOST_BYTES = 4321, KEPT_BYTES = 77 };

static char *kept;
static volatile sig_atomic_t alarms;
static int gives_back;

/* Uses the stack that later calls will not clean. */
__attribute__((noinline)) static void lose(void)
{
	char *volatile p = malloc(LOST_BYTES);
	memset(p, 1, LOST_BYTES);
	if (gives_back)
		free(p);
	p = NULL;
}

__attribute__((noinline)) static void scrub(void)
{
	char room[16384];
	memset(room, 0, sizeof(room));
	__asm__ volatile("" : : "r"(room) : "memory");
}

static void *last(void *main_thread)
{
	pthread_join(*(pthread_t *)main_thread, NULL);
	return NULL;
}

static void end_last_thread(int alone)
{
	static pthread_t self;
	pthread_t other;
	self = pthread_self();
	if (!alone)
		pthread_create(&other, NULL, last, &self);
	pthread_exit(NULL);
}

static void *wait_for_ever(void *p)
{
	static pthread_barrier_t *barrier;
	barrier = p;
	char *volatile own = malloc(KEPT_BYTES); /* held by this stack alone */
	pthread_barrier_wait(barrier);
	for (;;)
		pause();
	return own;
}

static void end_with_threads(void)
{
	static pthread_barrier_t barrier;
	pthread_t thread;
	pthread_barrier_init(&barrier, NULL, 5);
	for (int i = 0; i < 4; i++)
		pthread_create(&thread, NULL, wait_for_ever, &barrier);
	pthread_barrier_wait(&barrier);
	exit(5);
}

static void in_child(pid_t child, int code)
{
	int status;
	if (child == 0)
		return;
	if (waitpid(child, &status, 0) != child || status != code << 8)
		_exit(99);
}

static void on_alarm(int signal)
{
	(void)signal;
	free(malloc(100));
	alarms++;
}

/* Marks, and an end, with a handler that allocates coming in all the time. */
static void storm(void)
{
	const struct itimerval often = { { 0, 200 }, { 0, 200 } };
	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 20; i++)
		alloctrace_mark("here");
	while (alarms < 20)
		free(malloc(10));
	errno = 123;
	alloctrace_mark("here");
	if (errno != 123)
		_exit(98);
	exit(6);
}

static void daemonise(char *path)
{
	if (daemon(1, 1) < 0)
		_exit(97);
	free(malloc(1));
	close(open(path, O_WRONLY)); /* a FIFO: the test knows that the daemon is there */
	exit(7);
}

/* Ends when it is told to. */
static void end_when_told(char *path)
{
	char c;
	int fd = open(path, O_RDONLY);
	if (read(fd, &c, 1) < 0)
		_exit(96);
	exit(8);
}

static void jump_out(void)
{
	_exit(9);
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "return";
	char name[] = "true", *const no_argument[] = { name, NULL };
	const struct rlimit no_core = { 0, 0 };
	setrlimit(RLIMIT_CORE, &no_core);
	gives_back = argc > 2 && strcmp(argv[2], "not") == 0;
	kept = malloc(KEPT_BYTES);
	lose();
	scrub();
	if (strcmp(how, "exit") == 0)
		exit(1);
	if (strcmp(how, "_exit") == 0)
		_exit(2);
	if (strcmp(how, "_Exit") == 0)
		_Exit(3);
	if (strcmp(how, "quick_exit") == 0)
		quick_exit(4);
	if (strcmp(how, "exit_group") == 0)
		syscall(SYS_exit_group, 4);
	if (strcmp(how, "last-thread") == 0 || strcmp(how, "only-thread") == 0)
		end_last_thread(strcmp(how, "only-thread") == 0);
	if (strcmp(how, "threads") == 0)
		end_with_threads();
	if (strcmp(how, "handler") == 0) {
		atexit(jump_out);
		exit(1);
	}
	if (strcmp(how, "abort") == 0)
		abort();
	if (strcmp(how, "segv") == 0)
		*(volatile int *)(kept - (long)kept) = 1;
	if (strcmp(how, "term") == 0)
		raise(SIGTERM);
	if (strcmp(how, "kill") == 0)
		raise(SIGKILL);
	if (strcmp(how, "exec") == 0)
		execv("/bin/true", no_argument);
	if (strcmp(how, "execvp") == 0)
		execvp("true", no_argument);
	if (strcmp(how, "fexecve") == 0)
		fexecve(open("/bin/true", O_RDONLY), no_argument, environ);
	if (strcmp(how, "exec-fails") == 0 &&
	    (execv("/nonexistent", no_argument) != -1 || errno != ENOENT))
		return 95;
	if (strcmp(how, "vfork-exec") == 0) {
		pid_t child = vfork();
		if (child == 0) {
			execv("/bin/true", no_argument);
			_exit(1);
		}
		in_child(child, 0);
	}
	if (strcmp(how, "vfork-exit") == 0) {
		pid_t child = vfork();
		if (child == 0)
			_exit(7);
		in_child(child, 7);
	}
	if (strcmp(how, "fork-idle") == 0) {
		pid_t child = fork();
		if (child == 0)
			_exit(7);
		in_child(child, 7);
	}
	if (strcmp(how, "fork") == 0) {
		pid_t child = fork();
		if (child == 0) {
			lose();
			scrub();
			return 7;
		}
		in_child(child, 7);
	}
	if (strcmp(how, "storm") == 0)
		storm();
	if (strcmp(how, "daemon") == 0)
		daemonise(argv[2]);
	if (strcmp(how, "told") == 0)
		end_when_told(argv[2]);
	if (strcmp(how, "marks") == 0) {
		alloctrace_mark("one");
		alloctrace_mark("two");
		alloctrace_mark("one");
	}
	return 10;
}
