/* sys.c - see sys.h. */
#include "lib/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/time_types.h>
#include <sys/mman.h>
#include <time.h>

enum { SYS_PAGE = 4096 };

void *sys_map_anonymous(size_t bytes)
{
	long p = sys_call6(SYS_mmap, 0, (long)bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	return sys_failed(p) ? NULL : (void *)p;
}

void *sys_map_wiped_on_fork(size_t bytes)
{
	size_t pages = (bytes + SYS_PAGE - 1) & ~(size_t)(SYS_PAGE - 1);
	void *p = sys_map_anonymous(pages);
	if (p && sys_failed(sys_call3(SYS_madvise, p, pages, MADV_WIPEONFORK))) {
		sys_call2(SYS_munmap, p, pages);
		p = NULL;
	}
	return p;
}

void sys_sleep_us(unsigned us)
{
	struct __kernel_timespec ts = { us / 1000000, (long)(us % 1000000) * 1000 };
	sys_call4(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &ts, 0);
}

uint64_t sys_monotonic_ns(void)
{
	struct __kernel_timespec ts = { 0, 0 };
	sys_call2(SYS_clock_gettime, CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

long sys_open(const char *path)
{
	return sys_call4(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC, 0);
}

long sys_read(long fd, void *buf, size_t bytes)
{
	long n;
	do
		n = sys_call3(SYS_read, fd, buf, bytes);
	while (n == -EINTR);
	return n;
}

void sys_close(long fd)
{
	sys_call1(SYS_close, fd);
}
