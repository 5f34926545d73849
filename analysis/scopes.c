/* scopes.c - see scopes.h. */
#include "analysis/scopes.h"

#include <stdlib.h>
#include <string.h>

#include <uthash.h>

#include "util/mem.h"

enum { MAX_DEPTH = 256 };

struct scope_entry {
	struct profile_scope sums; /* .name is the key */
	UT_hash_handle hh;
};

struct open_scope {
	struct scope_entry *entry;
	struct scope_counts begin;
};

struct scope_stack {
	size_t depth;
	struct open_scope open[MAX_DEPTH];
};

static struct scope_entry *entry_of(struct scopes *s, const char *name)
{
	struct scope_entry *entry;
	HASH_FIND_STR(s->by_name, name, entry);
	if (entry || s->count >= PROFILE_MAX_SCOPES)
		return entry;
	entry = mem_zalloc(1, sizeof(*entry));
	entry->sums.name = mem_strdup(name);
	HASH_ADD_KEYPTR(hh, s->by_name, entry->sums.name, strlen(entry->sums.name), entry);
	s->count++;
	return entry;
}

void scopes_begin(struct scopes *s, struct scope_stack **stack, const char *name,
		  const struct scope_counts *now)
{
	struct scope_entry *entry = entry_of(s, name);
	if (!entry)
		return;
	if (!*stack) {
		*stack = mem_alloc(sizeof(**stack));
		(*stack)->depth = 0;
	}
	if ((*stack)->depth == MAX_DEPTH)
		return;
	entry->sums.open++;
	(*stack)->open[(*stack)->depth++] = (struct open_scope){ entry, *now };
}

static void end_one(const struct open_scope *scope, const struct scope_counts *now)
{
	struct profile_scope *sums = &scope->entry->sums;
	sums->open--;
	sums->runs++;
	sums->time_ns += now->time_ns - scope->begin.time_ns;
	sums->allocs += now->allocs - scope->begin.allocs;
	sums->bytes += now->bytes - scope->begin.bytes;
	sums->freed_bytes += now->freed_bytes - scope->begin.freed_bytes;
	sums->temporary += now->temporary - scope->begin.temporary;
}

void scopes_end(struct scope_stack *stack, const char *name, const struct scope_counts *now)
{
	size_t depth = stack ? stack->depth : 0;
	while (depth && *name && strcmp(stack->open[depth - 1].entry->sums.name, name) != 0)
		depth--;
	if (!depth)
		return;
	while (stack->depth >= depth)
		end_one(&stack->open[--stack->depth], now);
}

void scopes_thread_end(struct scope_stack **stack)
{
	free(*stack);
	*stack = NULL;
}

struct profile_scope *scopes_take(struct scopes *s, size_t *count)
{
	struct profile_scope *all = mem_zalloc(s->count ? s->count : 1, sizeof(*all));
	struct scope_entry *entry, *next;
	*count = 0;
	HASH_ITER (hh, s->by_name, entry, next) {
		all[(*count)++] = entry->sums;
		HASH_DEL(s->by_name, entry);
		free(entry);
	}
	s->by_name = NULL;
	s->count = 0;
	return all;
}
