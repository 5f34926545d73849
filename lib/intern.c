/* intern.c - see intern.h.
 *
 * Levels of open-addressed tables of node numbers, each four times the one before. New nodes go
 * to the newest level; a node found in an older one is entered in the newest as well, so that
 * after a level was opened each node costs one longer search and then none. Entries are only
 * ever written once, from 0. Two threads that add the same node at the same moment may both
 * succeed: readers of the trace merge equal nodes. */
#include "lib/intern.h"

#include "base/atomics.h"
#include "base/compiler.h"
#include "base/hash.h"
#include "lib/participant.h"

enum { INTERN_PROBES = 32 };

struct want {
	uint32_t parent;
	uint32_t module;
	uint64_t offset;
	uint64_t hash;
};

static inline bool is_wanted(uint32_t node, const struct want *want)
{
	const struct session_node *n = &session.nodes[node];
	return n->parent == want->parent && n->module == want->module && n->offset == want->offset;
}

/* The node in this level, or 0; *place is the entry where it would go, NULL if there is none. */
static inline uint32_t search_level(unsigned level, const struct want *want, uint32_t **place)
{
	uint32_t *table = session.intern[level];
	uint64_t mask = session_intern_entries(level) - 1;
	*place = NULL;
	for (unsigned i = 0; i < INTERN_PROBES; i++) {
		uint32_t *entry = &table[(want->hash + i) & mask];
		uint32_t node = at_load_acquire(entry);
		if (!node) {
			*place = entry;
			return 0;
		}
		if (node < SESSION_MAX_NODES && is_wanted(node, want))
			return node;
	}
	return 0;
}

static uint32_t make_node(const struct want *want)
{
	uint32_t node = at_add_relaxed(&session.header->node_count, 1u);
	if (node >= session.max_nodes) {
		at_store_relaxed(&session.header->node_count, session.max_nodes);
		return 0;
	}
	struct session_node *n = &session.nodes[node];
	n->parent = want->parent;
	n->module = (uint16_t)want->module;
	n->offset = want->offset;
	at_store_release(&n->ready, (uint16_t)1);
	return node;
}

/* Opens the next level when this one is more than half full or has no place left here. */
static void count_entry(unsigned level, bool crowded)
{
	struct session_header *header = session.header;
	uint32_t used = at_add_relaxed(&header->intern_used[level], 1u) + 1;
	uint32_t expected = level;
	if (level + 1 < session.intern_levels &&
	    (crowded || used > session_intern_entries(level) / 2))
		at_cas_acq_rel(&header->intern_level, &expected, level + 1);
}

static AT_COLD uint32_t intern_slow(const struct want *want, unsigned level, uint32_t *place)
{
	uint32_t node = 0;
	for (unsigned older = level; older > 0 && !node; older--) {
		uint32_t *ignored;
		node = search_level(older - 1, want, &ignored);
	}
	if (!node)
		node = make_node(want);
	if (!node)
		return NODE_UNKNOWN;
	if (place) {
		uint32_t seen = 0;
		if (!at_cas_acq_rel(place, &seen, node) && is_wanted(seen, want))
			node = seen;
	}
	count_entry(level, place == NULL);
	return node;
}

uint32_t intern_node(uint32_t parent, uint32_t module, uint64_t offset)
{
	struct want want = { parent, module, offset,
			     hash_pair(offset ^ (uint64_t)module << 48, parent) };
	unsigned level = at_load_relaxed(&session.header->intern_level);
	if (AT_UNLIKELY(level >= SESSION_INTERN_LEVELS))
		return NODE_UNKNOWN;
	uint32_t *place;
	uint32_t node = search_level(level, &want, &place);
	if (AT_LIKELY(node != 0))
		return node;
	return intern_slow(&want, level, place);
}
