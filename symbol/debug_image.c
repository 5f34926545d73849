/* debug_image.c - see debug_image.h. The image:
 *
 *	ELF header | sections, unpacked | their names | section headers: none, sections, names
 */
#include "symbol/debug_image.h"

#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/compiler.h"
#include "trace/deflate.h"

enum {
	LEAST_PACKED_BYTES = 64 << 10, /* less is quickly unpacked by anybody */
	MOST_BYTES = 1 << 30,
	MOST_RATIO = 1032, /* of deflate: what claims more is damaged */
	ALIGNMENT = 16,
	HUGE_PAGE_BYTES = 2 << 20,
};

/* What is read for functions, inlined calls and lines. Files with .debug_addr are left alone: they
 * may have .dwo files, which libdw looks for beside the file itself. */
static const char *const wanted[] = {
	".debug_info", ".debug_types",	  ".debug_abbrev", ".debug_line",	".debug_line_str",
	".debug_str",  ".debug_rnglists", ".debug_ranges", ".gnu_debugaltlink",
};
static const char beside_dwo[] = ".debug_addr";
static const char names_section[] = ".shstrtab";

struct part {
	const char *name;
	const uint8_t *from;
	size_t from_bytes;
	bool packed;
	size_t bytes; /* unpacked */
	size_t at;    /* in the image */
};

struct layout {
	struct part parts[AT_COUNT_OF(wanted)];
	size_t count;
	size_t packed_bytes;
	size_t names_at, names_bytes;
	size_t headers_at;
	size_t bytes;
};

/* Compressed sections begin with an Elf64_Chdr. False when it is not as it should be. */
static bool read_packed(struct part *part)
{
	Elf64_Chdr header;
	if (part->from_bytes < sizeof(header))
		return false;
	memcpy(&header, part->from, sizeof(header));
	part->packed = true;
	part->from += sizeof(header);
	part->from_bytes -= sizeof(header);
	part->bytes = header.ch_size;
	return header.ch_type == ELFCOMPRESS_ZLIB && part->bytes <= MOST_BYTES &&
	       part->bytes / MOST_RATIO <= part->from_bytes;
}

static bool read_part(struct part *part, const char *name, Elf *elf)
{
	GElf_Shdr shdr;
	Elf_Scn *section = elf_section_named(elf, name);
	*part = (struct part){ .name = name };
	if (!section || !gelf_getshdr(section, &shdr))
		return true;
	Elf_Data *raw = elf_rawdata(section, NULL);
	if (!raw || !raw->d_buf)
		return false;
	part->from = raw->d_buf;
	part->bytes = part->from_bytes = raw->d_size;
	return !(shdr.sh_flags & SHF_COMPRESSED) || read_packed(part);
}

static size_t aligned(size_t at)
{
	return (at + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
}

static bool plan(struct layout *l, Elf *elf)
{
	*l = (struct layout){ .bytes = sizeof(Elf64_Ehdr), .names_bytes = 1 };
	for (size_t i = 0; i < AT_COUNT_OF(wanted); i++) {
		struct part *part = &l->parts[l->count];
		if (!read_part(part, wanted[i], elf))
			return false;
		if (!part->from)
			continue;
		part->at = aligned(l->bytes);
		l->bytes = part->at + part->bytes;
		l->names_bytes += strlen(part->name) + 1;
		l->packed_bytes += part->packed ? part->from_bytes : 0;
		l->count++;
		if (l->bytes > MOST_BYTES)
			return false;
	}
	l->names_at = l->bytes;
	l->names_bytes += sizeof(names_section);
	l->headers_at = aligned(l->names_at + l->names_bytes);
	l->bytes = l->headers_at + (l->count + 2) * sizeof(Elf64_Shdr);
	return l->packed_bytes >= LEAST_PACKED_BYTES;
}

static void write_header(uint8_t *image, const struct layout *l, const GElf_Ehdr *of)
{
	Elf64_Ehdr ehdr = { .e_type = ET_DYN,
			    .e_machine = of->e_machine,
			    .e_version = EV_CURRENT,
			    .e_shoff = l->headers_at,
			    .e_ehsize = sizeof(ehdr),
			    .e_shentsize = sizeof(Elf64_Shdr),
			    .e_shnum = (Elf64_Half)(l->count + 2),
			    .e_shstrndx = (Elf64_Half)(l->count + 1) };
	memcpy(ehdr.e_ident, of->e_ident, EI_NIDENT);
	memcpy(image, &ehdr, sizeof(ehdr));
}

static void write_section_headers(uint8_t *image, const struct layout *l)
{
	Elf64_Shdr *headers = (Elf64_Shdr *)(image + l->headers_at);
	char *names = (char *)image + l->names_at;
	size_t name = 1;
	memset(headers, 0, (l->count + 2) * sizeof(*headers));
	names[0] = '\0';
	for (size_t i = 0; i <= l->count; i++) {
		bool last = i == l->count;
		const char *text = last ? names_section : l->parts[i].name;
		headers[i + 1] = (Elf64_Shdr){
			.sh_name = (Elf64_Word)name,
			.sh_type = last ? SHT_STRTAB : SHT_PROGBITS,
			.sh_offset = last ? l->names_at : l->parts[i].at,
			.sh_size = last ? l->names_bytes : l->parts[i].bytes,
			.sh_addralign = 1,
		};
		size_t bytes = strlen(text) + 1;
		memcpy(names + name, text, bytes);
		name += bytes;
	}
}

/* In one thread: two of them, .debug_info in its own, were no faster in any way that could be
 * measured. */
static bool write_parts(uint8_t *image, const struct layout *l)
{
	struct inflater *inflater = inflater_new();
	bool good = true;
	for (size_t i = 0; i < l->count && good; i++) {
		const struct part *part = &l->parts[i];
		if (part->packed)
			good = inflater_run(inflater, part->from, part->from_bytes,
					    image + part->at, part->bytes) == 0;
		else
			memcpy(image + part->at, part->from, part->bytes);
	}
	inflater_free(inflater);
	return good;
}

/* Not mem_alloc(): a file that lies about its size must not end the tool. In huge pages: faults
 * would cost as much as unpacking. */
static void *image_memory(size_t bytes)
{
	size_t room = (bytes + HUGE_PAGE_BYTES - 1) & ~(size_t)(HUGE_PAGE_BYTES - 1);
	void *memory = aligned_alloc(HUGE_PAGE_BYTES, room);
	if (memory)
		madvise(memory, room, MADV_HUGEPAGE); /* a hint */
	return memory;
}

bool debug_image_open(struct elf_file *image, Elf *elf)
{
	struct layout layout;
	GElf_Ehdr ehdr;
	if (!gelf_getehdr(elf, &ehdr) || ehdr.e_ident[EI_CLASS] != ELFCLASS64 ||
	    ehdr.e_ident[EI_DATA] != ELFDATA2LSB || ehdr.e_type == ET_REL ||
	    elf_section_named(elf, beside_dwo) || !plan(&layout, elf))
		return false;
	uint8_t *memory = image_memory(layout.bytes);
	if (!memory)
		return false;
	if (!write_parts(memory, &layout)) {
		free(memory);
		return false;
	}
	write_header(memory, &layout, &ehdr);
	write_section_headers(memory, &layout);
	return elf_file_from_image(image, memory, layout.bytes, "unpacked DWARF", NULL) == 0;
}
