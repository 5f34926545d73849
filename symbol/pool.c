/* pool.c - see pool.h. */
#include "symbol/pool.h"

#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

enum { CHUNK_BYTES = 64 * 1024 };

struct pool_chunk {
	struct pool_chunk *older;
	size_t used;
	size_t room;
	alignas(max_align_t) char bytes[];
};

void pool_release(struct pool *pool)
{
	while (pool->newest) {
		struct pool_chunk *older = pool->newest->older;
		free(pool->newest);
		pool->newest = older;
	}
}

void *pool_take(struct pool *pool, size_t bytes)
{
	const size_t align = alignof(max_align_t);
	bytes = (bytes + align - 1) & ~(align - 1);
	struct pool_chunk *chunk = pool->newest;
	if (!chunk || chunk->room - chunk->used < bytes) {
		size_t room = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
		chunk = mem_alloc(sizeof(*chunk) + room);
		*chunk = (struct pool_chunk){ .older = pool->newest, .room = room };
		pool->newest = chunk;
	}
	void *p = chunk->bytes + chunk->used;
	chunk->used += bytes;
	return p;
}

char *pool_text(struct pool *pool, const char *text, size_t len)
{
	char *copy = pool_take(pool, len + 1);
	memcpy(copy, text, len);
	copy[len] = '\0';
	return copy;
}
