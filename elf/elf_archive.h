/* elf_archive.h - a static archive (ar) opened for reading: its objects as ELF files.
 *
 * Members that are no ELF file (LLVM bitcode, texts) are passed over. Thin archives name files
 * elsewhere and are refused. Files may be hostile, as for elf_file.h. The whole file is read into
 * memory: of members of any other archive libelf never frees what it reads. */
#ifndef ALLOCTRACE_ELF_ELF_ARCHIVE_H
#define ALLOCTRACE_ELF_ELF_ARCHIVE_H

#include "elf/elf_file.h"

enum { ELF_ARCHIVE_MAX_OBJECTS = 65535 };

struct elf_archive {
	void *image;
	Elf *elf;
	struct elf_file *objects;
	size_t count, cap;
};

/* On failure nothing is left open and err says why. */
int elf_archive_open(struct elf_archive *archive, const char *path, struct err *err) AT_MUST_CHECK;
void elf_archive_close(struct elf_archive *archive);

#endif
