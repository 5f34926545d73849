/* read_cache.c - see read_cache.h. */
#include "scan/read_cache.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

enum { LINE_BITS = 14, LINE_BYTES = 1 << LINE_BITS, LINES = 512 };

void read_cache_init(struct read_cache *c, const struct scan_memory *memory)
{
	c->memory = memory;
	c->tags = mem_zalloc(LINES, sizeof(*c->tags));
	c->lines = mem_alloc((size_t)LINES * LINE_BYTES);
}

void read_cache_release(struct read_cache *c)
{
	free(c->tags);
	free(c->lines);
}

/* The line with this number; NULL if some of it cannot be read. */
static const char *line_of(struct read_cache *c, uint64_t number)
{
	char *line = c->lines + (number % LINES << LINE_BITS);
	uint64_t *tag = &c->tags[number % LINES];
	if (*tag == number + 1)
		return line;
	*tag = 0;
	if (!c->memory->read(c->memory->context, number << LINE_BITS, line, LINE_BYTES))
		return NULL;
	*tag = number + 1;
	return line;
}

bool read_cache_get(struct read_cache *c, uint64_t at, void *out, size_t bytes)
{
	char *to = out;
	while (bytes) {
		size_t offset = at & (LINE_BYTES - 1);
		size_t part = LINE_BYTES - offset < bytes ? LINE_BYTES - offset : bytes;
		const char *line = line_of(c, at >> LINE_BITS);
		if (!line)
			return c->memory->read(c->memory->context, at, to, bytes);
		memcpy(to, line + offset, part);
		at += part;
		to += part;
		bytes -= part;
	}
	return true;
}
