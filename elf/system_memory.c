/* system_memory.c - see system_memory.h. */
#include "elf/system_memory.h"

#include <gelf.h>
#include <string.h>

#include "base/compiler.h"
#include "elf/elf_file.h"

/* What gives pages, what can find such a function, and what a C++ runtime imports that is linked in
 * statically (it has operators new and delete): it looks through the modules for unwinding tables,
 * or has libgcc do so. */
static const char *const sources[] = {
	"mmap",	  "mmap64", "__mmap",	       "mremap",	  "sbrk",
	"__sbrk", "brk",    "syscall",	       "shmat",		  "dlsym",
	"dlvsym", "__brk",  "dl_iterate_phdr", "_dl_find_object", "_Unwind_RaiseException",
};

static bool is_source(const char *name)
{
	if (*name != 'm' && *name != 's' && *name != 'b' && *name != 'd' && *name != '_')
		return false;
	for (size_t i = 0; i < AT_COUNT_OF(sources); i++)
		if (strcmp(name, sources[i]) == 0)
			return true;
	return false;
}

static bool needs_libraries(Elf *elf)
{
	GElf_Shdr shdr;
	GElf_Dyn entry;
	Elf_Data *data = elf_getdata(elf_section_of_type(elf, SHT_DYNAMIC, &shdr), NULL);
	for (int i = 0; data && gelf_getdyn(data, i, &entry) && entry.d_tag != DT_NULL; i++)
		if (entry.d_tag == DT_NEEDED)
			return true;
	return false;
}

bool elf_gets_system_memory(Elf *elf)
{
	GElf_Shdr shdr;
	Elf_Data *data = elf_getdata(elf_section_of_type(elf, SHT_DYNSYM, &shdr), NULL);
	if (!data || !needs_libraries(elf))
		return true;
	const struct elf_strings names = elf_strings_of(elf, shdr.sh_link);
	size_t count = elf_symbol_count(elf, data);
	for (size_t i = 1; i < count && i < INT32_MAX; i++) {
		GElf_Sym symbol;
		if (!gelf_getsym(data, (int)i, &symbol))
			return true;
		const char *name = symbol.st_shndx == SHN_UNDEF
					   ? elf_strings_at(&names, symbol.st_name)
					   : NULL;
		if (name && is_source(name))
			return true;
	}
	return false;
}
