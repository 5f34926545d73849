/* function_set.c - see function_set.h. */
#include "elf/function_set.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "elf/elf_file.h"
#include "util/mem.h"

enum { FIRST_ROOM = 256 };

void function_set_release(struct function_set *set)
{
	free(set->items);
	free(set->table);
	memset(set, 0, sizeof(*set));
}

static uint32_t *place(const struct function_set *set, const char *name, size_t bytes)
{
	size_t mask = set->room - 1;
	for (size_t at = hash_u64(hash_bytes(name, bytes)) & mask;; at = (at + 1) & mask) {
		uint32_t *entry = &set->table[at];
		if (!*entry)
			return entry;
		const struct function *f = &set->items[*entry - 1];
		if (f->name_bytes == bytes && memcmp(f->name, name, bytes) == 0)
			return entry;
	}
}

static void grow(struct function_set *set)
{
	free(set->table);
	set->room = set->room ? set->room * 4 : FIRST_ROOM;
	set->table = mem_zalloc(set->room, sizeof(*set->table));
	for (size_t i = 0; i < set->count; i++)
		*place(set, set->items[i].name, set->items[i].name_bytes) = (uint32_t)i + 1;
}

void function_set_put(struct function_set *set, const struct function *function)
{
	if (set->count * 2 >= set->room)
		grow(set);
	uint32_t *entry = place(set, function->name, function->name_bytes);
	if (*entry)
		return;
	set->items = mem_grow(set->items, &set->cap, set->count + 1, sizeof(*set->items));
	set->items[set->count++] = *function;
	*entry = (uint32_t)set->count;
}

static unsigned ending_of(const char *name, size_t bytes)
{
	const uint8_t *last = (const uint8_t *)name + bytes - NAME_ENDING_BYTES;
	return (last[0] + last[1] * 37u + last[2] * 1369u) % NAME_ENDINGS;
}

void name_endings_add(struct name_endings *endings, const char *name, size_t bytes)
{
	if (bytes < NAME_ENDING_BYTES)
		return;
	unsigned ending = ending_of(name, bytes);
	endings->bits[ending / 8] |= (uint8_t)(1u << ending % 8);
}

static bool has_ending(const struct name_endings *endings, const char *name, size_t bytes)
{
	if (bytes < NAME_ENDING_BYTES)
		return true;
	unsigned ending = ending_of(name, bytes);
	return endings->bits[ending / 8] >> ending % 8 & 1;
}

static bool is_function(const GElf_Sym *symbol)
{
	unsigned type = GELF_ST_TYPE(symbol->st_info);
	return symbol->st_shndx != SHN_UNDEF && symbol->st_shndx != SHN_ABS &&
	       (type == STT_FUNC || type == STT_GNU_IFUNC);
}

static bool is_exported(const GElf_Sym *symbol)
{
	unsigned visibility = GELF_ST_VISIBILITY(symbol->st_other);
	return GELF_ST_BIND(symbol->st_info) != STB_LOCAL &&
	       (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
}

static uint64_t address_of(const struct function_set *set, const GElf_Sym *symbol, bool object)
{
	enum { SECTION_BIT = 32, OBJECT_BIT = 48 };
	if (!object)
		return symbol->st_value;
	return (symbol->st_value & UINT32_MAX) | (uint64_t)symbol->st_shndx << SECTION_BIT |
	       (uint64_t)set->objects << OBJECT_BIT;
}

static void add_section(struct function_set *set, Elf *elf, Elf_Scn *section, const GElf_Shdr *shdr)
{
	GElf_Ehdr ehdr;
	bool object = gelf_getehdr(elf, &ehdr) && ehdr.e_type == ET_REL;
	Elf_Data *data = elf_getdata(section, NULL);
	const struct elf_strings names = elf_strings_of(elf, shdr->sh_link);
	size_t count = elf_symbol_count(elf, data);
	for (size_t i = 1; i < count && set->count < UINT32_MAX / 4; i++) {
		GElf_Sym symbol;
		if (!gelf_getsym(data, (int)i, &symbol))
			return;
		const char *name =
			is_function(&symbol) ? elf_strings_at(&names, symbol.st_name) : NULL;
		if (!name)
			continue;
		size_t bytes = strnlen(name, FUNCTION_NAME_MAX + 1);
		const char *version = memchr(name, '@', bytes);
		if (version)
			bytes = (size_t)(version - name);
		if (bytes == 0 || bytes > FUNCTION_NAME_MAX ||
		    (set->endings && !has_ending(set->endings, name, bytes)))
			continue;
		const struct function function = {
			.name = name,
			.name_bytes = (uint32_t)bytes,
			.exported = (object || shdr->sh_type == SHT_DYNSYM) && is_exported(&symbol),
			.address = address_of(set, &symbol, object),
		};
		function_set_put(set, &function);
	}
	set->objects += object;
}

void function_set_add(struct function_set *set, Elf *elf, uint32_t section_type)
{
	Elf_Scn *section = NULL;
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr shdr;
		if (!gelf_getshdr(section, &shdr) || shdr.sh_type != section_type)
			continue;
		/* There is one of a type, and a damaged file's others may be the same again. */
		add_section(set, elf, section, &shdr);
		return;
	}
}

const struct function *function_set_find(const struct function_set *set, const char *prefix,
					 const char *name)
{
	char full[FUNCTION_NAME_MAX + 1];
	size_t prefix_bytes = strlen(prefix), bytes = prefix_bytes + strlen(name);
	if (bytes > FUNCTION_NAME_MAX || !set->room)
		return NULL;
	memcpy(full, prefix, prefix_bytes);
	memcpy(full + prefix_bytes, name, bytes - prefix_bytes);
	uint32_t entry = *place(set, full, bytes);
	return entry ? &set->items[entry - 1] : NULL;
}
