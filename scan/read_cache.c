/* read_cache.c - see read_cache.h. */
#include "scan/read_cache.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

enum {
	LINE_BITS = 14,
	LINE_BYTES = 1 << LINE_BITS,
	LINES = 512,
	PAGE_BITS = 12,
	KERNEL_BIT = 63, /* addresses with it are nobody's memory, and the last of them go round */
	PAGE_BYTES = 1 << PAGE_BITS,
	LINE_PAGES = LINE_BYTES / PAGE_BYTES,
	WHOLE_LINE = (1 << LINE_PAGES) - 1,
};

void read_cache_init(struct read_cache *c, const struct scan_memory *memory)
{
	c->memory = memory;
	c->lines = mem_zalloc(LINES, sizeof(*c->lines));
	c->bytes = mem_alloc((size_t)LINES * LINE_BYTES);
}

void read_cache_release(struct read_cache *c)
{
	free(c->lines);
	free(c->bytes);
}

/* Where a mapping ends in the middle of a line, what is before it is there all the same: asked for
 * again and again, it must not cost a call each time. */
static uint8_t read_pages(struct read_cache *c, uint64_t at, char *out)
{
	const struct scan_memory *memory = c->memory;
	uint8_t pages = 0;
	if (memory->read(memory->context, at, out, LINE_BYTES))
		return WHOLE_LINE;
	for (unsigned i = 0; i < LINE_PAGES; i++) {
		size_t offset = (size_t)i << PAGE_BITS;
		if (memory->read(memory->context, at + offset, out + offset, PAGE_BYTES))
			pages |= (uint8_t)(1u << i);
	}
	return pages;
}

/* The page that the address is in; NULL if it cannot be read. */
static const char *page_of(struct read_cache *c, uint64_t at)
{
	uint64_t number = at >> LINE_BITS;
	struct read_cache_line *line = &c->lines[number % LINES];
	char *bytes = c->bytes + (number % LINES << LINE_BITS);
	if (line->number_plus_1 != number + 1) {
		line->pages = read_pages(c, number << LINE_BITS, bytes);
		line->number_plus_1 = number + 1;
	}
	size_t page = (at & (LINE_BYTES - 1)) >> PAGE_BITS;
	return line->pages >> page & 1 ? bytes + (page << PAGE_BITS) : NULL;
}

bool read_cache_get(struct read_cache *c, uint64_t at, void *out, size_t bytes)
{
	char *to = out;
	if (at >> KERNEL_BIT || (at + bytes) >> KERNEL_BIT)
		return false;
	while (bytes) {
		size_t offset = at & (PAGE_BYTES - 1);
		size_t part = PAGE_BYTES - offset < bytes ? PAGE_BYTES - offset : bytes;
		const char *page = page_of(c, at);
		if (!page)
			return c->memory->read(c->memory->context, at, to, bytes);
		memcpy(to, page + offset, part);
		at += part;
		to += part;
		bytes -= part;
	}
	return true;
}
