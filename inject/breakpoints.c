/* breakpoints.c - see breakpoints.h. */
#include "inject/breakpoints.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>

#include "util/mem.h"

enum { INT3 = 0xcc };

void breakpoints_release(struct breakpoints *b)
{
	free(b->items);
	*b = (struct breakpoints){ NULL, 0, 0 };
}

struct breakpoint *breakpoints_find(const struct breakpoints *b, uint64_t address)
{
	for (size_t i = 0; i < b->count; i++)
		if (b->items[i].address == address)
			return &b->items[i];
	return NULL;
}

/* Also where the program may not write. */
static bool write_byte(pid_t tid, uint64_t address, uint8_t byte, uint8_t *before)
{
	uint64_t aligned = address & ~7ull;
	unsigned shift = (unsigned)(address & 7) * 8;
	errno = 0;
	uint64_t word = (uint64_t)ptrace(PTRACE_PEEKDATA, tid, aligned, 0);
	if (errno)
		return false;
	if (before)
		*before = (uint8_t)(word >> shift);
	word = (word & ~(0xffull << shift)) | (uint64_t)byte << shift;
	return ptrace(PTRACE_POKEDATA, tid, aligned, word) == 0;
}

void breakpoint_put(const struct breakpoint *b, pid_t tid)
{
	write_byte(tid, b->address, INT3, NULL);
}

bool breakpoints_set(struct breakpoints *b, pid_t tid, uint64_t address)
{
	struct breakpoint new = { .address = address };
	if (breakpoints_find(b, address))
		return true;
	if (!write_byte(tid, address, INT3, &new.byte))
		return false;
	b->items = mem_grow(b->items, &b->cap, b->count + 1, sizeof(*b->items));
	b->items[b->count++] = new;
	return true;
}

/* What lies there now may be something else, if the library was unloaded. */
void breakpoint_lift(const struct breakpoint *b, pid_t tid)
{
	errno = 0;
	uint64_t word = (uint64_t)ptrace(PTRACE_PEEKDATA, tid, b->address & ~7ull, 0);
	if (!errno && (uint8_t)(word >> (b->address & 7) * 8) == INT3)
		write_byte(tid, b->address, b->byte, NULL);
}

void breakpoints_remove(struct breakpoints *b, pid_t tid, uint64_t address)
{
	struct breakpoint *found = breakpoints_find(b, address);
	if (!found)
		return;
	breakpoint_lift(found, tid);
	*found = b->items[--b->count];
}

void breakpoints_clean_copy(const struct breakpoints *b, pid_t tid)
{
	for (size_t i = 0; i < b->count; i++)
		breakpoint_lift(&b->items[i], tid);
}
