/* groups.c - see groups.h.
 *
 * An indirectly lost group hangs on the group of the block that points to it. Where that is of the
 * same stack - a list, a tree of nodes - or one above it is, it is one group with it. */
#include "scan/groups.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "util/mem.h"

enum {
	FIRST_BITS = 10,
	MOST_ABOVE = 32, /* groups in which recursion is looked for */
	TIME_MASK = (1 << BLOCK_TIME_BITS) - 1,
};

struct grouper {
	const struct mark *m;
	struct leak_scan *out;
	size_t cap;
	uint32_t *examples; /* of each group: the block */
	size_t examples_cap;
	uint32_t *table; /* group + 1 */
	unsigned bits;
	uint32_t *group_of; /* of each lost block, by block: group + 1; 0: not told of */
	uint32_t since_age; /* what is older is not told of */
};

/* ---- finding a group ---- */

/* What makes blocks one group. Of unrecorded ones also the size: more is not known of them. */
struct group_key {
	uint8_t kind, role;
	bool unrecorded;
	uint32_t stack, slot, allocator, parent_plus_1;
	uint64_t bytes;
};

static bool is_group(const struct leak_group *g, const struct group_key *k, bool any_parent)
{
	return g->kind == k->kind && g->role == k->role && g->stack == k->stack &&
	       g->slot == k->slot && g->allocator == k->allocator &&
	       ((g->flags & LEAK_UNRECORDED) != 0) == k->unrecorded &&
	       (!k->unrecorded || g->least_bytes == k->bytes) &&
	       (any_parent || g->parent_plus_1 == k->parent_plus_1);
}

static uint64_t hash_key(const struct group_key *k)
{
	uint64_t h = hash_pair(k->stack, (uint64_t)k->slot << 32 | k->allocator);
	h = hash_pair(h, (uint64_t)k->kind << 16 | (uint64_t)k->role << 8 | k->unrecorded);
	return hash_pair(h, (uint64_t)k->parent_plus_1 << 32 ^ (k->unrecorded ? k->bytes : 0));
}

static struct group_key key_of_group(const struct leak_group *g)
{
	return (struct group_key){
		g->kind,	  g->role,	 (g->flags & LEAK_UNRECORDED) != 0,
		g->stack,	  g->slot,	 g->allocator,
		g->parent_plus_1, g->least_bytes
	};
}

static uint32_t *table_place(const struct grouper *g, const struct group_key *k)
{
	uint32_t i = (uint32_t)hash_bits(hash_key(k), g->bits);
	for (;; i = (i + 1) & ((1u << g->bits) - 1))
		if (!g->table[i] || is_group(&g->out->groups[g->table[i] - 1], k, false))
			return &g->table[i];
}

static void grow_table(struct grouper *g)
{
	free(g->table);
	g->bits++;
	g->table = mem_zalloc((size_t)1 << g->bits, sizeof(*g->table));
	for (uint32_t i = 0; i < g->out->group_count; i++) {
		struct group_key k = key_of_group(&g->out->groups[i]);
		*table_place(g, &k) = i + 1;
	}
}

static uint32_t make_group(struct grouper *g, const struct group_key *k, uint32_t block)
{
	struct leak_scan *out = g->out;
	const struct block *b = &g->m->blocks->records[block];
	out->groups = mem_grow(out->groups, &g->cap, out->group_count + 1, sizeof(*out->groups));
	g->examples =
		mem_grow(g->examples, &g->examples_cap, out->group_count + 1, sizeof(*g->examples));
	g->examples[out->group_count] = block;
	out->groups[out->group_count] = (struct leak_group){
		.kind = k->kind,
		.role = k->role,
		.flags = (uint8_t)(k->unrecorded ? LEAK_UNRECORDED : 0),
		.stack = k->stack,
		.slot = k->slot,
		.counter = k->unrecorded ? 0 : block_counter(b),
		.allocator = k->allocator,
		.parent_plus_1 = k->parent_plus_1,
		.least_bytes = block_size(b),
		.youngest_ticks = UINT64_MAX,
		.address = g->m->blocks->starts[block],
	};
	return (uint32_t)out->group_count++;
}

static uint32_t find_group(struct grouper *g, const struct group_key *k, uint32_t block)
{
	const struct leak_group *groups = g->out->groups;
	uint32_t above = k->kind == LEAK_INDIRECT ? k->parent_plus_1 : 0;
	for (unsigned i = 0; above && i < MOST_ABOVE; i++) {
		if (is_group(&groups[above - 1], k, true))
			return above - 1;
		above = groups[above - 1].parent_plus_1;
	}
	if (g->out->group_count + g->out->group_count / 2 >= (size_t)1 << g->bits)
		grow_table(g);
	uint32_t *place = table_place(g, k);
	if (!*place)
		*place = make_group(g, k, block) + 1;
	return *place - 1;
}

/* ---- adding a block ---- */

static uint32_t age_of(const struct grouper *g, const struct block *b)
{
	uint32_t now = (uint32_t)(g->m->target->now_tsc >> BLOCK_TIME_SHIFT);
	return (now - block_made(b)) & TIME_MASK;
}

static void add_sum(struct leak_sum *sum, uint64_t bytes)
{
	sum->blocks++;
	sum->bytes += bytes;
}

/* Made before what is asked for. A slot that had no thread then has no older blocks; one that is
 * not in the trace has no number. */
static bool is_older(const struct grouper *g, const struct block *b, uint32_t age)
{
	const struct scan_target *t = g->m->target;
	if (!t->since_tsc || !t->since_counters || block_state(b) == BLOCK_UNRECORDED)
		return age > g->since_age;
	if (block_slot(b) < t->since_slots)
		return block_counter(b) < t->since_counters[block_slot(b)];
	return t->since_slots >= SCAN_SINCE_SLOTS && age > g->since_age;
}

/* Returns the group + 1; 0: it is not told of. */
static uint32_t add_block(struct grouper *g, uint32_t block, enum leak_kind kind,
			  uint32_t parent_plus_1)
{
	const struct block *b = &g->m->blocks->records[block];
	bool unrecorded = block_state(b) == BLOCK_UNRECORDED;
	uint64_t bytes = block_size(b);
	uint32_t age = age_of(g, b);
	if (is_older(g, b, age)) {
		add_sum(&g->out->older, bytes);
		return 0;
	}
	struct group_key k = { (uint8_t)kind, (uint8_t)block_role(b), unrecorded,    block_stack(b),
			       block_slot(b), block_allocator(b),     parent_plus_1, bytes };
	uint32_t i = find_group(g, &k, block);
	struct leak_group *group = &g->out->groups[i];
	add_sum(&g->out->kinds[kind], bytes);
	group->blocks++;
	group->bytes += bytes;
	group->least_bytes = bytes < group->least_bytes ? bytes : group->least_bytes;
	group->most_bytes = bytes > group->most_bytes ? bytes : group->most_bytes;
	group->youngest_ticks = age < group->youngest_ticks ? age : group->youngest_ticks;
	group->oldest_ticks = age > group->oldest_ticks ? age : group->oldest_ticks;
	group->sum_ticks += age;
	return i + 1;
}

static void prefer_example(struct grouper *g, uint32_t group, uint32_t block)
{
	const struct mark *m = g->m;
	if (m->marks[g->examples[group]] & MARK_BY_ROOT || !(m->marks[block] & MARK_BY_ROOT))
		return;
	struct leak_group *to = &g->out->groups[group];
	const struct block *b = &m->blocks->records[block];
	g->examples[group] = block;
	to->address = m->blocks->starts[block];
	to->counter = to->flags & LEAK_UNRECORDED ? 0 : block_counter(b);
}

static void add_reached(struct grouper *g)
{
	const struct mark *m = g->m;
	for (uint32_t i = 0; i < m->blocks->count; i++) {
		uint8_t mark = m->marks[i];
		uint64_t bytes = block_size(&m->blocks->records[i]);
		if (mark & MARK_INHERITED)
			add_sum(&g->out->inherited, bytes);
		else if (mark & MARK_IGNORED)
			add_sum(&g->out->ignored, bytes);
		if (!(mark & MARK_REACHED) || mark & (MARK_INHERITED | MARK_IGNORED))
			continue;
		enum leak_kind kind = mark & MARK_STRONG ? LEAK_REACHABLE : LEAK_POSSIBLE;
		uint32_t group = add_block(g, i, kind, 0);
		if (!group)
			continue;
		prefer_example(g, group - 1, i);
		if (mark & MARK_BY_HEURISTIC)
			g->out->groups[group - 1].flags |= LEAK_BY_HEURISTIC;
		if (kind == LEAK_POSSIBLE && !(mark & MARK_BY_ROOT) &&
		    !(m->marks[m->holders[i]] & MARK_STRONG))
			g->out->groups[group - 1].flags |= LEAK_POINTED_BY_OTHERS;
	}
}

static void add_lost(struct grouper *g, const struct lost *lost)
{
	const struct mark *m = g->m;
	uint32_t leader = 0;
	for (size_t i = 0; i < lost->count; i++) {
		uint32_t block = lost->blocks[i], holder = m->holders[block];
		bool leads = holder == BLOCK_NONE;
		uint32_t parent = leads ? 0 : g->group_of[holder];
		uint32_t group = add_block(g, block, leads ? LEAK_DEFINITE : LEAK_INDIRECT, parent);
		if (leads)
			leader = group;
		/* What hangs on a block that is not told of hangs on the one above. */
		g->group_of[block] = group ? group : parent;
		if (group && lost->in_ring[i])
			g->out->groups[group - 1].flags |= LEAK_IN_CYCLE;
		if (group && leader && !leads) {
			g->out->groups[leader - 1].indirect_blocks++;
			g->out->groups[leader - 1].indirect_bytes +=
				block_size(&m->blocks->records[block]);
		}
	}
}

/* ---- who holds the examples ---- */

static uint32_t name_module(struct leak_scan *out, const struct scan_module *module, size_t *cap)
{
	for (uint32_t i = 0; i < out->module_count; i++)
		if (out->module_starts[i] == module->start)
			return i + 1;
	if (out->module_count == *cap) {
		out->modules =
			mem_grow(out->modules, cap, out->module_count + 1, sizeof(*out->modules));
		out->module_starts =
			mem_realloc(out->module_starts, *cap, sizeof(*out->module_starts));
	}
	out->modules[out->module_count] = mem_strdup(module->path);
	out->module_starts[out->module_count] = module->start;
	return (uint32_t)++out->module_count;
}

static void tell_root(struct grouper *g, struct leak_group *group, uint32_t word, size_t *cap)
{
	const struct mark *m = g->m;
	if (word == UINT32_MAX || !m->roots->count)
		return;
	const struct root *r = root_list_of_word(m->roots, word);
	group->holder = r->holder;
	group->holder_tid = r->tid;
	if (!r->words && !r->is_value)
		group->holder_address = r->low + (word - r->first_word) * 8;
	if (r->module != NO_MODULE)
		group->holder_module_plus_1 =
			name_module(g->out, &m->space->modules[r->module], cap);
}

/* Where in the holder a pointer to the block lies; 0: too far in to look for it. */
static uint64_t pointer_in(const struct mark *m, uint32_t holder, uint32_t block)
{
	enum { LOOKED_AT = 4096 };
	uint64_t words[LOOKED_AT / 8], start = (m->blocks->starts[holder] + 7) & ~UINT64_C(7);
	uint64_t end = block_list_end(m->blocks, holder);
	size_t bytes = end > start ? (end - start) & ~UINT64_C(7) : 0;
	bytes = bytes < sizeof(words) ? bytes : sizeof(words);
	if (!read_cache_get(m->cache, start, words, bytes))
		return 0;
	for (size_t i = 0; i < bytes / 8; i++)
		if (words[i] - m->blocks->starts[block] < block_list_bytes(m->blocks, block))
			return start + 8 * i;
	return 0;
}

static void tell_holders(struct grouper *g)
{
	const struct mark *m = g->m;
	size_t module_cap = 0;
	for (size_t i = 0; i < g->out->group_count; i++) {
		struct leak_group *group = &g->out->groups[i];
		uint32_t example = g->examples[i], holder = m->holders[example];
		unsigned peek = m->target->peek_bytes;
		peek = peek < SCAN_PEEK_MAX_BYTES ? peek : SCAN_PEEK_MAX_BYTES;
		peek = peek < group->most_bytes ? peek : (unsigned)group->most_bytes;
		uint64_t size = block_size(&m->blocks->records[example]);
		peek = peek < size ? peek : (unsigned)size;
		if (peek && read_cache_get(m->cache, group->address, group->peek, peek))
			group->peek_bytes = peek;
		if (m->marks[example] & MARK_BY_ROOT) {
			tell_root(g, group, holder, &module_cap);
		} else if (holder != BLOCK_NONE) {
			group->holder = HOLDER_BLOCK;
			group->holder_address = pointer_in(m, holder, example);
		}
	}
}

/* ---- in order ---- */

struct order {
	uint32_t group, depth;
	uint64_t bytes;
	uint8_t kind;
};

static int by_weight(const void *a, const void *b)
{
	const struct order *x = a, *y = b;
	if (x->kind != y->kind)
		return x->kind - y->kind;
	if (x->depth != y->depth)
		return x->depth < y->depth ? -1 : 1;
	if (x->bytes != y->bytes)
		return x->bytes > y->bytes ? -1 : 1;
	return (x->group > y->group) - (x->group < y->group);
}

/* Those that others hang on come before them. */
static void sort_groups(struct leak_scan *out)
{
	size_t n = out->group_count;
	struct order *order = mem_realloc(NULL, n + 1, sizeof(*order));
	uint32_t *now = mem_realloc(NULL, n + 1, sizeof(*now));
	struct leak_group *groups = mem_realloc(NULL, n + 1, sizeof(*groups));
	for (uint32_t i = 0; i < n; i++) {
		const struct leak_group *g = &out->groups[i];
		uint32_t above = g->parent_plus_1;
		order[i] = (struct order){ i, above ? order[above - 1].depth + 1 : 0,
					   g->bytes + g->indirect_bytes, g->kind };
	}
	if (n)
		qsort(order, n, sizeof(*order), by_weight);
	for (uint32_t i = 0; i < n; i++)
		now[order[i].group] = i;
	for (uint32_t i = 0; i < n; i++) {
		groups[i] = out->groups[order[i].group];
		if (groups[i].parent_plus_1)
			groups[i].parent_plus_1 = now[groups[i].parent_plus_1 - 1] + 1;
	}
	free(out->groups);
	free(order);
	free(now);
	out->groups = groups;
}

void groups_make(struct leak_scan *out, const struct mark *m, const struct lost *lost)
{
	const struct scan_target *t = m->target;
	struct grouper g = { .m = m, .out = out, .bits = FIRST_BITS - 1, .since_age = UINT32_MAX };
	if (t->since_tsc && t->since_tsc <= t->now_tsc)
		g.since_age = (uint32_t)((t->now_tsc >> BLOCK_TIME_SHIFT) -
					 (t->since_tsc >> BLOCK_TIME_SHIFT));
	grow_table(&g);
	g.group_of = mem_zalloc(m->blocks->count + 1, sizeof(*g.group_of));
	add_lost(&g, lost);
	add_reached(&g);
	tell_holders(&g);
	sort_groups(out);
	free(g.group_of);
	free(g.examples);
	free(g.table);
}
