/* call_site.c - see call_site.h.
 *
 * A call is recognised by its last bytes, since that it was one is known: E8 and a distance, or FF
 * with /2 in the next byte. Where bytes of a distance look like another call, the target tells. */
#include "elf/call_site.h"

#include <gelf.h>
#include <stdio.h>
#include <string.h>

enum {
	BACK_BYTES = 8,	 /* more than the forms below have */
	STUB_BYTES = 16, /* of a PLT entry */
	STUBS_MAX = 3,	 /* jumps that are followed */
	DIRECT_BYTES = 5,
	BY_SLOT_BYTES = 6,
	MAX_SEGMENTS = 65536,
	MAX_RELOCATION_TABLES = 16, /* there are two or three */
};

static int32_t distance_at(const uint8_t *bytes)
{
	int32_t d;
	memcpy(&d, bytes, sizeof(d));
	return d;
}

static bool is_code(Elf *elf, uint64_t address)
{
	size_t count;
	if (elf_getphdrnum(elf, &count) != 0 || count > MAX_SEGMENTS)
		return false;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr phdr;
		if (gelf_getphdr(elf, (int)i, &phdr) && phdr.p_type == PT_LOAD &&
		    phdr.p_flags & PF_X && address >= phdr.p_vaddr &&
		    address - phdr.p_vaddr < phdr.p_filesz)
			return true;
	}
	return false;
}

/* ---- what is in a slot ---- */

static bool symbol_name(Elf *elf, size_t section, uint64_t index, struct call_site *out)
{
	GElf_Shdr shdr;
	GElf_Sym symbol;
	Elf_Scn *table = elf_getscn(elf, section);
	Elf_Data *data = table && gelf_getshdr(table, &shdr) ? elf_getdata(table, NULL) : NULL;
	if (!data || index > INT32_MAX || !gelf_getsym(data, (int)index, &symbol))
		return false;
	const struct elf_strings names = elf_strings_of(elf, shdr.sh_link);
	const char *name = elf_strings_at(&names, symbol.st_name);
	if (!name || !*name)
		return false;
	snprintf(out->symbol, sizeof(out->symbol), "%.*s", CALL_SYMBOL_BYTES - 1, name);
	out->kind = CALL_SYMBOL;
	return true;
}

static void take_own(Elf *elf, uint64_t target, bool by_resolver, struct call_site *out)
{
	if (!is_code(elf, target))
		return;
	out->kind = CALL_OWN;
	out->target = target;
	out->by_resolver = by_resolver;
}

static void take_relocation(Elf *elf, const GElf_Shdr *shdr, const GElf_Rela *r,
			    struct call_site *out)
{
	switch (GELF_R_TYPE(r->r_info)) {
	case R_X86_64_RELATIVE:
		take_own(elf, (uint64_t)r->r_addend, false, out);
		break;
	case R_X86_64_IRELATIVE:
		take_own(elf, (uint64_t)r->r_addend, true, out);
		break;
	default:
		symbol_name(elf, shdr->sh_link, GELF_R_SYM(r->r_info), out);
	}
}

static bool find_relocation(Elf *elf, uint64_t slot, struct call_site *out)
{
	Elf_Scn *section = NULL;
	GElf_Shdr shdr;
	size_t bytes = gelf_fsize(elf, ELF_T_RELA, 1, EV_CURRENT);
	for (unsigned left = MAX_RELOCATION_TABLES;
	     left > 0 && (section = elf_nextscn(elf, section));) {
		if (!gelf_getshdr(section, &shdr) || shdr.sh_type != SHT_RELA ||
		    !(shdr.sh_flags & SHF_ALLOC))
			continue;
		left--;
		Elf_Data *data = elf_getdata(section, NULL);
		size_t count = data && data->d_buf && bytes ? data->d_size / bytes : 0;
		for (size_t i = 0; i < count && i < INT32_MAX; i++) {
			GElf_Rela r;
			if (!gelf_getrela(data, (int)i, &r) || r.r_offset != slot)
				continue;
			take_relocation(elf, &shdr, &r, out);
			return true;
		}
	}
	return false;
}

/* A slot without a relocation, or with one of the packed kind, holds the address itself. */
static void read_slot(const struct elf_file *file, uint64_t slot, struct call_site *out)
{
	uint64_t target = 0;
	if (!find_relocation(file->elf, slot, out) &&
	    elf_file_read_mapped(file, slot, &target, sizeof(target)) == sizeof(target))
		take_own(file->elf, target, false, out);
}

/* ---- the code ---- */

static size_t skip(const uint8_t *code, size_t at, const char *bytes, size_t count)
{
	return memcmp(code + at, bytes, count) == 0 ? at + count : at;
}

/* A PLT entry, or a jump to the function. */
static void follow(const struct elf_file *file, uint64_t target, struct call_site *out)
{
	take_own(file->elf, target, false, out);
	for (unsigned i = 0; i < STUBS_MAX && out->kind == CALL_OWN; i++) {
		uint8_t code[STUB_BYTES] = { 0 };
		if (elf_file_read_mapped(file, out->target, code, sizeof(code)) < sizeof(code))
			return;
		size_t at = skip(code, 0, "\xf3\x0f\x1e\xfa", 4); /* endbr64 */
		at = skip(code, at, "\xf2", 1);			  /* bnd */
		if (code[at] == 0xff && code[at + 1] == 0x25) {
			uint64_t next = out->target + at + BY_SLOT_BYTES;
			struct call_site there = { .kind = CALL_UNKNOWN };
			read_slot(file, next + (uint64_t)(int64_t)distance_at(code + at + 2),
				  &there);
			/* What is no stub begins with a jump by a table of its own. */
			if (there.kind != CALL_UNKNOWN)
				*out = there;
			return;
		}
		if (code[at] != 0xe9)
			return;
		take_own(file->elf,
			 out->target + at + DIRECT_BYTES +
				 (uint64_t)(int64_t)distance_at(code + at + 1),
			 false, out);
	}
}

/* FF /2, of as many bytes as its second one says. */
static bool is_call_by_pointer(const uint8_t *end)
{
	for (size_t bytes = 2; bytes <= 7; bytes++) {
		const uint8_t *at = end - bytes;
		unsigned mode = at[1] >> 6, base = at[1] & 7;
		if (at[0] != 0xff || (at[1] >> 3 & 7) != 2)
			continue;
		bool sib = mode != 3 && base == 4;
		size_t distance = mode == 1 ? 1 : mode == 2 || (mode == 0 && base == 5) ? 4 : 0;
		if (sib && mode == 0 && (at[2] & 7) == 5)
			distance = 4;
		if (bytes == 2 + (size_t)sib + distance)
			return true;
	}
	return false;
}

static bool is_supported(Elf *elf)
{
	GElf_Ehdr ehdr;
	return gelf_getehdr(elf, &ehdr) && ehdr.e_machine == EM_X86_64 &&
	       ehdr.e_ident[EI_CLASS] == ELFCLASS64;
}

void call_site_read(struct call_site *out, const struct elf_file *file, uint64_t return_address)
{
	uint8_t code[BACK_BYTES];
	const uint8_t *end = code + BACK_BYTES;
	*out = (struct call_site){ .kind = CALL_UNKNOWN };
	if (!is_supported(file->elf) ||
	    elf_file_read_mapped(file, return_address - BACK_BYTES, code, BACK_BYTES) < BACK_BYTES)
		return;
	if (end[-BY_SLOT_BYTES] == 0xff && end[1 - BY_SLOT_BYTES] == 0x15)
		read_slot(file, return_address + (uint64_t)(int64_t)distance_at(end - 4), out);
	else if (end[-DIRECT_BYTES] == 0xe8)
		follow(file, return_address + (uint64_t)(int64_t)distance_at(end - 4), out);
	if (out->kind == CALL_UNKNOWN && is_call_by_pointer(end))
		out->kind = CALL_POINTER;
}

void call_site_target(struct call_site *out, const struct elf_file *file, uint64_t target)
{
	*out = (struct call_site){ .kind = CALL_UNKNOWN };
	if (is_supported(file->elf))
		follow(file, target, out);
}

void call_site_slot(struct call_site *out, const struct elf_file *file, uint64_t slot)
{
	*out = (struct call_site){ .kind = CALL_UNKNOWN };
	if (is_supported(file->elf))
		read_slot(file, slot, out);
}

/* Of the names that a function has, the one that people know it by. */
static bool is_better_name(const char *name, const char *than)
{
	return !*than || (*than == '_' && *name != '_');
}

bool call_site_function(const struct elf_file *file, uint64_t address, char name[CALL_SYMBOL_BYTES])
{
	*name = '\0';
	Elf_Scn *section = NULL;
	GElf_Shdr shdr;
	size_t bytes = gelf_fsize(file->elf, ELF_T_SYM, 1, EV_CURRENT);
	while ((section = elf_nextscn(file->elf, section))) {
		if (!gelf_getshdr(section, &shdr) || shdr.sh_type != SHT_DYNSYM)
			continue;
		Elf_Data *data = elf_getdata(section, NULL);
		const struct elf_strings names = elf_strings_of(file->elf, shdr.sh_link);
		size_t count = data && data->d_buf && bytes ? data->d_size / bytes : 0;
		for (size_t i = 1; i < count && i < INT32_MAX; i++) {
			GElf_Sym s;
			if (!gelf_getsym(data, (int)i, &s) || s.st_shndx == SHN_UNDEF ||
			    GELF_ST_TYPE(s.st_info) != STT_FUNC || address < s.st_value ||
			    address - s.st_value >= s.st_size)
				continue;
			const char *found = elf_strings_at(&names, s.st_name);
			if (found && *found && is_better_name(found, name))
				snprintf(name, CALL_SYMBOL_BYTES, "%.*s", CALL_SYMBOL_BYTES - 1,
					 found);
		}
		break;
	}
	return *name;
}
