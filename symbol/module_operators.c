/* module_operators.c - see module_operators.h. */
#include "symbol/module_operators.h"

#include <gelf.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "symbol/module_allocators.h"
#include "symbol/module_files.h"
#include "util/mem.h"
#include "wire/families.h"

static const char family_of_operators[] = "C++ operators";

struct operators_finder {
	struct allocator_finder *allocators;
};

struct operators_finder *operators_finder_new(void)
{
	struct operators_finder *finder = mem_zalloc(1, sizeof(*finder));
	finder->allocators = allocator_finder_new();
	return finder;
}

void operators_finder_free(struct operators_finder *finder)
{
	if (finder)
		allocator_finder_free(finder->allocators);
	free(finder);
}

static void take(struct module_operators *o, const char *function, uint32_t flags)
{
	if (strncmp(function, "_Zn", 3) != 0 && strncmp(function, "_Zd", 3) != 0)
		return;
	o->some = true;
	o->exported |= (flags & ALLOCATOR_FUNCTION_EXPORTED) != 0;
}

static bool has_symbols(Elf *elf)
{
	Elf_Scn *section = NULL;
	GElf_Shdr shdr;
	while ((section = elf_nextscn(elf, section)))
		if (gelf_getshdr(section, &shdr) && shdr.sh_type == SHT_SYMTAB)
			return true;
	return false;
}

/* Which operators the module takes from others. */
static void find_imports(Elf *elf, Elf_Scn *section, const GElf_Shdr *shdr, bool *news,
			 bool *deletes)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t count = elf_symbol_count(elf, data);
	for (size_t i = 1; i < count && i < INT_MAX; i++) {
		GElf_Sym symbol;
		if (!gelf_getsym(data, (int)i, &symbol))
			return;
		const char *name = symbol.st_shndx == SHN_UNDEF
					   ? elf_strptr(elf, shdr->sh_link, symbol.st_name)
					   : NULL;
		*news |= name && strncmp(name, "_Zn", 3) == 0;
		*deletes |= name && strncmp(name, "_Zd", 3) == 0;
	}
}

static void look_for_lacks(struct module_operators *o, const struct trace_module *module)
{
	struct elf_file file;
	bool news = false, deletes = false;
	if (module->anonymous_process_plus_1 || module->path[0] != '/' ||
	    elf_file_open(&file, module->path, NULL) < 0)
		return;
	Elf_Scn *section = NULL;
	GElf_Shdr shdr;
	if (module_file_is_same(file.elf, module) && !has_symbols(file.elf))
		while ((section = elf_nextscn(file.elf, section)))
			if (gelf_getshdr(section, &shdr) && shdr.sh_type == SHT_DYNSYM)
				find_imports(file.elf, section, &shdr, &news, &deletes);
	elf_file_close(&file);
	o->lacks_new = deletes && !news;
	o->lacks_delete = news && !deletes;
}

struct module_operators module_operators_find(struct operators_finder *finder,
					      const struct trace_module *module)
{
	struct module_operators o = { false, false, false, false };
	struct allocators found;
	module_allocators_find(finder->allocators, module, &found);
	for (size_t i = 0; i < found.count; i++) {
		o.some |= strcmp(found.items[i].name, family_of_operators) == 0;
		for (size_t k = 0; k < found.items[i].function_count; k++)
			take(&o, found.items[i].functions[k].name,
			     found.items[i].functions[k].flags);
	}
	allocators_release(&found);
	if (!o.some)
		look_for_lacks(&o, module);
	return o;
}

bool module_may_make(const struct module_operators *o)
{
	return o->some || o->lacks_new;
}

bool module_may_release(const struct module_operators *o)
{
	return o->some || o->lacks_delete;
}
