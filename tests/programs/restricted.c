/* restricted.c - programs that forbid themselves what the runtime would like to do: the time-stamp
 * counter, or all system calls but a few. Who makes another one is killed. */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "expect.h"

enum { ROUNDS = 30000, LIVE = 200000, THREADS = 8, EACH = 1000 };

static void NOINLINE churn(int rounds, size_t size)
{
	for (int i = 0; i < rounds; i++)
		free(keep(malloc(size)));
	KEEP_FRAME();
}

/* More than a ring holds, so that some of it waits for the collector. */
static void NOINLINE forbid_clock(void)
{
	CHECK(prctl(PR_SET_TSC, PR_TSC_SIGSEGV, 0, 0, 0) == 0);
	churn(ROUNDS, 50053);
	CHECK(prctl(PR_SET_TSC, PR_TSC_ENABLE, 0, 0, 0) == 0);
	churn(ROUNDS, 50053);
	expect("size=50053 allocs=%d frees=%d callers=churn", 2 * ROUNDS, 2 * ROUNDS);
}

static void strict(void)
{
	churn(10, 1013); /* glibc has its memory then */
	expect("size=1013 allocs=%d frees=%d callers=churn", ROUNDS + 10, ROUNDS + 10);
	CHECK(prctl(PR_SET_SECCOMP, SECCOMP_MODE_STRICT) == 0);
	churn(ROUNDS, 1013);
	syscall(SYS_exit, 7);
}

#define ALLOW(name)                                                                                \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##name, 0, 1),                                     \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define LOAD_NUMBER BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))
#define FORBID	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS)
#define ALLOW_FEW   ALLOW(read), ALLOW(write), ALLOW(exit), ALLOW(exit_group), ALLOW(brk)
/* What pthread_create, pthread_join, fork and waitpid need. */
#define ALLOW_THREADS                                                                              \
	ALLOW(mmap), ALLOW(munmap), ALLOW(futex), ALLOW(clone), ALLOW(clone3),                     \
		ALLOW(set_robust_list), ALLOW(rseq), ALLOW(mprotect), ALLOW(madvise),              \
		ALLOW(rt_sigprocmask), ALLOW(wait4), ALLOW(sched_getaffinity), ALLOW(rt_sigaction)

static struct sock_filter few[] = { LOAD_NUMBER, ALLOW_FEW, FORBID };
static struct sock_filter more[] = { LOAD_NUMBER, ALLOW_FEW, ALLOW_THREADS, FORBID };

/* By libc's syscall(), as libseccomp does it; with a question before that changes nothing. */
static void install(struct sock_filter *filter, size_t count)
{
	struct sock_fprog program = { .len = (unsigned short)count, .filter = filter };
	CHECK(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0);
	CHECK(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, NULL) == -1 && errno == EFAULT);
	struct sock_fprog none = { .len = 0, .filter = filter };
	CHECK(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &none) == -1 && errno == EINVAL);
	churn(1, 50069);
	CHECK(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) == 0);
}

static void filtered(void)
{
	static void *live[LIVE];
	install(few, sizeof(few) / sizeof(few[0]));
	for (int i = 0; i < LIVE; i++)
		live[i] = keep(malloc(1019));
	for (int i = 0; i < LIVE; i++)
		free(live[i]);
	churn(ROUNDS, 50069);
	expect("size=1019 allocs=%d frees=%d callers=filtered,main", LIVE, LIVE);
	expect("size=50069 allocs=%d frees=%d callers=churn", ROUNDS + 1, ROUNDS + 1);
}

static void *thread(void *arg)
{
	(void)arg;
	churn(EACH, 50077);
	return NULL;
}

static void filtered_threads(void)
{
	pthread_t threads[THREADS];
	install(more, sizeof(more) / sizeof(more[0]));
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < THREADS; i++)
			CHECK(pthread_create(&threads[i], NULL, thread, NULL) == 0);
		for (int i = 0; i < THREADS; i++)
			CHECK(pthread_join(threads[i], NULL) == 0);
	}
	pid_t child = fork();
	CHECK(child >= 0);
	if (child == 0) {
		churn(EACH, 50087);
		_exit(3);
	}
	int status;
	CHECK(waitpid(child, &status, 0) == child && WEXITSTATUS(status) == 3);
	expect("size=50077 allocs=%d frees=%d threads=%d frames=churn,thread min_depth=3",
	       2 * THREADS * EACH, 2 * THREADS * EACH, 2 * THREADS);
	expect("size=50087 allocs=%d frees=%d processes=1 frames=churn,filtered_threads,main", EACH,
	       EACH);
}

int main(int argc, char **argv)
{
	CHECK(argc == 2);
	if (strcmp(argv[1], "clock") == 0)
		forbid_clock();
	else if (strcmp(argv[1], "strict") == 0)
		strict();
	else if (strcmp(argv[1], "filter") == 0)
		filtered();
	else
		filtered_threads();
	return 0;
}
