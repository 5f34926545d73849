/* pair_map.c - open addressing; see pair_map.h. */
#include "analysis/pair_map.h"

#include <stdlib.h>

#include "base/hash.h"
#include "util/mem.h"

struct pair_entry {
	uint64_t a;
	uint64_t b;
	uint32_t number;
	bool used;
};

static struct pair_entry *find(const struct pair_map *m, uint64_t a, uint64_t b)
{
	size_t i = hash_pair(a, b) & (m->room - 1);
	while (m->entries[i].used && (m->entries[i].a != a || m->entries[i].b != b))
		i = (i + 1) & (m->room - 1);
	return &m->entries[i];
}

static void grow(struct pair_map *m)
{
	struct pair_map old = *m;
	m->room = old.room ? old.room * 2 : 64;
	m->entries = mem_zalloc(m->room, sizeof(*m->entries));
	for (size_t i = 0; i < old.room; i++)
		if (old.entries[i].used)
			*find(m, old.entries[i].a, old.entries[i].b) = old.entries[i];
	free(old.entries);
}

uint32_t *pair_map_at(struct pair_map *m, uint64_t a, uint64_t b, bool *fresh)
{
	if (m->count * 4 >= m->room * 3)
		grow(m);
	struct pair_entry *e = find(m, a, b);
	*fresh = !e->used;
	if (!e->used) {
		*e = (struct pair_entry){ a, b, 0, true };
		m->count++;
	}
	return &e->number;
}

void pair_map_release(struct pair_map *m)
{
	free(m->entries);
	*m = (struct pair_map){ NULL, 0, 0 };
}
