/* sys.c - see sys.h. */
#include "lib/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/time_types.h>
#include <signal.h>
#include <sys/mman.h>
#include <time.h>

#include "wire/memory_tables.h"

enum { SYS_PAGE = 4096 };

/* What is set aside before system calls are filtered. */
enum {
	RESERVE_BYTES = 256 << 20,
	RESERVE_LEAST_BYTES = 4 << 20,
	RESERVE_FOR_THREADS_BYTES = 16 << 20,
	PAUSES_PER_US = 20,
};

struct reserve {
	char *start;
	size_t bytes, used;
};

uint32_t sys_restrictions;

static struct reserve reserve, wiped_reserve;
static uint32_t known_pid;
/* Where glibc keeps a thread's number, from its thread pointer; 0: not found. */
static uint32_t tid_offset;
static uint64_t waited_ns;

static void *take_reserve(struct reserve *r, size_t bytes)
{
	bytes = (bytes + SYS_PAGE - 1) & ~(size_t)(SYS_PAGE - 1);
	size_t at = at_add_relaxed(&r->used, bytes);
	return r->start && at + bytes <= r->bytes ? r->start + at : NULL;
}

static const char *thread_pointer(void)
{
	const char *p;
	__asm__("mov %%fs:0, %0" : "=r"(p));
	return p;
}

static uint32_t read_tid(void)
{
	uint32_t tid;
	__builtin_memcpy(&tid, thread_pointer() + tid_offset, sizeof(tid));
	return tid;
}

static void find_tid_offset(uint32_t tid)
{
	enum { FIRST = 704, LAST = 800 }; /* 720 in glibc 2.3 to 2.41 */
	for (tid_offset = FIRST; tid_offset <= LAST; tid_offset += 4)
		if (read_tid() == tid)
			return;
	tid_offset = 0;
}

static void make_reserve(void)
{
	size_t bytes = RESERVE_BYTES;
	while (!reserve.start && bytes >= RESERVE_LEAST_BYTES) {
		reserve.start = sys_map_anonymous(bytes);
		reserve.bytes = bytes;
		bytes /= 2;
	}
	wiped_reserve.start = sys_map_wiped_on_fork(RESERVE_FOR_THREADS_BYTES);
	wiped_reserve.bytes = RESERVE_FOR_THREADS_BYTES;
}

void sys_restrict(void)
{
	if (!sys_is_restricted()) {
		if (!reserve.start)
			make_reserve();
		known_pid = sys_getpid();
		find_tid_offset(sys_gettid());
	}
	at_add_relaxed(&sys_restrictions, 1u);
}

void sys_unrestrict(void)
{
	at_add_relaxed(&sys_restrictions, (uint32_t)-1);
}

void sys_forked(void)
{
	if (sys_is_restricted())
		known_pid = sys_gettid();
}

uint32_t sys_getpid(void)
{
	return sys_is_restricted() ? known_pid : (uint32_t)sys_call0(SYS_getpid);
}

uint32_t sys_gettid(void)
{
	if (!sys_is_restricted())
		return (uint32_t)sys_call0(SYS_gettid);
	return tid_offset ? read_tid() : known_pid;
}

/* ---- what is the runtime's own ---- */

uint64_t sys_own_memory[OWN_MEMORY_MAX];

/* Mostly next to what was mapped before. */
static void own_add(uint64_t page, uint64_t end)
{
	for (unsigned i = 0; i < OWN_MEMORY_MAX; i++) {
		uint64_t seen = at_load_relaxed(&sys_own_memory[i]), low = page, high = end;
		if (seen && memory_range_first(seen) == end)
			high = memory_range_end(seen);
		else if (seen && memory_range_end(seen) == page)
			low = memory_range_first(seen);
		else if (seen)
			continue;
		if (at_cas_acq_rel(&sys_own_memory[i], &seen, memory_range_make(low, high - low)))
			return;
	}
}

static void own_remove(uint64_t page, uint64_t end)
{
	for (unsigned i = 0; i < OWN_MEMORY_MAX; i++) {
		uint64_t seen = at_load_relaxed(&sys_own_memory[i]);
		uint64_t low = memory_range_first(seen), high = memory_range_end(seen);
		if (!seen || low >= end || high <= page)
			continue;
		uint64_t below = low < page ? memory_range_make(low, page - low) : 0;
		if (at_cas_acq_rel(&sys_own_memory[i], &seen, below) && high > end)
			own_add(end, high);
	}
}

static uint64_t end_page(uint64_t address)
{
	return (address + SYS_PAGE - 1) / SYS_PAGE;
}

void *sys_map_anonymous(size_t bytes)
{
	if (sys_is_restricted())
		return take_reserve(&reserve, bytes);
	long p = sys_call6(SYS_mmap, 0, (long)bytes, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (sys_failed(p))
		return NULL;
	own_add((uint64_t)p / SYS_PAGE, end_page((uint64_t)p + bytes));
	return (void *)p;
}

void *sys_map_wiped_on_fork(size_t bytes)
{
	size_t pages = (bytes + SYS_PAGE - 1) & ~(size_t)(SYS_PAGE - 1);
	if (sys_is_restricted())
		return take_reserve(&wiped_reserve, pages);
	void *p = sys_map_anonymous(pages);
	if (p && sys_failed(sys_call3(SYS_madvise, p, pages, MADV_WIPEONFORK))) {
		sys_unmap(p, pages);
		p = NULL;
	}
	return p;
}

void sys_unmap(void *p, size_t bytes)
{
	if (sys_is_restricted())
		return;
	own_remove((uintptr_t)p / SYS_PAGE, end_page((uintptr_t)p + bytes));
	sys_call2(SYS_munmap, p, bytes);
}

void sys_sleep_us(unsigned us)
{
	struct __kernel_timespec ts = { us / 1000000, (long)(us % 1000000) * 1000 };
	if (!sys_is_restricted()) {
		sys_call4(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &ts, 0);
		return;
	}
	for (unsigned i = 0; i < us * PAUSES_PER_US; i++)
		__builtin_ia32_pause();
	at_add_relaxed(&waited_ns, (uint64_t)us * 1000);
}

#define SIGNAL_BIT(number) (UINT64_C(1) << ((number)-1))
#define RAISED_BY_INSTRUCTIONS                                                                     \
	(SIGNAL_BIT(SIGTRAP) | SIGNAL_BIT(SIGSEGV) | SIGNAL_BIT(SIGBUS) | SIGNAL_BIT(SIGILL) |     \
	 SIGNAL_BIT(SIGFPE) | SIGNAL_BIT(SIGSYS))

struct sys_signals sys_block_signals(void)
{
	uint64_t others = ~RAISED_BY_INSTRUCTIONS;
	struct sys_signals before = { .changed = !sys_is_restricted() };
	if (before.changed)
		sys_call4(SYS_rt_sigprocmask, SIG_BLOCK, &others, &before.blocked, sizeof(others));
	return before;
}

void sys_restore_signals(const struct sys_signals *before)
{
	const uint64_t *blocked = &before->blocked;
	if (before->changed)
		sys_call4(SYS_rt_sigprocmask, SIG_SETMASK, blocked, 0, sizeof(*blocked));
}

uint64_t sys_monotonic_ns(void)
{
	struct __kernel_timespec ts = { 0, 0 };
	if (sys_is_restricted())
		return 1 + at_load_relaxed(&waited_ns);
	sys_call2(SYS_clock_gettime, CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

long sys_open(const char *path)
{
	if (sys_is_restricted())
		return -EPERM;
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
