/* lock.c - see lock.h. */
#include "lib/lock.h"

#include "lib/sys.h"

enum {
	LOCK_SPINS = 64,
	LOCK_SLEEP_US = 50,
	LOCK_LONG = LOCK_SPINS + 200,	/* tries: some 20 ms */
	LOCK_DOUBT = LOCK_SPINS + 2000, /* some 200 ms */
};

uint8_t lock_generation = 1;

extern char __libc_single_threaded __attribute__((weak));
static const char several_threads;
const char *lock_single_threaded = &several_threads;

static struct lock_holder nobody;

__thread struct lock_holder *lock_self __attribute__((tls_model("initial-exec"))) = &nobody;

void (*lock_waits_long)(uint8_t *lock);

void lock_init(void)
{
	if (&__libc_single_threaded)
		lock_single_threaded = &__libc_single_threaded;
}

AT_COLD void lock_wait(uint8_t *lock)
{
	for (unsigned tries = 1; !lock_try(lock); tries++) {
		if (tries < LOCK_SPINS) {
			__builtin_ia32_pause();
			continue;
		}
		if (tries % LOCK_LONG == 0 && lock_waits_long)
			lock_waits_long(lock);
		sys_sleep_us(LOCK_SLEEP_US);
	}
}

/* A lock that the holder wanted and may have just got. Others hold it for so short a time that one
 * sees it free, or in the hands of somebody else; if not, it is the holder's. */
static bool is_taken_by_nobody_else(uint8_t *lock, bool (*is_others)(const uint8_t *lock))
{
	for (unsigned tries = 0; tries < LOCK_DOUBT; tries++) {
		if (at_load_acquire(lock) != lock_generation || is_others(lock))
			return false;
		if (tries < LOCK_SPINS)
			__builtin_ia32_pause();
		else
			sys_sleep_us(LOCK_SLEEP_US);
	}
	return true;
}

/* This may itself be left by longjmp at any place: as long as the lock is not given back, `wanted`
 * says that there is a doubt. */
static void abandon_rank(struct lock_holder *gone, unsigned rank,
			 bool (*is_others)(const uint8_t *lock))
{
	uint8_t *held = at_load_acquire(&gone->held[rank]);
	uint8_t *wanted = at_load_relaxed(&gone->wanted[rank]);
	uint8_t *none = NULL;
	if (held) {
		/* Two that wait may both have noticed: one of them does it. */
		uint8_t *seen = held;
		if (at_cas_acq_rel(&gone->held[rank], &seen, none))
			at_store_release(held, (uint8_t)0);
	} else if (wanted && is_taken_by_nobody_else(wanted, is_others)) {
		at_store_release(wanted, (uint8_t)0);
	}
	at_cas_acq_rel(&gone->wanted[rank], &wanted, none);
}

AT_COLD void lock_abandon(struct lock_holder *gone, bool (*is_others)(const uint8_t *lock))
{
	for (unsigned rank = LOCK_RANKS; rank-- > 0;)
		abandon_rank(gone, rank, is_others);
}
