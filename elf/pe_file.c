/* pe_file.c - reads PE and COFF objects; see foreign_file.h. The format: Microsoft, "PE Format".
 *
 * A PE file is "MZ", a program for DOS, and where it says "PE\0\0" and what an object begins with:
 * a header, the sections' headers; at its end a table of symbols and their long names. */
#include <assert.h>
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "elf/foreign_file.h"

enum {
	DOS_PE_AT = 0x3c,
	COFF_BYTES = 20,
	SECTION_BYTES = 40,
	SYMBOL_BYTES = 18,
	EXPORTS_BYTES = 40,
	SECTIONS_MAX = 96,
	NAMES_MAX = 65536,
	SYMBOLS_MAX = 8 << 20,
	IS_DLL = 0x2000,
	HAS_DATA = 0x40,
	PE32 = 0x10b,
	PE32_PLUS = 0x20b,
	CLASS_EXTERNAL = 2,
	CLASS_STATIC = 3,
	TYPE_FUNCTION = 0x20,
};

static_assert((int)SECTIONS_MAX <= (int)FOREIGN_IMAGE_PARTS_MAX, "a part for each section");

#define IS_CODE UINT32_C(0x20000000)

struct pe_section {
	uint32_t bytes, at; /* in memory */
	uint32_t file_bytes, file_at;
};

struct pe {
	struct foreign_file *file;
	struct pe_section sections[SECTIONS_MAX];
	uint32_t section_count;	 /* of those above */
	uint32_t section_number; /* in the file */
	uint32_t exports_at;
	uint32_t symbols_at, symbol_count;
	bool underscores; /* symbols have one in front */
	bool imports;	  /* an object of an import library */
};

static uint16_t u16(const void *at)
{
	const uint8_t *b = at;
	return (uint16_t)(b[0] | b[1] << 8);
}

static uint32_t u32(const void *at)
{
	return u16(at) | (uint32_t)u16((const uint8_t *)at + 2) << 16;
}

static bool read_at(const struct pe *pe, uint64_t offset, void *out, size_t bytes)
{
	return elf_file_read(&pe->file->bytes, offset, out, bytes) == bytes;
}

/* How many bytes of the file are mapped from `address` on; sets where. */
static uint32_t mapped_at(const struct pe *pe, uint32_t address, uint64_t *offset)
{
	for (uint32_t i = 0; i < pe->section_count; i++) {
		const struct pe_section *s = &pe->sections[i];
		if (address < s->at || address - s->at >= s->file_bytes)
			continue;
		*offset = (uint64_t)s->file_at + (address - s->at);
		return s->file_bytes - (address - s->at);
	}
	return 0;
}

/* ---- headers ---- */

static void set_machine(struct pe *pe, uint16_t machine)
{
	static const struct {
		uint16_t pe, elf;
	} machines[] = {
		{ 0x8664, EM_X86_64 }, { 0x14c, EM_386 }, { 0xaa64, EM_AARCH64 }, { 0x1c4, EM_ARM }
	};
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (machines[i].pe == machine)
			pe->file->machine = machines[i].elf;
	pe->underscores = pe->file->machine == EM_386;
}

static void read_sections(struct pe *pe, uint64_t offset, uint16_t count)
{
	uint8_t s[SECTION_BYTES];
	pe->section_number = count;
	for (uint16_t i = 0; i < count && (i < SECTIONS_MAX || pe->file->is_object); i++) {
		if (!read_at(pe, offset + (uint64_t)i * SECTION_BYTES, s, sizeof(s)))
			return;
		const struct pe_section section = { u32(s + 8), u32(s + 12), u32(s + 16),
						    u32(s + 20) };
		uint32_t flags = u32(s + 36);
		pe->imports |= memcmp(s, ".idata$", 7) == 0;
		if (i < SECTIONS_MAX)
			pe->sections[pe->section_count++] = section;
		if (i < SECTIONS_MAX && !pe->file->is_object)
			pe->file->parts[pe->file->part_count++] =
				(struct image_part){ section.file_at, section.file_bytes,
						     section.at, (flags & IS_CODE) != 0 };
		if (flags & HAS_DATA && !(flags & IS_CODE))
			foreign_add_constants(pe->file, section.file_at, section.file_bytes);
	}
}

static bool read_headers(struct pe *pe)
{
	uint8_t at[4], coff[4 + COFF_BYTES], optional[120] = { 0 };
	if (!read_at(pe, DOS_PE_AT, at, sizeof(at)))
		return false;
	uint64_t offset = u32(at);
	if (!read_at(pe, offset, coff, sizeof(coff)) || memcmp(coff, "PE\0\0", 4) != 0)
		return false;
	uint16_t optional_bytes = u16(coff + 20), flags = u16(coff + 22);
	set_machine(pe, u16(coff + 4));
	pe->symbols_at = u32(coff + 12);
	pe->symbol_count = u32(coff + 16);
	pe->file->is_program = !(flags & IS_DLL);
	offset += sizeof(coff);
	size_t want = optional_bytes < sizeof(optional) ? optional_bytes : sizeof(optional);
	if (!read_at(pe, offset, optional, want))
		return false;
	unsigned magic = u16(optional), directories = magic == PE32_PLUS ? 112 : 96;
	if (magic != PE32 && magic != PE32_PLUS)
		return false;
	pe->file->bits = magic == PE32_PLUS ? 64 : 32;
	if (want >= directories + 8 && u32(optional + directories - 4) > 0)
		pe->exports_at = u32(optional + directories);
	read_sections(pe, offset + optional_bytes, u16(coff + 6));
	return true;
}

/* ---- functions ---- */

static void read_exports(struct pe *pe)
{
	uint64_t offset;
	uint8_t d[EXPORTS_BYTES];
	uint32_t there = mapped_at(pe, pe->exports_at, &offset);
	if (there < sizeof(d) || !read_at(pe, offset, d, sizeof(d)))
		return;
	/* The names lie together with the tables, in one section. */
	char *data = foreign_load(pe->file, offset, there);
	uint32_t count = u32(d + 24), first = pe->exports_at;
	uint32_t functions = u32(d + 28) - first, names = u32(d + 32) - first,
		 ordinals = u32(d + 36) - first;
	pe->file->names[0] = data;
	for (uint32_t i = 0; data && i < count && i < NAMES_MAX; i++) {
		uint64_t name_at = (uint64_t)names + 4 * (uint64_t)i;
		uint64_t ordinal_at = (uint64_t)ordinals + 2 * (uint64_t)i;
		if (name_at + 4 > there || ordinal_at + 2 > there)
			return;
		uint32_t name = u32(data + name_at) - first;
		uint64_t function_at = (uint64_t)functions + 4 * (uint64_t)u16(data + ordinal_at);
		if (name < there && function_at + 4 <= there)
			foreign_add_function(pe->file, data + name, data + there,
					     u32(data + function_at), true);
	}
}

static void add_symbol(struct pe *pe, const char *symbol, const char *names, uint32_t names_bytes)
{
	uint16_t section = u16(symbol + 12), type = u16(symbol + 14);
	uint8_t class = (uint8_t)symbol[16];
	const char *name = symbol, *end = symbol + 8;
	bool object = pe->file->is_object;
	if (type != TYPE_FUNCTION || section == 0 ||
	    section > (object ? pe->section_number : pe->section_count) ||
	    (class != CLASS_EXTERNAL && class != CLASS_STATIC))
		return;
	if (u32(symbol) == 0) {
		if (u32(symbol + 4) >= names_bytes)
			return;
		name = names + u32(symbol + 4);
		end = names + names_bytes;
	}
	if (pe->underscores && name[0] == '_')
		name++;
	/* In an object each section begins at 0. */
	uint64_t at = object ? (uint64_t)section << 32 : pe->sections[section - 1].at;
	foreign_add_function(pe->file, name, end, at + u32(symbol + 8),
			     object && class == CLASS_EXTERNAL);
}

static void read_symbols(struct pe *pe)
{
	uint32_t count = pe->symbol_count;
	uint8_t size[4];
	if (pe->symbols_at == 0 || count == 0 || count > SYMBOLS_MAX)
		return;
	uint64_t bytes = (uint64_t)count * SYMBOL_BYTES, names_at = pe->symbols_at + bytes;
	if (!read_at(pe, names_at, size, sizeof(size)))
		return;
	uint32_t names_bytes = u32(size);
	char *table = foreign_load(pe->file, pe->symbols_at, bytes + names_bytes);
	pe->file->names[1] = table;
	pe->file->has_symbols = table != NULL;
	for (uint32_t i = 0; table && i < count; i++) {
		const char *symbol = table + (size_t)i * SYMBOL_BYTES;
		add_symbol(pe, symbol, table + bytes, names_bytes);
		i += (uint8_t)symbol[17]; /* records that belong to it */
	}
}

/* ---- objects ---- */

/* Microsoft's short form of a member of an import library: two numbers in the place of the header's
 * first, a version (0; other files that begin so have another), the machine. */
static bool read_import(struct pe *pe, const uint8_t *h)
{
	pe->file->is_object = true;
	set_machine(pe, u16(h + 6));
	pe->file->bits =
		pe->file->machine == EM_X86_64 || pe->file->machine == EM_AARCH64 ? 64 : 32;
	return u16(h + 4) == 0 && pe->file->machine != EM_NONE;
}

/* An object has no magic number: everything in its header has to make sense. */
static bool read_object(struct pe *pe)
{
	uint8_t h[COFF_BYTES];
	if (!read_at(pe, 0, h, sizeof(h)))
		return false;
	if (u16(h) == 0)
		return read_import(pe, h);
	uint16_t sections = u16(h + 2);
	pe->file->is_object = true;
	set_machine(pe, u16(h));
	pe->symbols_at = u32(h + 8);
	pe->symbol_count = u32(h + 12);
	pe->file->bits =
		pe->file->machine == EM_X86_64 || pe->file->machine == EM_AARCH64 ? 64 : 32;
	uint64_t headers = COFF_BYTES + (uint64_t)sections * SECTION_BYTES;
	uint64_t names_at = pe->symbols_at + (uint64_t)pe->symbol_count * SYMBOL_BYTES;
	if (pe->file->machine == EM_NONE || sections == 0 || u16(h + 16) != 0 ||
	    pe->symbols_at < headers || pe->symbol_count == 0 ||
	    names_at + 4 > elf_file_size(&pe->file->bytes))
		return false;
	read_sections(pe, COFF_BYTES, sections);
	return true;
}

bool foreign_read_pe(struct foreign_file *file)
{
	struct pe pe = { .file = file };
	char start[2];
	if (!read_at(&pe, 0, start, sizeof(start)))
		return false;
	if (memcmp(start, "MZ", sizeof(start)) != 0) {
		if (!read_object(&pe))
			return false;
		if (!pe.imports)
			read_symbols(&pe);
		return true;
	}
	if (!read_headers(&pe))
		return false;
	if (pe.exports_at)
		read_exports(&pe);
	read_symbols(&pe);
	return true;
}
