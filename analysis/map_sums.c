/* map_sums.c - see map_sums.h. */
#include "analysis/map_sums.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

static void save(struct map_stack *s, uint64_t epoch)
{
	if (s->epoch == epoch)
		return;
	s->peak_bytes = s->live_bytes;
	s->epoch = epoch;
}

static struct map_stack *stack_at(struct map_sums *sums, uint32_t stack)
{
	size_t count = (size_t)stack + 1;
	sums->stacks = mem_grow(sums->stacks, &sums->stack_cap, count, sizeof(*sums->stacks));
	/* Nothing was mapped there since whatever peak there was. */
	for (; sums->stack_count < count; sums->stack_count++)
		sums->stacks[sums->stack_count] = (struct map_stack){ .epoch = sums->epoch };
	return &sums->stacks[stack];
}

static void gone(void *ctx, uint32_t owner, uint64_t bytes)
{
	struct map_sums *sums = ctx;
	struct map_stack *s = &sums->stacks[owner];
	save(s, sums->epoch);
	s->live_bytes -= bytes;
	sums->live_bytes -= bytes;
}

void map_sums_add(struct map_sums *sums, struct mappings *of, uint64_t start, uint64_t length,
		  uint32_t stack, uint64_t now_ns)
{
	mappings_remove(of, start, length, gone, sums);
	uint64_t bytes = mappings_add(of, start, length, stack);
	struct map_stack *s = stack_at(sums, stack);
	save(s, sums->epoch);
	s->maps++;
	s->bytes += bytes;
	s->live_bytes += bytes;
	sums->live_bytes += bytes;
	if (sums->live_bytes > sums->peak_bytes) {
		sums->peak_bytes = sums->live_bytes;
		sums->peak_ns = now_ns;
		sums->epoch++;
	}
}

void map_sums_remove(struct map_sums *sums, struct mappings *of, uint64_t start, uint64_t length)
{
	mappings_remove(of, start, length, gone, sums);
}

static void left(void *ctx, uint32_t owner, uint64_t bytes)
{
	struct map_sums *sums = ctx;
	gone(sums, owner, bytes);
	sums->stacks[owner].left_bytes += bytes;
	sums->left_bytes += bytes;
}

void map_sums_leave(struct map_sums *sums, struct mappings *of)
{
	mappings_remove(of, 0, UINT64_MAX, left, sums);
	mappings_release(of);
}

struct map_stack map_sums_stack(const struct map_sums *sums, size_t stack)
{
	if (stack >= sums->stack_count)
		return (struct map_stack){ 0 };
	struct map_stack s = sums->stacks[stack];
	save(&s, sums->epoch);
	return s;
}

void map_sums_release(struct map_sums *sums)
{
	free(sums->stacks);
	memset(sums, 0, sizeof(*sums));
}
