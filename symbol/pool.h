/* pool.h - memory that is given back all at once: the answers of the symbolizer.
 *
 * What is taken stays where it is until the pool is released, so that callers may keep pointers
 * into it. */
#ifndef ALLOCTRACE_SYMBOL_POOL_H
#define ALLOCTRACE_SYMBOL_POOL_H

#include <stddef.h>

struct pool_chunk;

struct pool {
	struct pool_chunk *newest;
};

void pool_release(struct pool *pool);
void *pool_take(struct pool *pool, size_t bytes); /* aligned for any type; not initialised */
char *pool_text(struct pool *pool, const char *text, size_t len); /* a terminated copy */

#endif
