/* sys.h - system calls without libc: no errno, no cancellation point, no PLT.
 *
 * Inside the traced process. Each returns what the kernel returns: a value, or -errno.
 *
 * Once the program has put a filter on its system calls, none of the named functions makes one: see
 * sys_restrict(). sys_call*() always do; who uses them after the start looks first. */
#ifndef ALLOCTRACE_LIB_SYS_H
#define ALLOCTRACE_LIB_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "base/atomics.h"

static inline long sys_call6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;
	long ret;
	__asm__ volatile("syscall"
			 : "=a"(ret)
			 : "a"(nr), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return ret;
}

#define sys_call0(nr)		  sys_call6((nr), 0, 0, 0, 0, 0, 0)
#define sys_call1(nr, a)	  sys_call6((nr), (long)(a), 0, 0, 0, 0, 0)
#define sys_call2(nr, a, b)	  sys_call6((nr), (long)(a), (long)(b), 0, 0, 0, 0)
#define sys_call3(nr, a, b, c)	  sys_call6((nr), (long)(a), (long)(b), (long)(c), 0, 0, 0)
#define sys_call4(nr, a, b, c, d) sys_call6((nr), (long)(a), (long)(b), (long)(c), (long)(d), 0, 0)

/* True for a pointer-sized result that is really -errno. */
static inline int sys_failed(long result)
{
	return (unsigned long)result > -4096ul;
}

/* From here on no system calls: takes a reserve of memory for the block table and for threads, from
 * which the functions below are served then. Waiting is spinning, time goes by as one waits, no
 * file can be opened. Calls nest; sys_unrestrict() ends one. */
void sys_restrict(void);
void sys_unrestrict(void);

extern uint32_t sys_restrictions;

static inline bool sys_is_restricted(void)
{
	return at_load_relaxed(&sys_restrictions) != 0;
}

uint32_t sys_getpid(void);
uint32_t sys_gettid(void);
/* The process is a new one: the child of a fork. */
void sys_forked(void);

/* Anonymous private memory, zeroed, not reserved in swap; NULL when there is none. */
void *sys_map_anonymous(size_t bytes);
/* The same, and the child of a fork finds zeros there; NULL also before Linux 4.14. */
void *sys_map_wiped_on_fork(size_t bytes);
void sys_unmap(void *p, size_t bytes);
/* What the two have given and sys_unmap() has not taken back, as ranges of wire/memory_tables.h;
 * for who looks from outside. What does not fit in is not in it. */
extern uint64_t sys_own_memory[];
void sys_sleep_us(unsigned us);
/* Blocks the signals of this thread, also those that libc keeps for itself, but not those that an
 * instruction raises: blocked, they would kill. Then restores what was before. Both or neither:
 * a filter on system calls may come from another thread in between. */
struct sys_signals {
	uint64_t blocked;
	bool changed;
};

struct sys_signals sys_block_signals(void);
void sys_restore_signals(const struct sys_signals *before);
uint64_t sys_monotonic_ns(void);
/* Opens for reading, close-on-exec. */
long sys_open(const char *path);
long sys_read(long fd, void *buf, size_t bytes);
void sys_close(long fd);

#endif
