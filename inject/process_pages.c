/* process_pages.c - see process_pages.h. */
#include "inject/process_pages.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/mem.h"

enum { PAGE_BYTES = 4096 };

/* More than a program fills: the shadow memory of a sanitizer, of which even the list of pages
 * would take minutes. */
#define SHADOW_BYTES (UINT64_C(1) << 40)

/* Holes of a larger shared mapping are not read: the kernel would fill them with pages for ever.
 * What only other processes have touched of it is not seen then. */
#define SHARED_WHOLE_BYTES (UINT64_C(64) << 20)

/* In /proc/PID/pagemap, one word a page. */
#define PRESENT (UINT64_C(1) << 63)
#define SWAPPED (UINT64_C(1) << 62)

static void add_shared(struct process_pages *p, uint64_t low, uint64_t high)
{
	p->shared = mem_grow(p->shared, &p->shared_cap, p->shared_count + 2, sizeof(*p->shared));
	p->shared[p->shared_count++] = low;
	p->shared[p->shared_count++] = high;
}

void process_pages_open(struct process_pages *p, const struct process_memory *m, const char *maps)
{
	*p = (struct process_pages){ .fd = process_memory_file(m, "pagemap") };
	for (const char *line = maps; line && *line; line = strchr(line, '\n')) {
		unsigned long long low, high;
		char rights[5];
		line += *line == '\n';
		if (sscanf(line, "%llx-%llx %4s", &low, &high, rights) == 3 && rights[3] == 's' &&
		    (p->fd < 0 || high - low < SHARED_WHOLE_BYTES))
			add_shared(p, low, high);
	}
}

void process_pages_close(struct process_pages *p)
{
	if (p->fd >= 0)
		close(p->fd);
	free(p->shared);
}

/* Where a shared mapping that ends behind `at` begins, at the most; UINT64_MAX: there is none. */
static uint64_t next_shared(const struct process_pages *p, uint64_t at)
{
	for (size_t i = 0; i < p->shared_count; i += 2)
		if (at < p->shared[i + 1])
			return at < p->shared[i] ? p->shared[i] : at;
	return UINT64_MAX;
}

static bool know(struct process_pages *p, uint64_t page)
{
	if (page >= p->first && page - p->first < p->count)
		return true;
	ssize_t bytes = pread(p->fd, p->known, sizeof(p->known), (off_t)(page * sizeof(*p->known)));
	p->first = page;
	p->count = bytes > 0 ? (size_t)bytes / sizeof(*p->known) : 0;
	return p->count > 0;
}

uint64_t process_pages_touched(struct process_pages *p, uint64_t at, uint64_t high)
{
	uint64_t shared = next_shared(p, at);
	uint64_t end = shared < high ? shared : high;
	if (high > at && high - at >= SHADOW_BYTES)
		return high;
	if (p->fd < 0)
		return at;
	while (at < end) {
		uint64_t page = at / PAGE_BYTES;
		if (!know(p, page) || p->known[page - p->first] & (PRESENT | SWAPPED))
			return at;
		at = (page + 1) * PAGE_BYTES;
	}
	return at < high ? at : high;
}
