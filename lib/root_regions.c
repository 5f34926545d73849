/* root_regions.c - see root_regions.h; and the tables that tell the tool of the process's memory.
 */
#include "lib/root_regions.h"

#include "base/atomics.h"
#include "lib/mapped.h"
#include "lib/sys.h"

enum { CLAIMED = 1 }; /* no address: being filled in */

static struct root_region regions[ROOT_REGIONS_MAX];
static struct memory_tables tables;

bool root_regions_add(uintptr_t low, size_t bytes)
{
	for (unsigned i = 0; low > CLAIMED && i < ROOT_REGIONS_MAX; i++) {
		uint64_t seen = 0;
		if (!at_cas_acq_rel(&regions[i].low, &seen, (uint64_t)CLAIMED))
			continue;
		at_store_relaxed(&regions[i].bytes, (uint64_t)bytes);
		at_store_release(&regions[i].low, (uint64_t)low);
		return true;
	}
	return false;
}

bool root_regions_remove(uintptr_t low, size_t bytes)
{
	for (unsigned i = 0; low > CLAIMED && i < ROOT_REGIONS_MAX; i++) {
		uint64_t seen = low;
		if (at_load_acquire(&regions[i].low) == low &&
		    at_load_relaxed(&regions[i].bytes) == bytes &&
		    at_cas_acq_rel(&regions[i].low, &seen, UINT64_C(0)))
			return true;
	}
	return false;
}

const struct memory_tables *memory_tables(void)
{
	tables = (struct memory_tables){ .version = MEMORY_TABLES_VERSION,
					 .own = (uintptr_t)sys_own_memory,
					 .roots = (uintptr_t)regions };
	mapped_tables(&tables.mapped_ranges, &tables.mapped_makers);
	return &tables;
}
