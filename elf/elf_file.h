/* elf_file.h - an ELF file opened for reading, and its build-id.
 *
 * Opens regular files only (a FIFO or a device in the place of a module must not block the tool)
 * and holds the descriptor as long as libelf needs it. Files may be hostile: everything goes
 * through libelf's checked accessors. Does not look at what the file is for: see program.h for
 * programs and symbol/ for symbols. The tool's job only. */
#ifndef ALLOCTRACE_ELF_ELF_FILE_H
#define ALLOCTRACE_ELF_ELF_FILE_H

#include <elf.h>
#include <libelf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "util/err.h"

enum {
	ELF_BUILD_ID_MAX = 64, /* longer ones are taken as none */
};

struct elf_file {
	int fd; /* -1: not open, or an image in memory */
	Elf *elf;
	void *image;  /* owned memory that elf reads, or NULL */
	const void *mapped; /* of a huge file: where libelf has mapped it, guarded; or NULL */
	dev_t device; /* of the file; 0 for an image */
	ino_t inode;
};

#define ELF_FILE_INIT                                                                              \
	{                                                                                          \
		.fd = -1                                                                           \
	}

struct elf_build_id {
	uint8_t bytes[ELF_BUILD_ID_MAX];
	uint32_t count; /* 0: the file has none */
};

/* Opens path. On failure *file is as after ELF_FILE_INIT and err says why. */
int elf_file_open(struct elf_file *file, const char *path, struct err *err) AT_MUST_CHECK;
/* Reads the ELF file from the memory, which it owns from now on and releases with free(), also
 * when it fails. `name` is for the error text. */
int elf_file_from_image(struct elf_file *file, void *image, size_t bytes, const char *name,
			struct err *err) AT_MUST_CHECK;
void elf_file_close(struct elf_file *file); /* also fine on one that is not open */

/* Opens a regular file for reading without ever blocking; returns a descriptor, or -1 with the
 * error. */
int elf_open_regular(const char *path, struct err *err) AT_MUST_CHECK;

/* The GNU build-id note. */
void elf_build_id_read(Elf *elf, struct elf_build_id *id);
bool elf_build_id_equal(const struct elf_build_id *id, const uint8_t *bytes, size_t count);

/* Reads bytes of the file as they are stored; returns how many there are at this offset. */
size_t elf_file_read(const struct elf_file *file, uint64_t offset, void *out, size_t bytes);
/* The same of what is mapped at a virtual address. */
size_t elf_file_read_mapped(const struct elf_file *file, uint64_t address, void *out, size_t bytes);

/* How long it is now: to be asked before memory or time is taken for a part of it. */
uint64_t elf_file_size(const struct elf_file *file);

/* How many symbols a symbol table's data holds, the first (none) included. */
size_t elf_symbol_count(Elf *elf, const Elf_Data *symbols);

/* A table of strings. libelf's own elf_strptr() looks for the end of a string in the whole table,
 * which in a file made for it takes as long as the table is, for every symbol. */
struct elf_strings {
	const char *text; /* libelf's */
	size_t bytes;	  /* up to the last NUL that ends one */
};

/* The section's, with none when it is no table of strings. */
struct elf_strings elf_strings_of(Elf *elf, size_t section);
/* NULL: there is none at this offset. */
static inline const char *elf_strings_at(const struct elf_strings *s, uint64_t offset)
{
	return offset < s->bytes ? s->text + offset : NULL;
}
/* The names of sections. */
struct elf_strings elf_section_names(Elf *elf);

/* The first section with this name (and of at least one byte), or NULL. */
Elf_Scn *elf_section_named(Elf *elf, const char *name);
/* The first one of this type with its header (a GElf_Shdr), or NULL. */
Elf_Scn *elf_section_of_type(Elf *elf, uint32_t type, Elf64_Shdr *header);
/* The same of segments (a GElf_Phdr, of what PT_ type); false: there is none. */
bool elf_segment_of_type(Elf *elf, uint32_t type, Elf64_Phdr *segment);

#endif
