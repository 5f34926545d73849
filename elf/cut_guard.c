/* cut_guard.c - see cut_guard.h. */
#include "elf/cut_guard.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/atomics.h"

enum { GUARDED_MAX = 256 };

/* Written by add and remove, under the lock; read by the handler: the end is set last and cleared
 * first. */
static struct guarded {
	uintptr_t start, end; /* end 0: free */
} guarded[GUARDED_MAX];

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sigaction before;
static bool installed;

static bool is_guarded(uintptr_t address)
{
	for (int i = 0; i < GUARDED_MAX; i++) {
		uintptr_t end = at_load_acquire(&guarded[i].end);
		if (address < end && address >= at_load_relaxed(&guarded[i].start))
			return true;
	}
	return false;
}

/* mmap() is a system call and no more. */
static void put_zeros(int signal, siginfo_t *info, void *context)
{
	int code = errno;
	uintptr_t bytes = (uintptr_t)sysconf(_SC_PAGESIZE),
		  page = (uintptr_t)info->si_addr & ~(bytes - 1);
	(void)context;
	bool sent = info->si_code <= 0;
	if (sent || !is_guarded((uintptr_t)info->si_addr) ||
	    mmap((void *)page, bytes, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		sigaction(signal, &before, NULL); /* the instruction is done again */
	if (sent)
		raise(signal);
	errno = code;
}

static bool install(void)
{
	struct sigaction action = { .sa_sigaction = put_zeros, .sa_flags = SA_SIGINFO };
	sigemptyset(&action.sa_mask);
	if (!installed)
		installed = sigaction(SIGBUS, &action, &before) == 0;
	return installed;
}

bool cut_guard_add(const void *start, size_t bytes)
{
	bool done = false;
	pthread_mutex_lock(&lock);
	for (int i = 0; i < GUARDED_MAX && !done && install(); i++) {
		if (guarded[i].end)
			continue;
		at_store_relaxed(&guarded[i].start, (uintptr_t)start);
		at_store_release(&guarded[i].end, (uintptr_t)start + bytes);
		done = true;
	}
	pthread_mutex_unlock(&lock);
	return done;
}

void cut_guard_remove(const void *start)
{
	pthread_mutex_lock(&lock);
	for (int i = 0; i < GUARDED_MAX; i++)
		if (guarded[i].end && guarded[i].start == (uintptr_t)start)
			at_store_release(&guarded[i].end, (uintptr_t)0);
	pthread_mutex_unlock(&lock);
}
