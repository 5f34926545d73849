/* api.c - the runtime's side of alloctrace.h.
 *
 * Inside the traced process; called by the program, not from hooks. */
#include "base/atomics.h"
#include "lib/leak_point.h"
#include "lib/leak_scope.h"
#include "lib/record.h"

AT_EXPORT void alloctrace_api_start(void);
AT_EXPORT void alloctrace_api_stop(void);
AT_EXPORT void alloctrace_api_text(int type, const char *text);
AT_EXPORT void alloctrace_api_suppressions(const char *text);
AT_EXPORT unsigned alloctrace_api_pool_create(const char *name);
AT_EXPORT void alloctrace_api_pool_alloc(unsigned pool, void *p, size_t size);
AT_EXPORT void alloctrace_api_pool_free(unsigned pool, void *p);
AT_EXPORT void alloctrace_api_pool_move(unsigned pool, void *from, void *to, size_t size);

enum { MAX_POOLS = 65535 };

_Static_assert(MARK_POINT == 0 && MARK_SCOPE_BEGIN == 1 && MARK_SCOPE_END == 2,
	       "alloctrace.h has these numbers");

/* The collector ends a session, nobody else: ENDED is never left. */
static void change_state(enum session_state from, enum session_state to, enum mark_type mark)
{
	struct hook h;
	if (!hook_enter(&h))
		return;
	uint32_t seen = from;
	if (at_cas_acq_rel(&session.header->state, &seen, (uint32_t)to))
		hook_text(&h, EVENT_MARK, mark, 0, "");
	hook_leave(&h);
}

void alloctrace_api_start(void)
{
	change_state(SESSION_PAUSED, SESSION_RECORDING, MARK_RESUME);
}

void alloctrace_api_stop(void)
{
	change_state(SESSION_RECORDING, SESSION_PAUSED, MARK_PAUSE);
}

void alloctrace_api_text(int type, const char *text)
{
	struct hook h;
	if (type < MARK_POINT || type > MARK_SCOPE_END || !text || !hook_enter(&h))
		return;
	hook_busy(&h);
	if (type == MARK_SCOPE_BEGIN)
		leak_scope_begin(h.thread, text);
	else if (type == MARK_SCOPE_END)
		leak_scope_end(h.thread, text);
	hook_text(&h, EVENT_MARK, (unsigned)type, 0, text);
	hook_leave(&h);
	if (type == MARK_POINT)
		leak_point_mark(text);
}

/* A line is one event, or none if it does not fit. */
void alloctrace_api_suppressions(const char *text)
{
	struct hook h;
	if (!text || !hook_enter(&h))
		return;
	while (*text) {
		char line[EVENT_TEXT_MAX_BYTES + 1];
		size_t bytes = 0;
		for (; *text && *text != '\n'; text++)
			if (bytes++ < EVENT_TEXT_MAX_BYTES)
				line[bytes - 1] = *text;
		if (bytes && bytes <= EVENT_TEXT_MAX_BYTES && line[0] != '#') {
			line[bytes] = '\0';
			hook_text(&h, EVENT_MARK, MARK_SUPPRESSION, 0, line);
		}
		text += *text == '\n';
	}
	hook_leave(&h);
}

unsigned alloctrace_api_pool_create(const char *name)
{
	struct hook h;
	if (!name || !hook_enter(&h))
		return 0;
	uint32_t pool = at_add_relaxed(&session.header->allocator_count, 1u);
	if (pool > MAX_POOLS) {
		at_store_relaxed(&session.header->allocator_count, MAX_POOLS + 1u);
		pool = 0;
	} else {
		hook_text(&h, EVENT_POOL, POOL_OF_PROGRAM, event_pool_what(pool, 0), name);
	}
	hook_leave(&h);
	return pool;
}

void alloctrace_api_pool_alloc(unsigned pool, void *p, size_t size)
{
	struct hook h;
	if (pool == 0 || pool > MAX_POOLS || !hook_enter(&h))
		return;
	hook_pool_made(&h, pool, p, size);
	hook_leave(&h);
}

void alloctrace_api_pool_free(unsigned pool, void *p)
{
	struct hook h;
	if (pool == 0 || pool > MAX_POOLS || !hook_enter(&h))
		return;
	hook_pool_release(&h, pool, p);
	hook_leave(&h);
}

void alloctrace_api_pool_move(unsigned pool, void *from, void *to, size_t size)
{
	struct hook h;
	if (pool == 0 || pool > MAX_POOLS || !hook_enter(&h))
		return;
	hook_pool_moved(&h, pool, from, to, size);
	hook_leave(&h);
}
