/* code_ranges.c - see code_ranges.h. */
#include "elf/code_ranges.h"

#include <gelf.h>
#include <stdlib.h>

#include "elf/elf_file.h"
#include "util/mem.h"

enum { RANGES_MAX = 1 << 24 }; /* a damaged file is not worth more memory than this takes */

void code_ranges_release(struct code_ranges *ranges)
{
	free(ranges->items);
	*ranges = (struct code_ranges)CODE_RANGES_INIT;
}

void code_ranges_add(struct code_ranges *ranges, uint64_t start, uint64_t end,
		     enum code_range_kind kind)
{
	if (end < start || ranges->count >= RANGES_MAX)
		return;
	ranges->items =
		mem_grow(ranges->items, &ranges->cap, ranges->count + 1, sizeof(*ranges->items));
	ranges->items[ranges->count++] =
		(struct code_range){ .start = start, .end = end, .kind = (uint8_t)kind };
}

/* ---- symbols ---- */

static bool is_code_section(Elf *elf, unsigned index)
{
	GElf_Shdr shdr;
	Elf_Scn *section = index < SHN_LORESERVE ? elf_getscn(elf, index) : NULL;
	return section && gelf_getshdr(section, &shdr) && shdr.sh_flags & SHF_EXECINSTR;
}

static void add_symbol(struct code_ranges *ranges, Elf *elf, const GElf_Sym *symbol)
{
	unsigned type = GELF_ST_TYPE(symbol->st_info);
	if (symbol->st_shndx == SHN_UNDEF || symbol->st_shndx == SHN_ABS)
		return;
	if (type == STT_FUNC || type == STT_GNU_IFUNC)
		code_ranges_add(ranges, symbol->st_value, symbol->st_value + symbol->st_size,
				type == STT_FUNC ? CODE_FUNCTION : CODE_IFUNC);
	else if (type == STT_NOTYPE && is_code_section(elf, symbol->st_shndx))
		code_ranges_add(ranges, symbol->st_value, symbol->st_value, CODE_LABEL);
}

static void add_table(struct code_ranges *ranges, Elf *elf, Elf_Scn *section)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t count = elf_symbol_count(elf, data);
	for (size_t i = 1; i < count && i < RANGES_MAX; i++) {
		GElf_Sym symbol;
		if (!gelf_getsym(data, (int)i, &symbol))
			return;
		add_symbol(ranges, elf, &symbol);
	}
}

void code_ranges_add_symbols(struct code_ranges *ranges, Elf *elf)
{
	Elf_Scn *section = NULL;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr shdr;
		if (gelf_getshdr(section, &shdr) &&
		    (shdr.sh_type == SHT_SYMTAB || shdr.sh_type == SHT_DYNSYM))
			add_table(ranges, elf, section);
	}
}

/* ---- questions ---- */

static int by_start(const void *a, const void *b)
{
	const struct code_range *x = a, *y = b;
	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->end < y->end ? -1 : x->end > y->end;
}

void code_ranges_seal(struct code_ranges *ranges)
{
	if (ranges->count == 0)
		return;
	qsort(ranges->items, ranges->count, sizeof(*ranges->items), by_start);
	uint64_t reach = 0;
	for (size_t i = 0; i < ranges->count; i++) {
		struct code_range *r = &ranges->items[i];
		reach = r->end > reach ? r->end : reach;
		r->reach = reach;
	}
}

size_t code_ranges_from(const struct code_ranges *ranges, uint64_t address)
{
	size_t low = 0, high = ranges->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (ranges->items[middle].start < address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint64_t code_ranges_end(const struct code_ranges *ranges, uint64_t start)
{
	uint64_t end = 0;
	for (size_t i = code_ranges_from(ranges, start);
	     i < ranges->count && ranges->items[i].start == start; i++)
		if (ranges->items[i].end > start)
			end = ranges->items[i].end;
	return end;
}

bool code_ranges_has(const struct code_ranges *ranges, uint64_t start, enum code_range_kind kind)
{
	for (size_t i = code_ranges_from(ranges, start);
	     i < ranges->count && ranges->items[i].start == start; i++)
		if (ranges->items[i].kind == kind)
			return true;
	return false;
}

bool code_ranges_inside(const struct code_ranges *ranges, uint64_t address)
{
	size_t next = code_ranges_from(ranges, address);
	return next > 0 && ranges->items[next - 1].reach > address;
}

bool code_ranges_starts_in(const struct code_ranges *ranges, uint64_t from, uint64_t to)
{
	size_t next = code_ranges_from(ranges, from);
	return next < ranges->count && ranges->items[next].start < to;
}
