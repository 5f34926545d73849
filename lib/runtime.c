/* runtime.c - see runtime.h. */
#include "lib/runtime.h"

#include <stdint.h>

#include "base/atomics.h"
#include "lib/lock.h"
#include "lib/modules.h"
#include "lib/real.h"
#include "lib/participant.h"
#include "lib/sys.h"

enum runtime_state {
	RUNTIME_NEW = 0,
	RUNTIME_STARTING = 1,
	RUNTIME_ON = 2,
	RUNTIME_OFF = 3,
};

static uint32_t state; /* enum runtime_state */
static uint32_t starting_tid;

/* Whose malloc the program calls. */
static uint32_t backend_module_id(void)
{
	bool ignored;
	return modules[modules_find((uintptr_t)real_function(ROLE_MALLOC), &ignored)].id;
}

static void start(void)
{
	real_resolve();
	bool on = session_connect();
	if (on) {
		session.process->backend_module_plus_1 = backend_module_id() + 1;
		session_ready();
	}
	at_store_release(&state, (uint32_t)(on ? RUNTIME_ON : RUNTIME_OFF));
}

bool runtime_start(void)
{
	uint32_t seen = at_load_acquire(&state);
	if (seen == RUNTIME_NEW && at_cas_acq_rel(&state, &seen, RUNTIME_STARTING)) {
		at_store_relaxed(&starting_tid, sys_gettid());
		start();
	} else if (seen == RUNTIME_STARTING && at_load_relaxed(&starting_tid) != sys_gettid()) {
		/* A second thread while the first starts: it may not have a backend yet. */
		while (at_load_acquire(&state) == RUNTIME_STARTING)
			sys_sleep_us(50);
	}
	return at_load_acquire(&state) == RUNTIME_ON;
}

bool runtime_is_off(void)
{
	return at_load_acquire(&state) == RUNTIME_OFF;
}

bool runtime_forked(void)
{
	if (++lock_generation == 0)
		lock_generation = 1;
	modules_forked();
	bool on = session_forked();
	if (on)
		session_ready();
	else
		at_store_release(&state, (uint32_t)RUNTIME_OFF);
	return on;
}

static __attribute__((constructor)) void start_early(void)
{
	runtime_start();
}
