/* mappings.c - see mappings.h. */
#include "analysis/mappings.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

/* The first range that ends at or after `address`. */
static size_t find(const struct mappings *m, uint64_t address)
{
	size_t low = 0, high = m->count;
	while (low < high) {
		size_t mid = low + (high - low) / 2;
		if (m->ranges[mid].end < address)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

/* Puts `count` ranges in the place of those in [from, to). */
static void replace(struct mappings *m, size_t from, size_t to, const struct mapping *with,
		    size_t count)
{
	if (from == to && !count)
		return;
	for (size_t i = from; i < to; i++)
		m->bytes -= m->ranges[i].end - m->ranges[i].start;
	m->ranges = mem_grow(m->ranges, &m->cap, m->count + count, sizeof(*m->ranges));
	memmove(m->ranges + from + count, m->ranges + to, (m->count - to) * sizeof(*m->ranges));
	m->count = m->count - (to - from) + count;
	for (size_t i = 0; i < count; i++) {
		m->ranges[from + i] = with[i];
		m->bytes += with[i].end - with[i].start;
	}
}

static uint64_t end_of(uint64_t start, uint64_t length)
{
	return length > UINT64_MAX - start ? UINT64_MAX : start + length;
}

uint64_t mappings_add(struct mappings *m, uint64_t start, uint64_t length, uint32_t owner)
{
	struct mapping all = { start, end_of(start, length), owner };
	uint64_t bytes = all.end - all.start;
	if (bytes == 0)
		return 0;
	size_t from = find(m, start), to = from;
	if (from < m->count && m->ranges[from].end == start) { /* touches it from below */
		if (m->ranges[from].owner == owner) {
			all.start = m->ranges[from].start;
			to++;
		} else {
			from = ++to;
		}
	}
	if (to < m->count && m->ranges[to].start == all.end && m->ranges[to].owner == owner)
		all.end = m->ranges[to++].end;
	replace(m, from, to, &all, 1);
	return bytes;
}

static uint64_t overlap(const struct mapping *range, uint64_t start, uint64_t end)
{
	uint64_t from = range->start > start ? range->start : start;
	uint64_t to = range->end < end ? range->end : end;
	return to > from ? to - from : 0;
}

void mappings_remove(struct mappings *m, uint64_t start, uint64_t length,
		     void (*gone)(void *ctx, uint32_t owner, uint64_t bytes), void *ctx)
{
	uint64_t end = end_of(start, length);
	struct mapping rest[2];
	size_t count = 0, from = find(m, start), to;
	if (start == end)
		return;
	if (from < m->count && m->ranges[from].end == start)
		from++;
	for (to = from; to < m->count && m->ranges[to].start < end; to++) {
		const struct mapping *range = &m->ranges[to];
		gone(ctx, range->owner, overlap(range, start, end));
		if (range->start < start)
			rest[count++] = (struct mapping){ range->start, start, range->owner };
		if (range->end > end)
			rest[count++] = (struct mapping){ end, range->end, range->owner };
	}
	replace(m, from, to, rest, count);
}

void mappings_release(struct mappings *m)
{
	free(m->ranges);
	*m = (struct mappings){ NULL, 0, 0, 0 };
}
