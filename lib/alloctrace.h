/* alloctrace.h - tell the memory tracer alloctrace what your program does.
 *
 * Include it and call; there is nothing to link. Without the tracer each call is a load and a
 * branch. C and C++; all calls may come from any thread.
 *
 *	alloctrace_mark("config loaded");
 *
 *	alloctrace_scope_begin("parse");
 *	...
 *	alloctrace_scope_end("parse");
 *
 *	static unsigned pool;
 *	pool = alloctrace_pool_create("arena of requests");
 *	alloctrace_pool_alloc(pool, p, size);   // your allocator made a block
 *	alloctrace_pool_move(pool, p, q, size); // it moved or resized one
 *	alloctrace_pool_free(pool, q);          // it took one back
 *
 * Copyright (c) 2026 the alloctrace authors. MIT licence. */
#ifndef ALLOCTRACE_H
#define ALLOCTRACE_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What the runtime provides when it is there; use the functions below. */
#define ALLOCTRACE_WEAK __attribute__((weak))
extern void alloctrace_api_start(void) ALLOCTRACE_WEAK;
extern void alloctrace_api_stop(void) ALLOCTRACE_WEAK;
extern void alloctrace_api_text(int type, const char *text) ALLOCTRACE_WEAK;
extern unsigned alloctrace_api_pool_create(const char *name) ALLOCTRACE_WEAK;
extern void alloctrace_api_pool_alloc(unsigned pool, void *p, size_t size) ALLOCTRACE_WEAK;
extern void alloctrace_api_pool_free(unsigned pool, void *p) ALLOCTRACE_WEAK;
extern void alloctrace_api_pool_move(unsigned pool, void *from, void *to,
				     size_t size) ALLOCTRACE_WEAK;
#undef ALLOCTRACE_WEAK

/* 1 when the program runs under the tracer. */
static inline int alloctrace_is_present(void)
{
	return alloctrace_api_start != NULL;
}

/* Recording, in all processes of the session, goes on or pauses. Frees of blocks that were recorded
 * are recorded while paused too. Use with `alloctrace run --start-paused`. */
static inline void alloctrace_start(void)
{
	if (alloctrace_api_start)
		alloctrace_api_start();
}

static inline void alloctrace_stop(void)
{
	if (alloctrace_api_stop)
		alloctrace_api_stop();
}

/* A point in time with a name (at most 120 bytes are kept, here and below). */
static inline void alloctrace_mark(const char *name)
{
	if (alloctrace_api_text)
		alloctrace_api_text(0, name);
}

/* A named stretch of time of this thread; scopes nest. */
static inline void alloctrace_scope_begin(const char *name)
{
	if (alloctrace_api_text)
		alloctrace_api_text(1, name);
}

static inline void alloctrace_scope_end(const char *name)
{
	if (alloctrace_api_text)
		alloctrace_api_text(2, name);
}

/* Makes a pool: an allocator of your own whose blocks the report shows under its name. 0 without
 * the tracer; the calls below take that. There is no need to destroy it. */
static inline unsigned alloctrace_pool_create(const char *name)
{
	return alloctrace_api_pool_create ? alloctrace_api_pool_create(name) : 0;
}

static inline void alloctrace_pool_alloc(unsigned pool, void *p, size_t size)
{
	if (alloctrace_api_pool_alloc)
		alloctrace_api_pool_alloc(pool, p, size);
}

static inline void alloctrace_pool_free(unsigned pool, void *p)
{
	if (alloctrace_api_pool_free)
		alloctrace_api_pool_free(pool, p);
}

/* from may be NULL (then it is an alloc) and may equal to (then the block was resized). */
static inline void alloctrace_pool_move(unsigned pool, void *from, void *to, size_t size)
{
	if (alloctrace_api_pool_move)
		alloctrace_api_pool_move(pool, from, to, size);
}

#ifdef __cplusplus
}
#endif

#endif
