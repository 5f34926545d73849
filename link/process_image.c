/* process_image.c - see process_image.h. */
#include "link/process_image.h"

#include <stdlib.h>
#include <string.h>

#include "util/mem.h"

enum {
	IMAGE_MAX_BYTES = 1 << 28,
	DYNAMIC_MAX = 4096, /* entries */
	SYMBOLS_MAX = 1 << 24,
	SECTIONS_MAX = 12,
	BUCKETS_STEP = 4096,
	NOTES_MAX_BYTES = 1 << 16,
};

/* ---- the headers ---- */

static uint64_t page_of(uint64_t address)
{
	return address & ~(uint64_t)4095;
}

static void read_build_id(struct process_image *image, const struct process_memory *m,
			  const Elf64_Phdr *segment)
{
	uint64_t bytes = segment->p_memsz, at = 0;
	if (bytes > NOTES_MAX_BYTES || bytes < sizeof(Elf64_Nhdr))
		return;
	char *notes = mem_alloc(bytes);
	uint64_t align = segment->p_align == 8 ? 8 : 4;
	if (!process_memory_read(m, image->bias + segment->p_vaddr, notes, bytes))
		bytes = 0;
	while (at + sizeof(Elf64_Nhdr) <= bytes) {
		Elf64_Nhdr note;
		memcpy(&note, notes + at, sizeof(note));
		uint64_t name = at + sizeof(note);
		uint64_t text = name + ((note.n_namesz + 3ull) & ~3ull);
		uint64_t next = (text + note.n_descsz + align - 1) & ~(align - 1);
		if (text + note.n_descsz > bytes)
			break;
		if (note.n_type == NT_GNU_BUILD_ID && note.n_namesz == sizeof("GNU") &&
		    memcmp(notes + name, "GNU", sizeof("GNU")) == 0 && note.n_descsz &&
		    note.n_descsz <= ELF_BUILD_ID_MAX) {
			memcpy(image->build_id.bytes, notes + text, note.n_descsz);
			image->build_id.count = note.n_descsz;
			break;
		}
		at = next;
	}
	free(notes);
}

static void read_segments(struct process_image *image, const struct process_memory *m)
{
	for (size_t i = 0; i < image->segment_count; i++) {
		const Elf64_Phdr *s = &image->segments[i];
		if (s->p_type == PT_DYNAMIC) {
			image->dynamic = image->bias + s->p_vaddr;
			image->dynamic_bytes = s->p_memsz;
		} else if (s->p_type == PT_GNU_RELRO) {
			image->relro = image->bias + s->p_vaddr;
			image->relro_bytes = s->p_memsz;
		} else if (s->p_type == PT_NOTE && !image->build_id.count) {
			read_build_id(image, m, s);
		}
	}
}

static bool is_fine(const Elf64_Ehdr *h)
{
	return memcmp(h->e_ident, ELFMAG, SELFMAG) == 0 && h->e_ident[EI_CLASS] == ELFCLASS64 &&
	       h->e_ident[EI_DATA] == ELFDATA2LSB && h->e_phentsize == sizeof(Elf64_Phdr) &&
	       h->e_phnum > 0 && h->e_phnum <= PROCESS_IMAGE_SEGMENTS;
}

bool process_image_read(struct process_image *image, const struct process_memory *m, uint64_t start)
{
	memset(image, 0, sizeof(*image));
	image->start = start;
	if (!process_memory_read(m, start, &image->header, sizeof(image->header)) ||
	    !is_fine(&image->header) ||
	    !process_memory_read(m, start + image->header.e_phoff, image->segments,
				 image->header.e_phnum * sizeof(Elf64_Phdr)))
		return false;
	image->segment_count = image->header.e_phnum;
	for (size_t i = 0; i < image->segment_count; i++)
		if (image->segments[i].p_type == PT_LOAD) {
			image->bias = start - page_of(image->segments[i].p_vaddr) +
				      page_of(image->segments[i].p_offset);
			read_segments(image, m);
			return true;
		}
	return false;
}

bool process_image_has(const struct process_image *image, uint64_t address, bool executable)
{
	for (size_t i = 0; i < image->segment_count; i++) {
		const Elf64_Phdr *s = &image->segments[i];
		if (s->p_type == PT_LOAD && (!executable || s->p_flags & PF_X) &&
		    address - (image->bias + s->p_vaddr) < s->p_memsz)
			return true;
	}
	return false;
}

uint64_t process_image_dynamic(const struct process_image *image, const struct process_memory *m,
			       int64_t tag)
{
	for (uint64_t i = 0; i < DYNAMIC_MAX && i < image->dynamic_bytes / sizeof(Elf64_Dyn); i++) {
		Elf64_Dyn entry;
		if (!process_memory_read(m, image->dynamic + i * sizeof(entry), &entry,
					 sizeof(entry)) ||
		    entry.d_tag == DT_NULL)
			return 0;
		if (entry.d_tag == tag)
			return entry.d_un.d_val;
	}
	return 0;
}

/* ---- the file made again ---- */

struct making {
	const struct process_image *image;
	const struct process_memory *memory;
	char *bytes;
	uint64_t count;
	Elf64_Shdr sections[SECTIONS_MAX];
	unsigned section_count;
};

/* The offset in the file of an address of it; UINT64_MAX: none. */
static uint64_t offset_of(const struct process_image *image, uint64_t address, uint64_t *left)
{
	for (size_t i = 0; i < image->segment_count; i++) {
		const Elf64_Phdr *s = &image->segments[i];
		if (s->p_type != PT_LOAD || address - s->p_vaddr >= s->p_filesz)
			continue;
		*left = s->p_filesz - (address - s->p_vaddr);
		return s->p_offset + (address - s->p_vaddr);
	}
	return UINT64_MAX;
}

static bool copy_segments(struct making *k)
{
	for (size_t i = 0; i < k->image->segment_count; i++) {
		const Elf64_Phdr *s = &k->image->segments[i];
		if (s->p_type != PT_LOAD)
			continue;
		if (s->p_filesz > IMAGE_MAX_BYTES || s->p_offset > IMAGE_MAX_BYTES)
			return false;
		if (s->p_offset + s->p_filesz > k->count)
			k->count = s->p_offset + s->p_filesz;
	}
	k->count = (k->count + 7) & ~7ull;
	k->bytes = mem_zalloc(1, k->count + sizeof(k->sections));
	for (size_t i = 0; i < k->image->segment_count; i++) {
		const Elf64_Phdr *s = &k->image->segments[i];
		if (s->p_type == PT_LOAD &&
		    !process_memory_read(k->memory, k->image->bias + s->p_vaddr,
					 k->bytes + s->p_offset, s->p_filesz))
			return false;
	}
	return true;
}

/* The dynamic linker writes addresses over what was in the file: taken back. */
static uint64_t file_address(const struct process_image *image, uint64_t value)
{
	return image->bias && value >= image->start ? value - image->bias : value;
}

static uint64_t entry_of(const struct making *k, int64_t tag)
{
	return process_image_dynamic(k->image, k->memory, tag);
}

static unsigned add_section(struct making *k, uint32_t type, uint64_t address, uint64_t bytes,
			    uint64_t entry_bytes, uint32_t link)
{
	uint64_t left = 0;
	address = file_address(k->image, address);
	uint64_t offset = address ? offset_of(k->image, address, &left) : UINT64_MAX;
	if (offset == UINT64_MAX || !bytes || k->section_count == SECTIONS_MAX)
		return 0;
	k->sections[k->section_count] = (Elf64_Shdr){ .sh_type = type,
						      .sh_flags = SHF_ALLOC,
						      .sh_addr = address,
						      .sh_offset = offset,
						      .sh_size = bytes < left ? bytes : left,
						      .sh_addralign = type == SHT_STRTAB ? 1 : 2,
						      .sh_entsize = entry_bytes,
						      .sh_link = link };
	return k->section_count++;
}

/* Of DT_GNU_HASH: behind the highest symbol of all chains. */
static uint64_t count_by_gnu_hash(const struct making *k, uint64_t at)
{
	struct {
		uint32_t buckets, first, bloom, shift;
	} head;
	uint32_t highest = 0, buckets[BUCKETS_STEP], word;
	if (!process_memory_read(k->memory, at, &head, sizeof(head)) || head.buckets > SYMBOLS_MAX)
		return 0;
	uint64_t table = at + sizeof(head) + 8ull * head.bloom;
	uint64_t chains = table + 4ull * head.buckets;
	for (uint32_t i = 0; i < head.buckets; i += BUCKETS_STEP) {
		uint32_t step = head.buckets - i < BUCKETS_STEP ? head.buckets - i : BUCKETS_STEP;
		if (!process_memory_read(k->memory, table + 4ull * i, buckets, 4ul * step))
			return 0;
		for (uint32_t b = 0; b < step; b++)
			highest = buckets[b] > highest ? buckets[b] : highest;
	}
	if (highest < head.first)
		return head.first;
	do {
		if (highest >= SYMBOLS_MAX ||
		    !process_memory_read(k->memory, chains + 4ull * (highest - head.first), &word,
					 sizeof(word)))
			return 0;
		highest++;
	} while (!(word & 1));
	return highest;
}

static uint64_t symbol_count(const struct making *k)
{
	uint32_t counts[2];
	uint64_t hash = entry_of(k, DT_HASH), gnu = entry_of(k, DT_GNU_HASH);
	uint64_t strings = entry_of(k, DT_STRTAB), symbols = entry_of(k, DT_SYMTAB);
	/* Imported symbols come before those that the GNU table counts, which has one at least. */
	uint64_t count = 0;
	if (hash && process_memory_read(k->memory, k->image->bias + file_address(k->image, hash),
					counts, sizeof(counts)))
		count = counts[1];
	else if (gnu)
		count = count_by_gnu_hash(k, k->image->bias + file_address(k->image, gnu));
	/* Linkers put the strings right behind; a file that exports nothing has no better. */
	uint64_t between = strings > symbols ? (strings - symbols) / sizeof(Elf64_Sym) : 0;
	if (!hash && between > count && between < SYMBOLS_MAX)
		count = between;
	return count < SYMBOLS_MAX ? count : 0;
}

static void add_versions(struct making *k, uint64_t symbols, unsigned dynsym, unsigned dynstr)
{
	unsigned section;
	uint64_t rest = 1 << 20; /* the tables tell their ends themselves */
	add_section(k, SHT_GNU_versym, entry_of(k, DT_VERSYM), symbols * 2, 2, dynsym);
	section = add_section(k, SHT_GNU_verneed, entry_of(k, DT_VERNEED), rest, 0, dynstr);
	if (section)
		k->sections[section].sh_info = (uint32_t)entry_of(k, DT_VERNEEDNUM);
	section = add_section(k, SHT_GNU_verdef, entry_of(k, DT_VERDEF), rest, 0, dynstr);
	if (section)
		k->sections[section].sh_info = (uint32_t)entry_of(k, DT_VERDEFNUM);
}

static void add_sections(struct making *k)
{
	uint64_t symbols = symbol_count(k);
	k->section_count = 1; /* the first one is none */
	unsigned dynstr =
		add_section(k, SHT_STRTAB, entry_of(k, DT_STRTAB), entry_of(k, DT_STRSZ), 0, 0);
	unsigned dynsym = add_section(k, SHT_DYNSYM, entry_of(k, DT_SYMTAB),
				      symbols * sizeof(Elf64_Sym), sizeof(Elf64_Sym), dynstr);
	add_section(k, SHT_DYNAMIC, k->image->dynamic, k->image->dynamic_bytes, sizeof(Elf64_Dyn),
		    dynstr);
	add_section(k, SHT_RELA, entry_of(k, DT_RELA), entry_of(k, DT_RELASZ), sizeof(Elf64_Rela),
		    dynsym);
	add_section(k, SHT_RELA, entry_of(k, DT_JMPREL), entry_of(k, DT_PLTRELSZ),
		    sizeof(Elf64_Rela), dynsym);
	add_versions(k, symbols, dynsym, dynstr);
}

int process_image_to_file(const struct process_image *image, const struct process_memory *m,
			  const char *name, struct elf_file *file, struct err *err)
{
	struct making k = { .image = image, .memory = m };
	if (!copy_segments(&k) || k.count < sizeof(Elf64_Ehdr)) {
		free(k.bytes);
		return err_set(err, "%s cannot be read from the memory of process %d", name,
			       (int)m->pid);
	}
	add_sections(&k);
	Elf64_Ehdr header = image->header;
	header.e_shoff = k.count;
	header.e_shentsize = sizeof(Elf64_Shdr);
	header.e_shnum = (uint16_t)k.section_count;
	header.e_shstrndx = SHN_UNDEF;
	memcpy(k.bytes, &header, sizeof(header));
	memcpy(k.bytes + k.count, k.sections, k.section_count * sizeof(Elf64_Shdr));
	return elf_file_from_image(file, k.bytes, k.count + k.section_count * sizeof(Elf64_Shdr),
				   name, err);
}
