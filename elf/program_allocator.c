/* program_allocator.c - see program_allocator.h. A single name proves nothing (unrelated programs
 * export functions that begin with tc_ or mi_): each allocator is known by two functions that
 * belong together. */
#include "elf/program_allocator.h"

#include <gelf.h>
#include <stdbool.h>
#include <string.h>

#include "base/compiler.h"

struct telltale {
	const char *allocator;
	const char *symbols[2]; /* both must be defined */
};

static const struct telltale telltales[] = {
	{ "jemalloc", { "je_malloc", "je_mallctl" } },
	{ "jemalloc", { "_rjem_malloc", "_rjem_mallctl" } },
	{ "jemalloc", { "mallctl", "mallocx" } },
	{ "jemalloc", { "je_arena_init", "je_tsd_boot" } },
	{ "jemalloc", { "je_arenas_management_init", "je_malloc_default" } },
	{ "mimalloc", { "mi_malloc", "mi_free" } },
	{ "mimalloc", { "_mi_malloc_generic", "_mi_page_malloc" } },
	{ "tcmalloc", { "tc_malloc", "tc_free" } },
	{ "tcmalloc", { "TCMallocInternalMalloc", "TCMallocInternalFree" } },
	{ "snmalloc", { "sn_malloc", "sn_free" } },
	{ "rpmalloc", { "rpmalloc", "rpfree" } },
	{ "tbbmalloc", { "scalable_malloc", "scalable_free" } },
};

struct search {
	bool malloc_exported, malloc_contained, free_contained;
	unsigned seen[AT_COUNT_OF(telltales)]; /* bit 0: the first symbol, bit 1: the second */
};

/* Names outside the table's strings are NULL; inside they are terminated. */
static const char *symbol_name(Elf *elf, size_t strings, const GElf_Sym *symbol)
{
	return elf_strptr(elf, strings, symbol->st_name);
}

static void look_at(struct search *search, const char *name, bool exported)
{
	if (strcmp(name, "malloc") == 0) {
		search->malloc_exported |= exported;
		search->malloc_contained = true;
	}
	if (strcmp(name, "free") == 0)
		search->free_contained = true;
	for (size_t i = 0; i < AT_COUNT_OF(telltales); i++)
		for (unsigned bit = 0; bit < 2; bit++)
			if (strcmp(name, telltales[i].symbols[bit]) == 0)
				search->seen[i] |= 1u << bit;
}

static void search_table(struct search *search, Elf *elf, Elf_Scn *section, const GElf_Shdr *shdr)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t entry_bytes = gelf_fsize(elf, ELF_T_SYM, 1, EV_CURRENT);
	size_t count = data && data->d_buf && entry_bytes ? data->d_size / entry_bytes : 0;
	for (size_t i = 1; i < count; i++) {
		GElf_Sym symbol;
		if (!gelf_getsym(data, (int)i, &symbol) || symbol.st_shndx == SHN_UNDEF ||
		    GELF_ST_TYPE(symbol.st_info) != STT_FUNC)
			continue;
		const char *name = symbol_name(elf, shdr->sh_link, &symbol);
		if (name)
			look_at(search, name, shdr->sh_type == SHT_DYNSYM);
	}
}

void program_find_allocator(Elf *elf, struct program_info *info)
{
	struct search search = { .malloc_exported = false };
	Elf_Scn *section = NULL;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr shdr;
		if (gelf_getshdr(section, &shdr) &&
		    (shdr.sh_type == SHT_SYMTAB || shdr.sh_type == SHT_DYNSYM))
			search_table(&search, elf, section, &shdr);
	}
	for (size_t i = 0; i < AT_COUNT_OF(telltales) && !info->allocator_name; i++)
		if (search.seen[i] == 3)
			info->allocator_name = telltales[i].allocator;
	if (search.malloc_exported)
		info->allocator = PROGRAM_EXPORTS_MALLOC;
	else if (search.malloc_contained && search.free_contained)
		info->allocator = PROGRAM_CONTAINS_MALLOC;
	else if (info->allocator_name)
		info->allocator = PROGRAM_CONTAINS_OTHER;
}
