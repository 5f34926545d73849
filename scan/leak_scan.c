/* leak_scan.c - see leak_scan.h. */
#include "scan/leak_scan.h"

#include <stdlib.h>

#include "scan/groups.h"
#include "util/mem.h"

static void search(const struct scan_target *target, const struct block_list *blocks,
		   struct read_cache *cache, struct leak_scan *out)
{
	struct address_space space;
	struct known_memory known;
	struct root_list roots;
	struct lost lost;
	address_space_read(&space, target, cache);
	known_memory_read(&known, target->memory_tables, cache, blocks);
	root_list_find(&roots, target, &space, blocks, &known, cache);
	struct mark m = {
		.target = target, .blocks = blocks, .space = &space, .roots = &roots, .cache = cache
	};
	mark_run(&m);
	lost_find(&lost, &m);
	groups_make(out, &m, &lost);
	out->root_bytes = m.root_bytes;
	out->unreadable_bytes = m.unreadable_bytes + blocks->unreadable_bytes;
	out->changing_pages = blocks->changing_pages;
	lost_release(&lost);
	mark_release(&m);
	root_list_release(&roots);
	known_memory_release(&known);
	address_space_release(&space);
}

int leak_scan_run(const struct scan_target *target, struct leak_scan *out, struct err *err)
{
	struct read_cache cache;
	struct block_list blocks;
	*out = (struct leak_scan){ 0 };
	if (!target->block_roots)
		return err_set(err, "the process has no block table yet");
	read_cache_init(&cache, &target->memory);
	int result = block_list_read(&blocks, &cache, target->block_roots, err);
	if (result == 0)
		search(target, &blocks, &cache, out);
	block_list_release(&blocks);
	read_cache_release(&cache);
	return result;
}

void leak_scan_release(struct leak_scan *scan)
{
	for (size_t i = 0; i < scan->module_count; i++)
		free(scan->modules[i]);
	free(scan->modules);
	free(scan->module_starts);
	free(scan->groups);
	*scan = (struct leak_scan){ 0 };
}
