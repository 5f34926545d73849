/* dwarf_index.c - see dwarf_index.h. */
#include "symbol/dwarf_index.h"

#include <dwarf.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "elf/elf_file.h"
#include "symbol/dwarf_names.h"
#include "util/mem.h"

struct adding {
	struct dwarf_index *index;
	uint32_t unit;
};

static void add_range(void *context, uint64_t low, uint64_t high)
{
	struct adding *adding = context;
	range_map_add(&adding->index->map, low, high, adding->unit, adding->unit);
}

/* A range takes more than two bytes somewhere; a file in which many DIEs name the same long list is
 * damaged, and would take time and memory without end. */
static size_t range_budget(Dwarf *dwarf)
{
	static const char *const names[] = { ".debug_info", ".debug_ranges", ".debug_rnglists" };
	size_t budget = 65536;
	for (size_t i = 0; i < AT_COUNT_OF(names); i++) {
		GElf_Shdr shdr;
		Elf_Scn *section = elf_section_named(dwarf_getelf(dwarf), names[i]);
		if (section && gelf_getshdr(section, &shdr))
			budget += shdr.sh_size / 2;
	}
	return budget;
}

void dwarf_index_build(struct dwarf_index *index, Dwarf *dwarf, Dwarf *alt_dwarf)
{
	*index = (struct dwarf_index){ .dwarf = dwarf,
				       .alt_dwarf = alt_dwarf,
				       .range_budget = range_budget(dwarf) };
	Dwarf_CU *cu = NULL;
	uint8_t type;
	Dwarf_Die die;
	while (dwarf_get_units(dwarf, cu, &cu, NULL, &type, &die, NULL) == 0) {
		if (type == DW_UT_type || type == DW_UT_split_type ||
		    index->unit_count >= RANGE_NONE)
			continue;
		struct adding adding = { index, (uint32_t)index->unit_count };
		if (type != DW_UT_partial)
			dwarf_unit_each_range(&die, &index->range_budget, add_range, &adding);
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
	if (index->alt)
		dwarf_index_release(index->alt);
	free(index->alt);
	free(index->units);
	range_map_release(&index->map);
	*index = (struct dwarf_index){ .dwarf = NULL };
}

struct dwarf_unit *dwarf_index_unit_of(struct dwarf_index *index, Dwarf_Die *die)
{
	Dwarf *dwarf = dwarf_cu_getdwarf(die->cu);
	if (dwarf != index->dwarf) {
		if (!index->alt_dwarf || dwarf != index->alt_dwarf)
			return NULL;
		if (!index->alt) {
			index->alt = mem_alloc(sizeof(*index->alt));
			dwarf_index_build(index->alt, index->alt_dwarf, NULL);
		}
		return dwarf_index_unit_of(index->alt, die);
	}
	Dwarf_Off start = dwarf_dieoffset(die) - dwarf_cuoffset(die);
	size_t low = 0, count = index->unit_count;
	while (count > 0) { /* the first unit whose DIE comes after the start of this one's */
		size_t half = count / 2;
		if (dwarf_dieoffset(&index->units[low + half].die) <= start) {
			low += half + 1;
			count -= half + 1;
		} else {
			count = half;
		}
	}
	if (low == index->unit_count || index->units[low].die.cu != die->cu)
		return NULL;
	dwarf_unit_build(&index->units[low], &index->range_budget);
	return &index->units[low];
}

static const char *call_file_name(const struct dwarf_unit *unit, struct names *names, uint32_t file)
{
	const char *path =
		file < unit->file_count ? dwarf_filesrc(unit->files, file, NULL, NULL) : NULL;
	return path ? names_plain(names, path, strlen(path)) : NULL;
}

/* Where the address itself is; false when the line table does not cover it. */
static bool source_line(struct dwarf_unit *unit, struct names *names, uint64_t address,
			struct trace_symbol *out)
{
	int number = 0;
	Dwarf_Line *line = dwarf_getsrc_die(&unit->die, address);
	const char *path = line ? dwarf_linesrc(line, NULL, NULL) : NULL;
	if (!path)
		return false;
	out->file = names_plain(names, path, strlen(path));
	if (dwarf_lineno(line, &number) == 0 && number > 0)
		out->line = (uint32_t)number;
	return true;
}

size_t dwarf_index_frames(struct dwarf_index *index, struct names *names, uint64_t address,
			  struct trace_symbol *out, size_t max, bool *incomplete)
{
	*incomplete = true;
	uint32_t found = range_map_find(&index->map, address);
	if (found == RANGE_NONE || max == 0)
		return 0;
	struct dwarf_unit *unit = &index->units[found];
	dwarf_unit_build(unit, &index->range_budget);
	struct trace_symbol frame = { .function = NULL };
	bool has_line = source_line(unit, names, address, &frame);
	uint32_t at = range_map_find(&unit->map, address);
	size_t count = 0;
	while (at != RANGE_NONE && count < max) {
		struct dwarf_scope *scope = &unit->scopes[at];
		dwarf_name_scope(index, unit, scope, names);
		frame.function = scope->function;
		frame.inlined = scope->caller != RANGE_NONE;
		out[count++] = frame;
		frame = (struct trace_symbol){
			.file = call_file_name(unit, names, scope->call_file),
			.line = scope->call_line,
		};
		at = scope->caller;
		if (at == RANGE_NONE)
			*incomplete = !scope->function ||
				      (unit->has_contexts && !scope->has_linkage_name);
	}
	if (count == 0 && has_line && frame.line > 0)
		out[count++] = frame;
	if (count == max) { /* the chain may be cut off */
		*incomplete = false;
		out[count - 1].inlined = false;
	}
	return count;
}
