/* elf_symbols.c - see elf_symbols.h. ELF gABI; the GNU hash table is described in the binutils
 * sources and in "ELF: symbol lookup via DT_HASH" of the glibc wiki. */
#include "lib/elf_symbols.h"

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/auxv.h>

struct tables {
	const Elf64_Sym *symbols;
	const char *strings;
	const uint32_t *gnu_hash;
	const uint32_t *sysv_hash;
	const Elf64_Half *versions;
	uintptr_t bias;
};

/* ld.so has relocated d_ptr for most modules, but not for those with a read-only dynamic segment
 * (the vdso). */
static uintptr_t pointer_of(const struct link_map *map, uintptr_t value)
{
	return value < map->l_addr ? value + map->l_addr : value;
}

static bool read_tables(const struct link_map *map, struct tables *t)
{
	*t = (struct tables){ .bias = map->l_addr };
	for (const Elf64_Dyn *d = map->l_ld; d && d->d_tag != DT_NULL; d++) {
		const void *p = (const void *)pointer_of(map, d->d_un.d_ptr);
		if (d->d_tag == DT_SYMTAB)
			t->symbols = p;
		else if (d->d_tag == DT_STRTAB)
			t->strings = p;
		else if (d->d_tag == DT_GNU_HASH)
			t->gnu_hash = p;
		else if (d->d_tag == DT_HASH)
			t->sysv_hash = p;
		else if (d->d_tag == DT_VERSYM)
			t->versions = p;
	}
	return t->symbols && t->strings;
}

/* The default version of a defined function, IFUNC or variable. cfree has been a hidden version since
 * glibc 2.26 and is wanted all the same. */
static bool matches(const struct tables *t, uint32_t i, const char *name)
{
	const Elf64_Sym *s = &t->symbols[i];
	unsigned type = ELF64_ST_TYPE(s->st_info), bind = ELF64_ST_BIND(s->st_info);
	bool hidden = t->versions && t->versions[i] & 0x8000;
	return s->st_shndx != SHN_UNDEF &&
	       (type == STT_FUNC || type == STT_GNU_IFUNC || type == STT_OBJECT) &&
	       (bind == STB_GLOBAL || bind == STB_WEAK) &&
	       __builtin_strcmp(t->strings + s->st_name, name) == 0 &&
	       (!hidden || __builtin_strcmp(name, "cfree") == 0);
}

static uint32_t gnu_hash(const char *name)
{
	uint32_t h = 5381;
	for (; *name; name++)
		h = h * 33 + (unsigned char)*name;
	return h;
}

static uint32_t find_by_gnu_hash(const struct tables *t, const char *name)
{
	const uint32_t *table = t->gnu_hash;
	uint32_t bucket_count = table[0], first = table[1], bloom_words = table[2];
	const uint64_t *bloom = (const uint64_t *)(table + 4);
	const uint32_t *buckets = (const uint32_t *)(bloom + bloom_words);
	const uint32_t *chain = buckets + bucket_count;
	uint32_t hash = gnu_hash(name);
	if (!bucket_count)
		return 0;
	uint32_t i = buckets[hash % bucket_count];
	if (i < first)
		return 0;
	for (;; i++) {
		uint32_t link = chain[i - first];
		if ((link | 1) == (hash | 1) && matches(t, i, name))
			return i;
		if (link & 1)
			return 0;
	}
}

static uint32_t find_by_sysv_hash(const struct tables *t, const char *name)
{
	uint32_t count = t->sysv_hash[1];
	for (uint32_t i = 1; i < count; i++)
		if (matches(t, i, name))
			return i;
	return 0;
}

void *elf_symbol_in(const struct link_map *map, const char *name)
{
	struct tables t;
	if (!read_tables(map, &t))
		return NULL;
	uint32_t i = t.gnu_hash ? find_by_gnu_hash(&t, name) :
		     t.sysv_hash ? find_by_sysv_hash(&t, name) : 0;
	if (!i)
		return NULL;
	uintptr_t address = t.bias + t.symbols[i].st_value;
	if (ELF64_ST_TYPE(t.symbols[i].st_info) == STT_GNU_IFUNC)
		address = ((uintptr_t(*)(void))address)();
	return (void *)address;
}

/* One more than the last symbol that the table has. */
static uint32_t count_by_gnu_hash(const struct tables *t)
{
	const uint32_t *table = t->gnu_hash;
	uint32_t bucket_count = table[0], first = table[1], bloom_words = table[2], last = 0;
	const uint32_t *buckets = (const uint32_t *)((const uint64_t *)(table + 4) + bloom_words);
	const uint32_t *chain = buckets + bucket_count;
	for (uint32_t i = 0; i < bucket_count; i++)
		last = buckets[i] > last ? buckets[i] : last;
	if (last < first)
		return first;
	while (!(chain[last - first] & 1))
		last++;
	return last + 1;
}

const char *elf_symbol_around(const struct link_map *map, uintptr_t address, uintptr_t *start)
{
	struct tables t;
	if (!read_tables(map, &t))
		return NULL;
	uint32_t count = t.gnu_hash ? count_by_gnu_hash(&t) : t.sysv_hash ? t.sysv_hash[1] : 0;
	for (uint32_t i = 1; i < count; i++) {
		const Elf64_Sym *s = &t.symbols[i];
		unsigned type = ELF64_ST_TYPE(s->st_info);
		*start = t.bias + s->st_value;
		if (s->st_shndx != SHN_UNDEF && (type == STT_FUNC || type == STT_GNU_IFUNC) &&
		    address - *start < s->st_size)
			return t.strings + s->st_name;
	}
	return NULL;
}

/* PT_PHDR tells where the program headers think they are, and so the load bias. */
static uintptr_t main_bias(const Elf64_Phdr *ph, unsigned long count)
{
	for (unsigned long i = 0; i < count; i++)
		if (ph[i].p_type == PT_PHDR)
			return (uintptr_t)ph - ph[i].p_vaddr;
	return 0;
}

const struct r_debug *elf_debug(void)
{
	const Elf64_Phdr *ph = (const Elf64_Phdr *)getauxval(AT_PHDR);
	unsigned long count = getauxval(AT_PHNUM);
	uintptr_t bias = main_bias(ph, count);
	for (unsigned long i = 0; ph && i < count; i++) {
		if (ph[i].p_type != PT_DYNAMIC)
			continue;
		const Elf64_Dyn *d = (const Elf64_Dyn *)(bias + ph[i].p_vaddr);
		for (; d->d_tag != DT_NULL; d++)
			if (d->d_tag == DT_DEBUG && d->d_un.d_ptr)
				return (const struct r_debug *)d->d_un.d_ptr;
	}
	return NULL;
}

const struct link_map *elf_first_module(void)
{
	const struct r_debug *debug = elf_debug();
	return debug ? debug->r_map : NULL;
}

static Elf64_Dyn *own_dynamic(void)
{
	extern Elf64_Dyn _DYNAMIC[] __attribute__((visibility("hidden")));
	return _DYNAMIC;
}

const struct link_map *elf_own_module(void)
{
	const struct link_map *map = elf_first_module();
	while (map && map->l_ld != own_dynamic())
		map = map->l_next;
	return map;
}

void *elf_symbol_next(const char *name)
{
	const struct link_map *own = elf_own_module();
	for (const struct link_map *map = own ? own->l_next : NULL; map; map = map->l_next) {
		void *address = elf_symbol_in(map, name);
		if (address)
			return address;
	}
	return NULL;
}

void *elf_symbol_in_libc(const char *name)
{
	const struct link_map *map = elf_first_module();
	while (map && !elf_symbol_in(map, "gnu_get_libc_version"))
		map = map->l_next;
	return map ? elf_symbol_in(map, name) : elf_symbol_next(name);
}

/* ---- relocations ---- */

static void tell_imports(const struct tables *t, const Elf64_Rela *rela, size_t count,
			 void (*tell)(const struct elf_import *, void *), void *context)
{
	for (size_t i = 0; i < count; i++) {
		uint64_t type = ELF64_R_TYPE(rela[i].r_info), symbol = ELF64_R_SYM(rela[i].r_info);
		if (symbol == 0 || (type != R_X86_64_JUMP_SLOT && type != R_X86_64_GLOB_DAT &&
				    type != R_X86_64_64))
			continue;
		const Elf64_Sym *s = &t->symbols[symbol];
		if (ELF64_ST_TYPE(s->st_info) == STT_TLS)
			continue;
		struct elf_import import = {
			.name = t->strings + s->st_name,
			.value = *(const uintptr_t *)(t->bias + rela[i].r_offset),
			.is_own = s->st_shndx != SHN_UNDEF,
		};
		tell(&import, context);
	}
}

void elf_each_import(const struct link_map *map,
		     void (*tell)(const struct elf_import *import, void *context), void *context)
{
	const Elf64_Rela *rela = NULL, *plt = NULL;
	size_t rela_bytes = 0, plt_bytes = 0, relative = 0;
	struct tables t;
	if (!read_tables(map, &t))
		return;
	for (const Elf64_Dyn *d = map->l_ld; d->d_tag != DT_NULL; d++) {
		if (d->d_tag == DT_RELA)
			rela = (const Elf64_Rela *)pointer_of(map, d->d_un.d_ptr);
		else if (d->d_tag == DT_JMPREL)
			plt = (const Elf64_Rela *)pointer_of(map, d->d_un.d_ptr);
		else if (d->d_tag == DT_RELASZ)
			rela_bytes = d->d_un.d_val;
		else if (d->d_tag == DT_PLTRELSZ)
			plt_bytes = d->d_un.d_val;
		else if (d->d_tag == DT_RELACOUNT)
			relative = d->d_un.d_val; /* the first ones, without a symbol */
	}
	size_t count = rela_bytes / sizeof(*rela);
	if (rela && count > relative)
		tell_imports(&t, rela + relative, count - relative, tell, context);
	if (plt)
		tell_imports(&t, plt, plt_bytes / sizeof(*plt), tell, context);
}
