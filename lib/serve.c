/* serve.c - see serve.h. */
#include "lib/serve.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/uio.h>
#include <time.h>

#include "base/atomics.h"
#include "lib/serve_stop.h"
#include "lib/sys.h"

struct serving {
	struct session_serve *serve;
	long memory_fd, maps_fd; /* negative: not open */
	bool has_begun;
};

static uint64_t begin(struct serving *s)
{
	long code = s->has_begun ? -EALREADY : serve_stop_begin(s->serve);
	if (code < 0)
		return (uint64_t)-code;
	s->has_begun = true;
	/* Opened after the others stand, so that none of them has it. This thread's, because the
	 * process has none of them when its first thread has ended alone. */
	s->memory_fd = sys_open("/proc/thread-self/mem");
	s->maps_fd = sys_open("/proc/thread-self/maps");
	return 0;
}

static uint64_t read_memory(const struct serving *s, uint64_t at, uint64_t bytes)
{
	struct session_serve *serve = s->serve;
	if (bytes > SERVE_WINDOW_BYTES)
		return 0;
	if (s->memory_fd >= 0) {
		long got = sys_call4(SYS_pread64, s->memory_fd, serve->window, bytes, at);
		return got < 0 ? 0 : (uint64_t)got;
	}
	struct iovec to = { serve->window, bytes }, from = { (void *)(uintptr_t)at, bytes };
	long got = sys_call6(SYS_process_vm_readv, sys_call0(SYS_getpid), (long)&to, 1, (long)&from,
			     1, 0);
	return got < 0 ? 0 : (uint64_t)got;
}

static uint64_t read_maps(const struct serving *s)
{
	long got = s->maps_fd < 0 ? 0 : sys_read(s->maps_fd, s->serve->window, SERVE_WINDOW_BYTES);
	return got < 0 ? 0 : (uint64_t)got;
}

static void answer(struct serving *s)
{
	struct session_serve *serve = s->serve;
	uint64_t at = serve->at, bytes = serve->bytes;
	switch (serve->command) {
	case SERVE_BEGIN:
		serve->answer = begin(s);
		break;
	case SERVE_READ:
		serve->answer = read_memory(s, at, bytes);
		break;
	case SERVE_MAPS:
		serve->answer = read_maps(s);
		break;
	default:
		serve->answer = 0;
		break;
	}
	at_store_release(&serve->turn, (uint32_t)SERVE_ANSWERED);
	sys_call3(SYS_futex, &serve->turn, FUTEX_WAKE, 1);
}

static void end(struct serving *s)
{
	if (s->memory_fd >= 0)
		sys_close(s->memory_fd);
	if (s->maps_fd >= 0)
		sys_close(s->maps_fd);
	if (s->has_begun)
		serve_stop_end(s->serve);
}

/* What may make no system call can do nothing but say so. */
static bool refuse(const struct session_scan *scan, struct session_serve *serve,
		   bool (*tool_lives)(void *context, uint64_t slept_us), void *context)
{
	while (at_load_acquire(&scan->state) == SCAN_SERVE) {
		if (at_load_acquire(&serve->turn) == SERVE_ASKED) {
			serve->answer = EPERM;
			at_store_release(&serve->turn, (uint32_t)SERVE_ANSWERED);
		}
		sys_sleep_us(SERVE_RESTRICTED_SLICE_US);
		if (!tool_lives(context, SERVE_RESTRICTED_SLICE_US))
			return false;
	}
	return true;
}

bool serve_run(const struct session_scan *scan, struct session_serve *serve,
	       bool (*tool_lives)(void *context, uint64_t slept_us), void *context)
{
	const struct timespec slice = { 0, SERVE_SLICE_US * 1000L };
	struct serving serving = { .serve = serve, .memory_fd = -1, .maps_fd = -1 };
	uint64_t slept_us = 0;
	bool is_served = true;
	if (sys_is_restricted())
		return refuse(scan, serve, tool_lives, context);
	for (;;) {
		/* First the turn: the tool changes it after the state. */
		uint32_t turn = at_load_acquire(&serve->turn);
		if (at_load_acquire(&scan->state) != SCAN_SERVE)
			break;
		is_served = tool_lives(context, slept_us);
		if (!is_served)
			break;
		slept_us = 0;
		if (turn == SERVE_ASKED)
			answer(&serving);
		else if (sys_call4(SYS_futex, &serve->turn, FUTEX_WAIT, turn, &slice) == -ETIMEDOUT)
			slept_us = SERVE_SLICE_US;
	}
	end(&serving);
	return is_served;
}
