/* thread_storage.c - see thread_storage.h. */
#include "elf/thread_storage.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "util/mem.h"

enum {
	NAMES_MAX = 65536, /* of variables: more is no file that a compiler made */
	VERSIONS_MAX = 4096,
};

/* ---- segments and the dynamic section ---- */

static void read_segments(struct thread_storage *t, Elf *elf)
{
	GElf_Phdr segment;
	if (!elf_segment_of_type(elf, PT_TLS, &segment))
		return;
	bool is_power = segment.p_align && !(segment.p_align & (segment.p_align - 1));
	t->bytes = segment.p_memsz;
	t->alignment = is_power ? segment.p_align : 1;
	t->first_byte = segment.p_vaddr & (t->alignment - 1);
}

static size_t entries_of(const Elf_Data *data, size_t entry_bytes)
{
	return data && data->d_buf && entry_bytes ? data->d_size / entry_bytes : 0;
}

static void read_flags(struct thread_storage *t, Elf *elf, Elf_Scn *section)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t count = entries_of(data, gelf_fsize(elf, ELF_T_DYN, 1, EV_CURRENT));
	for (size_t i = 0; i < count && i < INT32_MAX; i++) {
		GElf_Dyn entry;
		if (!gelf_getdyn(data, (int)i, &entry) || entry.d_tag == DT_NULL)
			return;
		if (entry.d_tag == DT_FLAGS && entry.d_un.d_val & DF_STATIC_TLS)
			t->is_static = true;
	}
}

/* The steps of the list are unsigned: they may lead out of the section, which libelf notices, but
 * never back. */
static void read_versions(struct thread_storage *t, Elf *elf, Elf_Scn *section, uint32_t strings)
{
	static const char prefix[] = "GLIBC_2.";
	Elf_Data *data = elf_getdata(section, NULL);
	GElf_Verdef def;
	GElf_Verdaux aux;
	uint64_t at = 0;
	for (unsigned i = 0; data && i < VERSIONS_MAX && at < INT32_MAX; i++, at += def.vd_next) {
		if (!gelf_getverdef(data, (int)at, &def) || at + def.vd_aux > INT32_MAX ||
		    !gelf_getverdaux(data, (int)(at + def.vd_aux), &aux))
			return;
		const char *name = elf_strptr(elf, strings, aux.vda_name);
		if (name && strncmp(name, prefix, sizeof(prefix) - 1) == 0) {
			unsigned long minor = strtoul(name + sizeof(prefix) - 1, NULL, 10);
			if (minor < 1000 && minor > t->glibc_minor)
				t->glibc_minor = (unsigned)minor;
		}
		if (def.vd_next == 0)
			return;
	}
}

/* ---- variables and their uses ---- */

struct symbols {
	Elf *elf;
	Elf_Data *data;
	size_t count;
	size_t section;
	uint32_t strings;
	uint16_t machine;
};

static const char *name_of(const struct symbols *s, size_t index, GElf_Sym *symbol)
{
	if (index >= s->count || index >= INT32_MAX || !gelf_getsym(s->data, (int)index, symbol))
		return NULL;
	return elf_strptr(s->elf, s->strings, symbol->st_name);
}

static void read_defined(struct thread_storage *t, const struct symbols *s)
{
	for (size_t i = 1; i < s->count && t->defined_count < NAMES_MAX; i++) {
		GElf_Sym symbol;
		const char *name = name_of(s, i, &symbol);
		if (!name || GELF_ST_TYPE(symbol.st_info) != STT_TLS ||
		    symbol.st_shndx == SHN_UNDEF || GELF_ST_BIND(symbol.st_info) == STB_LOCAL)
			continue;
		t->defined = mem_grow(t->defined, &t->defined_cap, t->defined_count + 1,
				      sizeof(*t->defined));
		t->defined[t->defined_count++] = mem_strdup(name);
	}
}

static unsigned use_of(uint16_t machine, uint32_t type)
{
	static const struct {
		uint16_t machine;
		uint16_t type;
		unsigned use;
	} uses[] = {
		{ EM_X86_64, R_X86_64_TPOFF64, THREAD_USE_FIXED },
		{ EM_X86_64, R_X86_64_TPOFF32, THREAD_USE_FIXED },
		{ EM_X86_64, R_X86_64_TLSDESC, THREAD_USE_DESCRIPTOR },
		{ EM_386, R_386_TLS_TPOFF, THREAD_USE_FIXED },
		{ EM_386, R_386_TLS_TPOFF32, THREAD_USE_FIXED },
		{ EM_386, R_386_TLS_DESC, THREAD_USE_DESCRIPTOR },
		{ EM_AARCH64, R_AARCH64_TLS_TPREL, THREAD_USE_FIXED },
		{ EM_AARCH64, R_AARCH64_TLSDESC, THREAD_USE_DESCRIPTOR },
		{ EM_ARM, R_ARM_TLS_TPOFF32, THREAD_USE_FIXED },
	};
	for (size_t i = 0; i < AT_COUNT_OF(uses); i++)
		if (uses[i].machine == machine && uses[i].type == type)
			return uses[i].use;
	return 0;
}

static void want(struct thread_storage *t, const char *name, unsigned use)
{
	for (size_t i = 0; i < t->wanted_count; i++)
		if (strcmp(t->wanted[i].name, name) == 0) {
			t->wanted[i].uses |= use;
			return;
		}
	/* Each new one is compared with those that are there: a hostile file may have many. */
	if (t->wanted_count == VERSIONS_MAX)
		return;
	t->wanted = mem_grow(t->wanted, &t->wanted_cap, t->wanted_count + 1, sizeof(*t->wanted));
	t->wanted[t->wanted_count++] = (struct thread_wanted){ mem_strdup(name), use };
}

static void read_relocation(struct thread_storage *t, const struct symbols *s, uint64_t info)
{
	unsigned use = use_of(s->machine, (uint32_t)GELF_R_TYPE(info));
	GElf_Sym symbol;
	if (!use)
		return;
	const char *name = GELF_R_SYM(info) ? name_of(s, GELF_R_SYM(info), &symbol) : NULL;
	if (name && GELF_ST_BIND(symbol.st_info) != STB_LOCAL &&
	    (symbol.st_shndx == SHN_UNDEF || GELF_ST_VISIBILITY(symbol.st_other) == STV_DEFAULT))
		want(t, name, use);
	else
		t->uses |= use;
	if (use == THREAD_USE_FIXED)
		t->is_static = true;
}

static void read_relocations(struct thread_storage *t, const struct symbols *s, Elf_Scn *section,
			     bool has_addends)
{
	Elf_Data *data = elf_getdata(section, NULL);
	Elf_Type type = has_addends ? ELF_T_RELA : ELF_T_REL;
	size_t count = entries_of(data, gelf_fsize(s->elf, type, 1, EV_CURRENT));
	for (size_t i = 0; i < count && i < INT32_MAX; i++) {
		GElf_Rela rela;
		GElf_Rel rel;
		if (has_addends ? !gelf_getrela(data, (int)i, &rela)
				: !gelf_getrel(data, (int)i, &rel))
			return;
		read_relocation(t, s, has_addends ? rela.r_info : rel.r_info);
	}
}

static bool find_symbols(struct symbols *s, Elf *elf)
{
	GElf_Ehdr ehdr;
	GElf_Shdr shdr;
	if (!gelf_getehdr(elf, &ehdr))
		return false;
	Elf_Scn *section = elf_section_of_type(elf, SHT_DYNSYM, &shdr);
	if (!section)
		return false;
	*s = (struct symbols){ .elf = elf,
			       .data = elf_getdata(section, NULL),
			       .section = elf_ndxscn(section),
			       .strings = shdr.sh_link,
			       .machine = ehdr.e_machine };
	s->count = entries_of(s->data, gelf_fsize(elf, ELF_T_SYM, 1, EV_CURRENT));
	return true;
}

void thread_storage_read(struct thread_storage *out, const struct elf_file *file)
{
	struct symbols symbols = { .elf = NULL };
	Elf_Scn *section = NULL;
	GElf_Shdr shdr;
	*out = (struct thread_storage){ .bytes = 0 };
	read_segments(out, file->elf);
	bool has_symbols = find_symbols(&symbols, file->elf);
	if (has_symbols && out->bytes)
		read_defined(out, &symbols);
	while ((section = elf_nextscn(file->elf, section))) {
		if (!gelf_getshdr(section, &shdr))
			continue;
		if (shdr.sh_type == SHT_DYNAMIC)
			read_flags(out, file->elf, section);
		else if (shdr.sh_type == SHT_GNU_verdef)
			read_versions(out, file->elf, section, shdr.sh_link);
		else if (has_symbols && shdr.sh_link == symbols.section &&
			 (shdr.sh_type == SHT_RELA || shdr.sh_type == SHT_REL))
			read_relocations(out, &symbols, section, shdr.sh_type == SHT_RELA);
	}
}

void thread_storage_release(struct thread_storage *t)
{
	for (size_t i = 0; i < t->wanted_count; i++)
		free(t->wanted[i].name);
	for (size_t i = 0; i < t->defined_count; i++)
		free(t->defined[i]);
	free(t->wanted);
	free(t->defined);
	memset(t, 0, sizeof(*t));
}

bool thread_storage_defines(const struct thread_storage *t, const char *name)
{
	for (size_t i = 0; i < t->defined_count; i++)
		if (strcmp(t->defined[i], name) == 0)
			return true;
	return false;
}
