/* lock.c - see lock.h. */
#include "lib/lock.h"

#include "lib/sys.h"

enum { LOCK_SPINS = 64, LOCK_SLEEP_US = 50 };

uint8_t lock_generation = 1;

AT_COLD void lock_pause(unsigned *tries)
{
	if (++*tries < LOCK_SPINS)
		__builtin_ia32_pause();
	else
		sys_sleep_us(LOCK_SLEEP_US);
}
