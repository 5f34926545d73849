/* scan.c - fuzz target of the search for leaks: memory as nobody would have it.
 *
 * The input is a list of words, each with its address; all other memory is zeros, and above some
 * address nothing can be read. What is found must hang together, whatever it is. */
#include <stdlib.h>
#include <string.h>

#include "scan/leak_scan.h"
#include "tests/trace/check.h"
#include "wire/block_layout.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_WORDS = 4096 };

#define TABLE_ROOTS   UINT64_C(0x10000000)
#define MEMORY_TABLES UINT64_C(0x40000000)
#define STACK	      UINT64_C(0x700008000)
#define UNREADABLE    UINT64_C(0x7ff000000000)

static const char maps[] = "00400000-00401000 r-xp 00001000 00:01 1 /bin/program\n"
			   "00500000-00501000 rw-p 00002000 00:01 1 /bin/program\n"
			   "100000000-100100000 rw-p 00000000 00:00 0 \n"
			   "600000000-600010000 rw-p 00000000 00:00 0 \n"
			   "700000000-700010000 rw-p 00000000 00:00 0 [stack]\n"
			   "7f0000000-7f0001000 r--p 00000000 00:01 2 /lib/ld-linux-x86-64.so.2\n"
			   "7f0001000-7f0002000 rw-p 00002000 00:01 2 /lib/ld-linux-x86-64.so.2\n"
			   "7ff000000000-7ff000010000 rw-p 00000000 00:00 0 \n";

struct patch {
	uint64_t at, word;
};

struct input {
	struct patch patches[MOST_WORDS];
	size_t count;
};

static int by_address(const void *a, const void *b)
{
	const struct patch *x = a, *y = b;
	return (x->at > y->at) - (x->at < y->at);
}

static bool read_patched(void *context, uint64_t at, void *out, size_t bytes)
{
	const struct input *in = context;
	CHECK(at + bytes >= at, "the address goes round");
	if (at + bytes > UNREADABLE)
		return false;
	memset(out, 0, bytes);
	size_t low = 0, high = in->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (in->patches[middle].at + 8 <= at)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < in->count && in->patches[low].at < at + bytes; low++) {
		const struct patch *p = &in->patches[low];
		for (unsigned i = 0; i < 8; i++)
			if (p->at + i >= at && p->at + i < at + bytes)
				((uint8_t *)out)[p->at + i - at] = (uint8_t)(p->word >> 8 * i);
	}
	return true;
}

static void check_groups(const struct leak_scan *s)
{
	struct leak_sum sums[LEAK_KINDS] = { { 0, 0 } };
	for (size_t i = 0; i < s->group_count; i++) {
		const struct leak_group *g = &s->groups[i];
		CHECK(g->kind < LEAK_KINDS && g->holder < HOLDER_KINDS, "known kinds");
		CHECK(g->blocks > 0 && g->least_bytes <= g->most_bytes, "a group has blocks");
		CHECK(g->parent_plus_1 <= i, "parents come first");
		CHECK(g->holder_module_plus_1 <= s->module_count, "modules");
		CHECK((g->kind == LEAK_INDIRECT) == (g->parent_plus_1 != 0), "parents");
		CHECK(g->youngest_ticks <= g->oldest_ticks, "ages");
		sums[g->kind].blocks += g->blocks;
		sums[g->kind].bytes += g->bytes;
	}
	CHECK(memcmp(sums, s->kinds, sizeof(sums)) == 0, "sums");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct input in;
	static const uint64_t registers[] = { 0x100000100, 0x100000208 };
	const struct scan_thread thread = { .tid = 7,
					    .sp = STACK,
					    .thread_pointer = STACK + 0x4000,
					    .registers = registers,
					    .register_count = 2 };
	struct scan_target target = { .memory = { &in, read_patched },
				      .maps = maps,
				      .block_roots = TABLE_ROOTS,
				      .memory_tables = MEMORY_TABLES,
				      .threads = &thread,
				      .thread_count = 1,
				      .now_tsc = 1 << 30,
				      .peek_bytes = 16 };
	struct leak_scan scan;
	struct err err = { "" };
	in.count =
		size / sizeof(struct patch) < MOST_WORDS ? size / sizeof(struct patch) : MOST_WORDS;
	if (in.count)
		memcpy(in.patches, data, in.count * sizeof(struct patch));
	qsort(in.patches, in.count, sizeof(struct patch), by_address);
	if (leak_scan_run(&target, &scan, &err) == 0)
		check_groups(&scan);
	else
		CHECK(err.text[0], "a refusal has a reason");
	leak_scan_release(&scan);
	return 0;
}
