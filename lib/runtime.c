/* runtime.c - see runtime.h. */
#include "lib/runtime.h"

#include <stdint.h>

#include "base/atomics.h"
#include "lib/alone.h"
#include "lib/blocks.h"
#include "lib/crash.h"
#include "lib/inline_patch.h"
#include "lib/lock.h"
#include "lib/modules.h"
#include "lib/participant.h"
#include "lib/points.h"
#include "lib/real.h"
#include "lib/root_regions.h"
#include "lib/say.h"
#include "lib/split.h"
#include "lib/sys.h"
#include "lib/tell_here.h"

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
	return modules[modules_find((uintptr_t)real_addresses[ROLE_MALLOC], &ignored)].id;
}

/* In memory that the kernel wipes in a child. A process that starts after a fork finds MARK_WIPED,
 * also when the thread that forked had not called a hook before. */
enum mark { MARK_WIPED = 0, MARK_FORKING = 1, MARK_SET = 2 };

static uint32_t *process_mark; /* enum mark; NULL while the runtime is not on */

static bool make_process_mark(void)
{
	process_mark = sys_map_wiped_on_fork(sizeof(*process_mark));
	if (process_mark)
		*process_mark = MARK_SET;
	return process_mark != NULL;
}

static bool join(void)
{
	enum session_joining joining = session_connect();
	return joining == SESSION_JOINED || (joining != SESSION_NOT_WANTED &&
					     alone_start(joining == SESSION_DEAD));
}

static void start(void)
{
	lock_init();
	say_init();
	real_resolve();
	bool on = make_process_mark() && join();
	if (on && session_is_left_alone()) {
		session.process->backend_module_plus_1 = backend_module_id() + 1;
	} else if (on) {
		session.process->backend_module_plus_1 = backend_module_id() + 1;
		struct sys_signals before = sys_block_signals();
		modules_note_loaded();
		points_hook_new();
		split_find();
		crash_install();
		session.process->block_roots = (uintptr_t)blocks_memory();
		session.process->memory_tables = (uintptr_t)memory_tables();
		sys_restore_signals(&before);
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

static void forked(void)
{
	sys_forked();
	lock_forget_owners();
	crash_forked();
	if (!session_forked()) {
		at_store_release(&state, (uint32_t)RUNTIME_OFF);
		return;
	}
	modules_forked();
	tell_forked();
	session_ready();
}

/* No signal may come in between: a handler's event would wait for what its own thread has begun, and
 * one that left by longjmp would leave it so. */
static void join_as_child(void)
{
	struct sys_signals before = sys_block_signals();
	uint32_t seen = MARK_WIPED;
	if (at_cas_acq_rel(process_mark, &seen, (uint32_t)MARK_FORKING)) {
		forked();
		at_store_release(process_mark, (uint32_t)MARK_SET);
	}
	sys_restore_signals(&before);
}

bool runtime_may_record(void)
{
	if (at_load_relaxed(process_mark) == MARK_WIPED)
		join_as_child();
	while (at_load_acquire(process_mark) != MARK_SET)
		sys_sleep_us(50);
	return !runtime_is_off() && sys_getpid() == session.pid;
}

bool runtime_is_of_this_process(void)
{
	return at_load_acquire(&state) == RUNTIME_ON && at_load_acquire(process_mark) == MARK_SET &&
	       sys_getpid() == session.pid;
}

/* What was loaded meanwhile and had no part in a stack. A child of fork that has no record of its own
 * has nothing to tell. */
static __attribute__((destructor)) void finish(void)
{
	if (at_load_acquire(&state) != RUNTIME_ON || at_load_acquire(process_mark) != MARK_SET ||
	    at_load_relaxed(&session.header->state) == SESSION_ENDED)
		return;
	struct sys_signals before = sys_block_signals();
	if (session_is_left_alone())
		tell_end();
	else
		modules_note_loaded();
	sys_restore_signals(&before);
}

/* pthread_atfork()'s part of libc.so; absent in musl. */
extern int __register_atfork(void (*)(void), void (*)(void), void (*)(void), void *)
	__attribute__((weak));

static __attribute__((constructor)) void start_early(void)
{
	runtime_start();
	if (__register_atfork) /* not in start(), which a caller of malloc may have its lock in */
		__register_atfork(inline_patch_fork_begins, inline_patch_fork_ended,
				  inline_patch_fork_is_child, NULL);
}
