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
 *	struct alloctrace_leaks leaks;          // in a scope: of the blocks made since it began
 *	if (alloctrace_leak_check(&leaks) && leaks.definite_blocks)
 *		fail("%llu bytes are lost", leaks.definite_bytes);
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
extern int alloctrace_api_leak_check(unsigned long long *numbers, unsigned count,
				     const char *label) ALLOCTRACE_WEAK;
extern void alloctrace_api_ignore_block(const void *p) ALLOCTRACE_WEAK;
extern void alloctrace_api_leaks_off(int off) ALLOCTRACE_WEAK;
extern void alloctrace_api_root_region(const void *p, size_t bytes, int on) ALLOCTRACE_WEAK;
extern void alloctrace_api_suppressions(const char *text) ALLOCTRACE_WEAK;
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

/* What a look for leaks has found. Nothing points to what is definitely lost; only lost blocks point
 * to what is indirectly lost, and only the middle of a block is pointed to where it is possibly. */
struct alloctrace_leaks {
	unsigned long long definite_blocks, definite_bytes;
	unsigned long long indirect_blocks, indirect_bytes;
	unsigned long long possible_blocks, possible_bytes;
	unsigned long long reachable_blocks, reachable_bytes;
};

/* Looks which blocks are lost now: of those made since the innermost scope of this thread began, by
 * any thread, or of all if there is none. The report has it under the scope's name. All threads
 * stand still meanwhile. Returns 1, or 0 when it could not be done - without the tracer, or where it
 * may not look into the process -; then all numbers are 0. A name is the report's instead of the
 * scope's; NULL: none. */
static inline int alloctrace_leak_check_named(struct alloctrace_leaks *out, const char *name)
{
	static const struct alloctrace_leaks none = { 0, 0, 0, 0, 0, 0, 0, 0 };
	*out = none;
	return alloctrace_api_leak_check &&
	       alloctrace_api_leak_check(&out->definite_blocks,
					 (unsigned)(sizeof(*out) / sizeof(out->definite_blocks)),
					 name);
}

static inline int alloctrace_leak_check(struct alloctrace_leaks *out)
{
	return alloctrace_leak_check_named(out, NULL);
}

/* The block that starts at p is no leak, nor is what it points to. */
static inline void alloctrace_ignore_block(const void *p)
{
	if (alloctrace_api_ignore_block)
		alloctrace_api_ignore_block(p);
}

/* What this thread allocates between them is no leak, as if each block was ignored; they nest. */
static inline void alloctrace_leaks_disable(void)
{
	if (alloctrace_api_leaks_off)
		alloctrace_api_leaks_off(1);
}

static inline void alloctrace_leaks_enable(void)
{
	if (alloctrace_api_leaks_off)
		alloctrace_api_leaks_off(0);
}

/* Memory that the tracer would not look through for pointers, as a file mapped from elsewhere: what
 * it points to is in use, until it is unregistered. Up to 256 of them. */
static inline void alloctrace_root_region(const void *p, size_t bytes)
{
	if (alloctrace_api_root_region)
		alloctrace_api_root_region(p, bytes, 1);
}

static inline void alloctrace_root_region_unregister(const void *p, size_t bytes)
{
	if (alloctrace_api_root_region)
		alloctrace_api_root_region(p, bytes, 0);
}

/* Suppressions of leaks, lines as in alloctrace-suppressions(5): for reports of this session. A line
 * of more than 120 bytes is not taken. */
static inline void alloctrace_suppressions(const char *text)
{
	if (alloctrace_api_suppressions)
		alloctrace_api_suppressions(text);
}

#ifdef __cplusplus
}
#endif

#endif
