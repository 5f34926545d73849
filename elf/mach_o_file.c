/* mach_o_file.c - reads Mach-O; see foreign_file.h. The format: Apple, <mach-o/loader.h>,
 * <mach-o/nlist.h>, <mach-o/fat.h>. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "elf/foreign_file.h"

enum {
	HEADER_BYTES_32 = 28,
	HEADER_BYTES_64 = 32,
	FAT_PART_BYTES = 20,
	FAT_PART_BYTES_64 = 32,
	FAT_PARTS_MAX = 16, /* more: a Java class, which begins like one */
	COMMANDS_MAX_BYTES = 16 << 20,
	LC_SEGMENT = 1,
	LC_SYMTAB = 2,
	LC_SEGMENT_64 = 0x19,
	LC_UUID = 0x1b,
	UUID_BYTES = 16,
	TYPE_OBJECT = 1,
	TYPE_PROGRAM = 2,
	S_TYPE = 0xff,
	S_ZEROFILL = 1,
	S_GB_ZEROFILL = 12,
	S_THREAD_ZEROFILL = 18,
	N_STAB = 0xe0,
	N_PRIVATE = 0x10,
	N_TYPE = 0x0e,
	N_SECT = 0x0e,
	N_EXT = 1,
	SECTIONS_MAX = 255,
	CPU_64 = 0x01000000,
};

#define HAS_INSTRUCTIONS UINT32_C(0x80000400)

struct mach_o {
	struct foreign_file *file;
	uint64_t start, bytes; /* in the file */
	bool big, wide;
	bool is_code[SECTIONS_MAX + 1]; /* by number, from 1 */
	unsigned section_count;
	uint32_t symbols_at, symbol_count, names_at, names_bytes;
};

static uint32_t u32(const struct mach_o *m, const void *at)
{
	uint32_t value;
	memcpy(&value, at, sizeof(value));
	return m->big ? __builtin_bswap32(value) : value;
}

static uint64_t word(const struct mach_o *m, const void *at)
{
	uint64_t value;
	if (!m->wide)
		return u32(m, at);
	memcpy(&value, at, sizeof(value));
	return m->big ? __builtin_bswap64(value) : value;
}

/* In the part of the file that is this one's. */
static char *load(const struct mach_o *m, uint64_t at, uint64_t bytes)
{
	if (at > m->bytes || bytes > m->bytes - at)
		return NULL;
	return foreign_load(m->file, m->start + at, bytes);
}

/* ---- load commands ---- */

static void add_section(struct mach_o *m, const char *s)
{
	const char *numbers = s + 32 + (m->wide ? 16 : 8); /* names, address, size */
	uint64_t size = word(m, s + 32 + (m->wide ? 8 : 4));
	uint32_t offset = u32(m, numbers), flags = u32(m, numbers + 16);
	uint32_t type = flags & S_TYPE;
	if (m->section_count < SECTIONS_MAX)
		m->is_code[++m->section_count] = flags & HAS_INSTRUCTIONS;
	if (!(flags & HAS_INSTRUCTIONS) && type != S_ZEROFILL && type != S_GB_ZEROFILL &&
	    type != S_THREAD_ZEROFILL && offset < m->bytes && size <= m->bytes - offset)
		foreign_add_constants(m->file, m->start + offset, size);
}

static void read_segment(struct mach_o *m, const char *command, uint32_t bytes)
{
	const uint32_t head = m->wide ? 72 : 56, each = m->wide ? 80 : 68;
	if (bytes < head)
		return;
	uint32_t count = u32(m, command + head - 8);
	for (uint32_t i = 0; i < count && (uint64_t)head + (uint64_t)(i + 1) * each <= bytes; i++)
		add_section(m, command + head + (size_t)i * each);
}

static void read_command(struct mach_o *m, const char *command, uint32_t bytes)
{
	switch (u32(m, command)) {
	case LC_SEGMENT:
	case LC_SEGMENT_64:
		read_segment(m, command, bytes);
		break;
	case LC_SYMTAB:
		if (bytes < 24)
			break;
		m->symbols_at = u32(m, command + 8);
		m->symbol_count = u32(m, command + 12);
		m->names_at = u32(m, command + 16);
		m->names_bytes = u32(m, command + 20);
		break;
	case LC_UUID:
		if (bytes < 8 + UUID_BYTES)
			break;
		memcpy(m->file->id.bytes, command + 8, UUID_BYTES);
		m->file->id.count = UUID_BYTES;
		break;
	default:
		break;
	}
}

static void read_commands(struct mach_o *m, const char *commands, uint32_t bytes)
{
	for (uint32_t at = 0; at + 8 <= bytes;) {
		uint32_t one = u32(m, commands + at + 4);
		if (one < 8 || one > bytes - at)
			return;
		read_command(m, commands + at, one);
		at += one;
	}
}

/* ---- symbols ---- */

static void read_symbols(struct mach_o *m)
{
	uint32_t each = m->wide ? 16 : 12;
	char *symbols = load(m, m->symbols_at, (uint64_t)m->symbol_count * each);
	char *names = m->file->names[0] = load(m, m->names_at, m->names_bytes);
	for (uint32_t i = 0; symbols && names && i < m->symbol_count; i++) {
		const char *s = symbols + (size_t)i * each;
		uint8_t type = (uint8_t)s[4], section = (uint8_t)s[5];
		uint32_t name = u32(m, s);
		if (type & N_STAB || (type & N_TYPE) != N_SECT || !m->is_code[section] ||
		    name >= m->names_bytes)
			continue;
		bool exported = type & N_EXT && !(type & N_PRIVATE);
		m->file->has_symbols |= !exported;
		/* C's names have an underscore in front. */
		foreign_add_function(m->file, names + name + (names[name] == '_'),
				     names + m->names_bytes, word(m, s + 8), exported);
	}
	free(symbols);
}

/* ---- the file ---- */

static void set_machine(struct foreign_file *file, uint32_t type)
{
	static const struct {
		uint32_t mach_o;
		uint16_t elf;
	} machines[] = { { CPU_64 | 7, EM_X86_64 },
			 { 7, EM_386 },
			 { CPU_64 | 12, EM_AARCH64 },
			 { 12, EM_ARM },
			 { 18, EM_PPC },
			 { CPU_64 | 18, EM_PPC64 } };
	for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
		if (machines[i].mach_o == type)
			file->machine = machines[i].elf;
}

/* The file, or a part of it. */
static bool read_one(struct foreign_file *file, uint64_t start, uint64_t bytes)
{
	struct mach_o m = { .file = file, .start = start, .bytes = bytes };
	uint8_t h[HEADER_BYTES_64] = { 0 };
	if (bytes < sizeof(h) || elf_file_read(&file->bytes, start, h, sizeof(h)) != sizeof(h))
		return false;
	m.big = h[0] == 0xfe;
	uint32_t magic = u32(&m, h);
	if (magic != UINT32_C(0xfeedface) && magic != UINT32_C(0xfeedfacf))
		return false;
	m.wide = magic == UINT32_C(0xfeedfacf);
	set_machine(file, u32(&m, h + 4));
	file->bits = m.wide ? 64 : 32;
	file->is_big_endian = m.big;
	file->is_program = u32(&m, h + 12) == TYPE_PROGRAM;
	file->is_object = u32(&m, h + 12) == TYPE_OBJECT;
	uint32_t command_bytes = u32(&m, h + 20);
	char *commands =
		command_bytes <= COMMANDS_MAX_BYTES
			? load(&m, m.wide ? HEADER_BYTES_64 : HEADER_BYTES_32, command_bytes)
			: NULL;
	if (!commands)
		return false;
	read_commands(&m, commands, command_bytes);
	free(commands);
	read_symbols(&m);
	return true;
}

static bool read_part(struct foreign_file *file, uint64_t start, uint64_t bytes)
{
	static const char magic[] = "!<arch>\n";
	char head[sizeof(magic) - 1];
	if (elf_file_read(&file->bytes, start, head, sizeof(head)) != sizeof(head) ||
	    memcmp(head, magic, sizeof(head)) != 0)
		return read_one(file, start, bytes);
	file->is_archive = true;
	file->archive = (struct file_part){ start, bytes };
	return true;
}

bool foreign_read_mach_o(struct foreign_file *file, unsigned part)
{
	const struct mach_o fat = { .big = true }, wide = { .big = true, .wide = true };
	uint8_t head[8], p[FAT_PART_BYTES_64];
	if (elf_file_read(&file->bytes, 0, head, sizeof(head)) != sizeof(head))
		return false;
	uint32_t magic = u32(&fat, head), count = u32(&fat, head + 4);
	bool is_wide = magic == UINT32_C(0xcafebabf);
	if (magic != UINT32_C(0xcafebabe) && !is_wide)
		return read_one(file, 0, UINT64_C(1) << 40);
	size_t each = is_wide ? FAT_PART_BYTES_64 : FAT_PART_BYTES;
	if (count > FAT_PARTS_MAX || part >= count ||
	    elf_file_read(&file->bytes, sizeof(head) + part * each, p, each) != each)
		return false;
	file->machine_count = count;
	set_machine(file, u32(&fat, p));
	return is_wide ? read_part(file, word(&wide, p + 8), word(&wide, p + 16))
		       : read_part(file, u32(&fat, p + 8), u32(&fat, p + 12));
}
