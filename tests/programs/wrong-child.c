/* wrong-child.c - the child of a fork frees twice, while the loader's lists were locked by a thread of the
 * parent: nobody gives that lock back in the child. Prints what is to be found, as wrong-forms does. */
#pragma GCC diagnostic ignored "-Wuse-after-free" /* what this program is for */
#define _GNU_SOURCE
#include <link.h>
#include <pthread.h>
#include <sys/wait.h>

#include "expect.h"

static int inside[2], go_on[2];

static int hold(struct dl_phdr_info *info, size_t bytes, void *context)
{
	char c = 0;
	(void)info, (void)bytes, (void)context;
	CHECK(write(inside[1], &c, 1) == 1 && read(go_on[0], &c, 1) == 1);
	return 1;
}

static void *thread(void *arg)
{
	dl_iterate_phdr(hold, NULL);
	return arg;
}

static void NOINLINE free_again(void *p)
{
	free(p);
	KEEP_FRAME();
}

int main(void)
{
	pthread_t t;
	char c = 0;
	int status;
	CHECK(pipe(inside) == 0 && pipe(go_on) == 0);
	CHECK(pthread_create(&t, NULL, thread, NULL) == 0 && read(inside[0], &c, 1) == 1);
	void *p = keep(malloc(5701));
	free(p);
	pid_t child = fork();
	if (child == 0) {
		alarm(60);
		free_again(keep(p)); /* the first that the child does */
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child && status == 0);
	CHECK(write(go_on[1], &c, 1) == 1 && pthread_join(t, NULL) == 0);
	printf("wrong class=double role=free made=malloc size=5701 count=1 outcome=swallowed from=free_again\n");
	printf("survived\n");
	return 0;
}
