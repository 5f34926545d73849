/* fde_ranges.c - see fde_ranges.h. The format is the LSB's (.eh_frame), 64-bit little-endian. */
#include "elf/fde_ranges.h"

#include <gelf.h>
#include <string.h>

/* The pointer encodings, as DWARF has them (DW_EH_PE_*). */
enum {
	PE_ABSOLUTE = 0x00,
	PE_UDATA2 = 0x02,
	PE_UDATA4 = 0x03,
	PE_UDATA8 = 0x04,
	PE_SDATA2 = 0x0a,
	PE_SDATA4 = 0x0b,
	PE_SDATA8 = 0x0c,
	PE_FORMAT = 0x0f,
	PE_PCREL = 0x10,
	PE_BASE = 0x70,
	PE_INDIRECT = 0x80,
};

struct cursor {
	const uint8_t *bytes;
	size_t at, end;
	uint64_t address; /* of bytes[0] */
	bool failed;	  /* ran over the end, or met what it does not know */
};

static uint64_t take(struct cursor *c, unsigned bytes)
{
	uint64_t value = 0;
	if (c->end - c->at < bytes) {
		c->failed = true;
		c->at = c->end;
		return 0;
	}
	memcpy(&value, c->bytes + c->at, bytes);
	c->at += bytes;
	return value;
}

static uint64_t take_leb128(struct cursor *c)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 64; shift += 7) {
		uint64_t byte = take(c, 1);
		value |= (byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
	c->failed = true;
	return 0;
}

static uint64_t take_encoded(struct cursor *c, uint8_t encoding)
{
	uint64_t from = encoding & PE_BASE ? c->address + c->at : 0;
	if ((encoding & PE_BASE) > PE_PCREL || encoding & PE_INDIRECT)
		c->failed = true;
	switch (encoding & PE_FORMAT) {
	case PE_UDATA2:
		return from + take(c, 2);
	case PE_SDATA2:
		return from + (uint64_t)(int16_t)take(c, 2);
	case PE_UDATA4:
		return from + take(c, 4);
	case PE_SDATA4:
		return from + (uint64_t)(int32_t)take(c, 4);
	case PE_ABSOLUTE:
	case PE_UDATA8:
	case PE_SDATA8:
		return from + take(c, 8);
	default:
		c->failed = true;
		return 0;
	}
}

static void skip_pointer(struct cursor *c, uint8_t encoding)
{
	uint8_t format = encoding & PE_FORMAT;
	take_encoded(c, format);
}

/* The encoding of the addresses in a CIE's FDEs; c is behind its id. */
static uint8_t read_cie(struct cursor *c)
{
	uint64_t version = take(c, 1);
	const uint8_t *letters = c->bytes + c->at;
	while (!c->failed && take(c, 1))
		;
	if (c->failed || (version != 1 && version != 3))
		return PE_INDIRECT;
	take_leb128(c); /* code alignment */
	take_leb128(c); /* data alignment: signed, of the same length */
	if (version == 1)
		take(c, 1); /* return address register */
	else
		take_leb128(c);
	if (*letters++ != 'z')
		return letters[-1] ? PE_INDIRECT : PE_ABSOLUTE;
	take_leb128(c);
	for (; *letters && !c->failed; letters++) {
		if (*letters == 'R')
			return (uint8_t)take(c, 1);
		if (*letters == 'L')
			take(c, 1);
		else if (*letters == 'P')
			skip_pointer(c, (uint8_t)take(c, 1));
		else if (*letters != 'S' && *letters != 'B')
			return PE_INDIRECT;
	}
	return PE_ABSOLUTE;
}

/* c: a cursor over the body of an entry, at its id. */
static void read_entry(struct code_ranges *ranges, struct cursor c)
{
	size_t id_at = c.at;
	uint64_t distance = take(&c, 4);
	if (c.failed || distance == 0 || distance > id_at)
		return;
	struct cursor cie = c;
	cie.at = id_at - distance;
	uint64_t bytes = take(&cie, 4);
	if (cie.failed || bytes > cie.end - cie.at)
		return;
	cie.end = cie.at + bytes;
	if (take(&cie, 4) != 0)
		return;
	uint8_t encoding = read_cie(&cie);
	uint64_t start = take_encoded(&c, encoding);
	uint64_t length = take_encoded(&c, encoding & PE_FORMAT);
	if (!cie.failed && !c.failed && length && start + length > start)
		code_ranges_add(ranges, start, start + length, CODE_FDE);
}

static void read_all(struct code_ranges *ranges, struct cursor c)
{
	while (c.end - c.at >= 4) {
		uint64_t bytes = take(&c, 4);
		if (bytes == 0)
			continue; /* ends each object's part; the linker may leave some in between
				   */
		if (bytes > c.end - c.at)
			return; /* also 0xffffffff: nobody writes the 64-bit form */
		struct cursor entry = c;
		entry.end = c.at + bytes;
		read_entry(ranges, entry);
		c.at += bytes;
	}
}

void fde_ranges_add(struct code_ranges *ranges, const struct elf_file *file)
{
	Elf_Scn *section = elf_section_named(file->elf, ".eh_frame");
	GElf_Shdr shdr;
	Elf_Data *data = section ? elf_rawdata(section, NULL) : NULL;
	if (!data || !data->d_buf || !gelf_getshdr(section, &shdr))
		return;
	struct cursor c = { .bytes = data->d_buf, .end = data->d_size, .address = shdr.sh_addr };
	read_all(ranges, c);
}
