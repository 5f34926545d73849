/* dwarf_index.c - see dwarf_index.h. */
#include "symbol/dwarf_index.h"

#include <dwarf.h>
#include <stdlib.h>

#include "util/mem.h"

enum {
	/* Far more than any real program has (libxul: 20 million); a hostile file of 100 MB that
	 * makes each of its DIEs point at one long list of ranges would have 10^13. */
	RANGES_MAX = 64 << 20,
};

struct adding {
	struct dwarf_index *index;
	uint32_t unit;
};

static void add_range(void *context, uint64_t low, uint64_t high)
{
	struct adding *adding = context;
	range_map_add(&adding->index->map, low, high, adding->unit, adding->unit);
}

void dwarf_index_build(struct dwarf_index *index, Dwarf *dwarf)
{
	*index = (struct dwarf_index){ .dwarf = dwarf, .range_budget = RANGES_MAX };
	Dwarf_CU *cu = NULL;
	uint8_t type;
	Dwarf_Die die;
	while (dwarf_get_units(dwarf, cu, &cu, NULL, &type, &die, NULL) == 0) {
		if (type != DW_UT_compile && type != DW_UT_skeleton)
			continue;
		struct adding adding = { index, (uint32_t)index->unit_count };
		if (dwarf_unit_each_range(&die, &index->range_budget, add_range, &adding) == 0)
			continue;
		index->units = mem_grow(index->units, &index->unit_cap, index->unit_count + 1,
					sizeof(*index->units));
		index->units[index->unit_count++] = (struct dwarf_unit){ .die = die };
	}
	range_map_build(&index->map);
}

void dwarf_index_release(struct dwarf_index *index)
{
	for (size_t i = 0; i < index->unit_count; i++)
		dwarf_unit_release(&index->units[i]);
	free(index->units);
	range_map_release(&index->map);
	*index = (struct dwarf_index){ 0 };
}

size_t dwarf_index_frames(struct dwarf_index *index, struct names *names, uint64_t address,
			  struct trace_symbol *out, size_t max)
{
	uint32_t unit = range_map_find(&index->map, address);
	if (unit == RANGE_NONE)
		return 0;
	return dwarf_unit_frames(&index->units[unit], names, &index->range_budget, address, out,
				 max);
}
