/* given_blocks.c - see given_blocks.h. */
#include "elf/given_blocks.h"

#include <gelf.h>
#include <string.h>

#include "base/compiler.h"

static const char *const names[] = {
	"strdup",
	"strndup",
	"asprintf",
	"vasprintf",
	"getline",
	"getdelim",
	"wcsdup",
	"open_memstream",
	"open_wmemstream",
	"scandir",
	"scandir64",
	"get_current_dir_name",
	"canonicalize_file_name",
	"tempnam",
	"backtrace_symbols",
	"__strdup",
	"__strndup",
	"__asprintf_chk",
	"__vasprintf_chk",
	"__getdelim",
	"__asprintf",
};

const char *given_blocks_name(unsigned bit)
{
	return bit < AT_COUNT_OF(names) ? names[bit] : NULL;
}

static uint64_t bit_of(const char *name)
{
	for (unsigned i = 0; i < AT_COUNT_OF(names); i++)
		if (strcmp(names[i], name) == 0)
			return UINT64_C(1) << i;
	return 0;
}

uint64_t given_blocks_read(const struct elf_file *file, bool *looks_up)
{
	uint64_t bits = 0;
	*looks_up = false;
	GElf_Shdr shdr;
	Elf_Data *data = elf_getdata(elf_section_of_type(file->elf, SHT_DYNSYM, &shdr), NULL);
	size_t bytes = gelf_fsize(file->elf, ELF_T_SYM, 1, EV_CURRENT);
	size_t count = data && data->d_buf && bytes ? data->d_size / bytes : 0;
	for (size_t i = 1; i < count && i < INT32_MAX; i++) {
		GElf_Sym symbol;
		if (!gelf_getsym(data, (int)i, &symbol) || symbol.st_shndx != SHN_UNDEF)
			continue;
		const char *name = elf_strptr(file->elf, shdr.sh_link, symbol.st_name);
		bits |= name ? bit_of(name) : 0;
		*looks_up |= name && strncmp(name, "dlsym", 5) == 0;
	}
	return bits;
}
