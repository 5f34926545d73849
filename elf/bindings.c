/* bindings.c - see bindings.h. */
#include "elf/bindings.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>

#include "base/compiler.h"
#include "util/mem.h"

enum {
	NAME_MAX_BYTES = 255,  /* of a symbol that is told of */
	PATH_MAX_BYTES = 4096, /* of a name of a library or a list of folders; longer: none */
	NEEDED_MAX = 4096,
	TABLES_MAX = 16,      /* of relocations; there are two or three */
	VERSIONS_MAX = 32768, /* more than have a number of their own */
	VERSION_HIDDEN = 0x8000,
	VERSION_MASK = 0x7fff,
	FIRST_NAMED_VERSION = 2,
};

static const char *const functions[] = {
#define ROLE(name, symbol, group, words) symbol,
#include "wire/roles.def"
#undef ROLE
#define FUNCTION(name, role, arguments) name,
#include "wire/functions.def"
#undef FUNCTION
};

/* _Znwm, _Znaj, _ZdlPvSt11align_val_t, ... */
bool bindings_is_operator(const char *name)
{
	static const char *const begins[] = { "_Znw", "_Zna", "_ZdlPv", "_ZdaPv" };
	for (size_t i = 0; i < AT_COUNT_OF(begins); i++)
		if (strncmp(name, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

bool bindings_is_allocation(const char *name)
{
	size_t bytes = strnlen(name, NAME_MAX_BYTES + 1);
	if (bytes > NAME_MAX_BYTES)
		return false;
	if (bindings_is_operator(name))
		return true;
	for (size_t i = 0; i < AT_COUNT_OF(functions); i++) {
		size_t end = strlen(functions[i]);
		if (bytes >= end && memcmp(name + bytes - end, functions[i], end) == 0)
			return true;
	}
	return false;
}

void bindings_release(struct bindings *b)
{
	for (size_t i = 0; i < b->symbol_count; i++) {
		free(b->symbols[i].name);
		free(b->symbols[i].version);
	}
	for (size_t i = 0; i < b->needed_count; i++)
		free(b->needed[i]);
	free(b->symbols);
	free(b->needed);
	free(b->soname);
	free(b->runpath);
	memset(b, 0, sizeof(*b));
}

/* ---- the dynamic section ---- */

static size_t entries_of(const Elf_Data *data, size_t entry_bytes)
{
	return data && data->d_buf && entry_bytes ? data->d_size / entry_bytes : 0;
}

static char *copy_string(const struct elf_strings *strings, uint64_t at)
{
	const char *text = elf_strings_at(strings, at);
	size_t bytes = text ? strnlen(text, PATH_MAX_BYTES) : PATH_MAX_BYTES;
	return bytes < PATH_MAX_BYTES ? mem_strndup(text, bytes) : NULL;
}

static void add_needed(struct bindings *b, char *name)
{
	if (!name || b->needed_count == NEEDED_MAX) {
		free(name);
		return;
	}
	b->needed = mem_grow(b->needed, &b->needed_cap, b->needed_count + 1, sizeof(*b->needed));
	b->needed[b->needed_count++] = name;
}

static void replace(char **text, char *with)
{
	free(*text);
	*text = with;
}

static void read_entry(struct bindings *b, const struct elf_strings *strings, const GElf_Dyn *entry)
{
	uint64_t value = entry->d_un.d_val;
	switch (entry->d_tag) {
	case DT_NEEDED:
		add_needed(b, copy_string(strings, value));
		break;
	case DT_SONAME:
		replace(&b->soname, copy_string(strings, value));
		break;
	case DT_RPATH:
		if (b->runpath)
			break;
		b->flags |= BINDINGS_RPATH;
		b->runpath = copy_string(strings, value);
		break;
	case DT_RUNPATH:
		b->flags &= ~(uint32_t)BINDINGS_RPATH;
		replace(&b->runpath, copy_string(strings, value));
		break;
	case DT_SYMBOLIC:
		b->flags |= BINDINGS_SYMBOLIC;
		break;
	case DT_TEXTREL:
		b->flags |= BINDINGS_TEXTREL;
		break;
	case DT_BIND_NOW:
		b->flags |= BINDINGS_NOW;
		break;
	case DT_FLAGS:
		b->flags |= (value & DF_SYMBOLIC ? (uint32_t)BINDINGS_SYMBOLIC : 0) |
			    (value & DF_TEXTREL ? (uint32_t)BINDINGS_TEXTREL : 0) |
			    (value & DF_BIND_NOW ? (uint32_t)BINDINGS_NOW : 0) |
			    (value & DF_STATIC_TLS ? (uint32_t)BINDINGS_STATIC_TLS : 0);
		break;
	case DT_FLAGS_1:
		b->flags |= (value & DF_1_NOW ? (uint32_t)BINDINGS_NOW : 0) |
			    (value & DF_1_NODEFLIB ? (uint32_t)BINDINGS_NO_DEFAULTS : 0) |
			    (value & DF_1_PIE ? (uint32_t)BINDINGS_PROGRAM : 0);
		break;
	default:
		break;
	}
}

static void read_dynamic(struct bindings *b, Elf *elf)
{
	GElf_Shdr shdr;
	Elf_Scn *section = elf_section_of_type(elf, SHT_DYNAMIC, &shdr);
	Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
	size_t count = entries_of(data, gelf_fsize(elf, ELF_T_DYN, 1, EV_CURRENT));
	struct elf_strings strings = { NULL, 0 };
	if (count)
		strings = elf_strings_of(elf, shdr.sh_link);
	for (size_t i = 0; i < count && i < INT32_MAX; i++) {
		GElf_Dyn entry;
		if (!gelf_getdyn(data, (int)i, &entry) || entry.d_tag == DT_NULL)
			break;
		read_entry(b, &strings, &entry);
	}
}

/* ---- versions ---- */

/* Names of versions by index; they are the file's. */
struct versions {
	const char **names;
	size_t count, cap;
	Elf_Data *of_symbols; /* NULL: they have none */
};

static void name_version(struct versions *v, unsigned index, const char *name)
{
	index &= VERSION_MASK;
	v->names = mem_grow(v->names, &v->cap, index + 1u, sizeof(*v->names));
	while (v->count <= index)
		v->names[v->count++] = NULL;
	v->names[index] = name;
}

/* The steps of both lists are unsigned and may lead out of the section, which libelf notices, but
 * never back. */
static void read_defined_versions(struct versions *v, Elf *elf)
{
	GElf_Shdr shdr;
	Elf_Scn *section = elf_section_of_type(elf, SHT_GNU_verdef, &shdr);
	Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
	const struct elf_strings strings = elf_strings_of(elf, section ? shdr.sh_link : 0);
	GElf_Verdef def;
	GElf_Verdaux aux;
	for (uint64_t at = 0; data && at < INT32_MAX; at += def.vd_next) {
		if (!gelf_getverdef(data, (int)at, &def) || at + def.vd_aux > INT32_MAX ||
		    !gelf_getverdaux(data, (int)(at + def.vd_aux), &aux))
			return;
		if (!(def.vd_flags & VER_FLG_BASE))
			name_version(v, def.vd_ndx, elf_strings_at(&strings, aux.vda_name));
		if (def.vd_next == 0)
			return;
	}
}

static void read_needed_of(struct versions *v, Elf_Data *data, const struct elf_strings *strings,
			   uint64_t at, unsigned *left)
{
	GElf_Vernaux aux;
	for (; at < INT32_MAX && *left != 0; at += aux.vna_next, --*left) {
		if (!gelf_getvernaux(data, (int)at, &aux))
			return;
		name_version(v, aux.vna_other, elf_strings_at(strings, aux.vna_name));
		if (aux.vna_next == 0)
			return;
	}
}

static void read_needed_versions(struct versions *v, Elf *elf)
{
	GElf_Shdr shdr;
	Elf_Scn *section = elf_section_of_type(elf, SHT_GNU_verneed, &shdr);
	Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
	const struct elf_strings strings = elf_strings_of(elf, section ? shdr.sh_link : 0);
	GElf_Verneed need;
	/* Lists that share their ends would take long in a file made for it. */
	unsigned left = NEEDED_MAX, versions_left = VERSIONS_MAX;
	for (uint64_t at = 0; data && at < INT32_MAX && left-- > 0; at += need.vn_next) {
		if (!gelf_getverneed(data, (int)at, &need))
			return;
		read_needed_of(v, data, &strings, at + need.vn_aux, &versions_left);
		if (need.vn_next == 0)
			return;
	}
}

static void read_versions(struct versions *v, Elf *elf)
{
	GElf_Shdr shdr;
	Elf_Scn *section = elf_section_of_type(elf, SHT_GNU_versym, &shdr);
	v->of_symbols = section ? elf_getdata(section, NULL) : NULL;
	if (!v->of_symbols)
		return;
	read_defined_versions(v, elf);
	read_needed_versions(v, elf);
}

/* ---- symbols ---- */

static bool can_be_bound(const GElf_Sym *s)
{
	unsigned type = GELF_ST_TYPE(s->st_info);
	return type == STT_NOTYPE || type == STT_FUNC || type == STT_OBJECT ||
	       type == STT_GNU_IFUNC;
}

static uint16_t flags_of(const GElf_Sym *s)
{
	unsigned visibility = GELF_ST_VISIBILITY(s->st_other), flags = 0;
	if (s->st_shndx != SHN_UNDEF)
		flags |= BINDING_DEFINED;
	else if (s->st_value)
		flags |= BINDING_HAS_ADDRESS;
	if (GELF_ST_BIND(s->st_info) == STB_WEAK)
		flags |= BINDING_WEAK;
	if (visibility == STV_PROTECTED)
		flags |= BINDING_PROTECTED;
	if (visibility == STV_HIDDEN || visibility == STV_INTERNAL ||
	    GELF_ST_BIND(s->st_info) == STB_LOCAL)
		flags |= BINDING_LOCAL;
	if (GELF_ST_TYPE(s->st_info) == STT_GNU_IFUNC)
		flags |= BINDING_IFUNC;
	return (uint16_t)flags;
}

static void set_version(struct binding_symbol *s, const struct versions *v, size_t index)
{
	GElf_Versym version;
	if (!v->of_symbols || index >= INT32_MAX ||
	    !gelf_getversym(v->of_symbols, (int)index, &version))
		return;
	s->version_index = version & VERSION_MASK;
	if (version & VERSION_HIDDEN && s->flags & BINDING_DEFINED)
		s->flags |= BINDING_OTHER_VERSION;
	if (s->version_index >= FIRST_NAMED_VERSION && s->version_index < v->count &&
	    v->names[s->version_index])
		s->version = mem_strndup(v->names[s->version_index],
					 strnlen(v->names[s->version_index], NAME_MAX_BYTES));
}

/* by_index: where in b->symbols each one of the table is, + 1. */
static void read_symbols(struct bindings *b, const struct elf_strings *strings,
			 const struct versions *versions, Elf_Data *data, uint32_t *by_index,
			 size_t count)
{
	for (size_t i = 1; i < count && i < INT32_MAX; i++) {
		GElf_Sym symbol;
		if (!gelf_getsym(data, (int)i, &symbol))
			return;
		const char *name =
			can_be_bound(&symbol) ? elf_strings_at(strings, symbol.st_name) : NULL;
		if (!name || !bindings_is_allocation(name))
			continue;
		b->symbols = mem_grow(b->symbols, &b->symbol_cap, b->symbol_count + 1,
				      sizeof(*b->symbols));
		struct binding_symbol *s = &b->symbols[b->symbol_count++];
		*s = (struct binding_symbol){ .name = mem_strdup(name),
					      .address = symbol.st_value,
					      .flags = flags_of(&symbol) };
		set_version(s, versions, i);
		by_index[i] = (uint32_t)b->symbol_count;
	}
}

/* What relocations to called functions and copied variables are; all others that name a symbol want
 * its address. MIPS has none for most of what it binds: not listed. */
struct relocation_kinds {
	uint16_t machine;
	uint16_t called, copied;
};

static const struct relocation_kinds *kinds_of(Elf *elf)
{
	static const struct relocation_kinds kinds[] = {
		{ EM_X86_64, R_X86_64_JUMP_SLOT, R_X86_64_COPY },
		{ EM_386, R_386_JMP_SLOT, R_386_COPY },
		{ EM_AARCH64, R_AARCH64_JUMP_SLOT, R_AARCH64_COPY },
		{ EM_ARM, R_ARM_JUMP_SLOT, R_ARM_COPY },
		{ EM_RISCV, R_RISCV_JUMP_SLOT, R_RISCV_COPY },
		{ EM_PPC64, R_PPC64_JMP_SLOT, R_PPC64_COPY },
		{ EM_PPC, R_PPC_JMP_SLOT, R_PPC_COPY },
		{ EM_S390, R_390_JMP_SLOT, R_390_COPY },
		{ EM_SPARCV9, R_SPARC_JMP_SLOT, R_SPARC_COPY },
	};
	GElf_Ehdr ehdr;
	if (!gelf_getehdr(elf, &ehdr))
		return NULL;
	for (size_t i = 0; i < AT_COUNT_OF(kinds); i++)
		if (kinds[i].machine == ehdr.e_machine)
			return &kinds[i];
	return NULL;
}

static unsigned use_of(const struct relocation_kinds *kinds, unsigned type)
{
	if (type == kinds->called)
		return BINDING_CALLED;
	return type == kinds->copied ? BINDING_COPIED : BINDING_ADDRESSED;
}

/* The info of a relocation, of either kind of section. */
static bool relocation_at(Elf_Data *data, bool has_addend, size_t index, uint64_t *info)
{
	GElf_Rela rela;
	GElf_Rel rel;
	if (has_addend && gelf_getrela(data, (int)index, &rela))
		*info = rela.r_info;
	else if (!has_addend && gelf_getrel(data, (int)index, &rel))
		*info = rel.r_info;
	else
		return false;
	return true;
}

struct symbol_index {
	const uint32_t *by_index;
	size_t count;
};

static void read_uses(struct bindings *b, Elf *elf, Elf_Scn *section, bool has_addend,
		      const struct symbol_index *index)
{
	const struct relocation_kinds *kinds = kinds_of(elf);
	Elf_Data *data = elf_getdata(section, NULL);
	const Elf_Type type = has_addend ? ELF_T_RELA : ELF_T_REL;
	size_t entries = entries_of(data, gelf_fsize(elf, type, 1, EV_CURRENT));
	for (size_t i = 0; i < entries && i < INT32_MAX; i++) {
		uint64_t info;
		if (!relocation_at(data, has_addend, i, &info))
			return;
		uint64_t symbol = GELF_R_SYM(info);
		if (symbol < index->count && index->by_index[symbol])
			b->symbols[index->by_index[symbol] - 1].flags |=
				(uint16_t)use_of(kinds, (unsigned)GELF_R_TYPE(info));
	}
}

static void read_tables(struct bindings *b, Elf *elf)
{
	GElf_Shdr shdr, other;
	struct versions versions = { NULL, 0, 0, NULL };
	Elf_Scn *section = elf_section_of_type(elf, SHT_DYNSYM, &shdr), *each = NULL;
	Elf_Data *data = section ? elf_getdata(section, NULL) : NULL;
	size_t count = entries_of(data, gelf_fsize(elf, ELF_T_SYM, 1, EV_CURRENT));
	if (!count)
		return;
	uint32_t *by_index = mem_zalloc(count, sizeof(*by_index));
	read_versions(&versions, elf);
	if (versions.count > FIRST_NAMED_VERSION)
		b->flags |= BINDINGS_VERSIONED;
	const struct elf_strings strings = elf_strings_of(elf, shdr.sh_link);
	read_symbols(b, &strings, &versions, data, by_index, count);
	const struct symbol_index index = { by_index, count };
	if (kinds_of(elf))
		b->flags |= BINDINGS_USES_KNOWN;
	unsigned tables = kinds_of(elf) && b->symbol_count ? TABLES_MAX : 0;
	while (tables > 0 && (each = elf_nextscn(elf, each)))
		if (gelf_getshdr(each, &other) && other.sh_link == elf_ndxscn(section) &&
		    (other.sh_type == SHT_RELA || other.sh_type == SHT_REL)) {
			read_uses(b, elf, each, other.sh_type == SHT_RELA, &index);
			tables--;
		}
	free(by_index);
	free(versions.names);
}

void bindings_read(struct bindings *out, const struct elf_file *file)
{
	GElf_Ehdr ehdr;
	*out = (struct bindings)BINDINGS_INIT;
	if (gelf_getehdr(file->elf, &ehdr) && ehdr.e_type == ET_EXEC)
		out->flags |= BINDINGS_PROGRAM;
	read_dynamic(out, file->elf);
	read_tables(out, file->elf);
}
