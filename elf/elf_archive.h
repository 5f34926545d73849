/* elf_archive.h - a static archive (ar) opened for reading: its objects, which are ELF, COFF or
 * Mach-O files.
 *
 * System V's form (GNU's), BSD's (macOS's) and Microsoft's, and thin ones, whose members are files
 * elsewhere: those are read if they are objects and as long as the archive says. Members that are
 * something else (LLVM bitcode, texts) are passed over. Files may be hostile, as for elf_file.h.
 * The whole file is read into memory. */
#ifndef ALLOCTRACE_ELF_ELF_ARCHIVE_H
#define ALLOCTRACE_ELF_ELF_ARCHIVE_H

#include "elf/elf_file.h"
#include "elf/foreign_file.h"

enum { ELF_ARCHIVE_MAX_OBJECTS = 65535 };

struct elf_archive {
	void *image;
	struct elf_file *objects;
	size_t count, cap;
	char **names; /* of the objects */
	size_t name_cap;
	struct foreign_file **foreign;
	size_t foreign_count, foreign_cap;
	char *missing; /* NULL, or which member of a thin archive could not be read, and why */
};

/* On failure nothing is left open and err says why. */
int elf_archive_open(struct elf_archive *archive, const char *path, struct err *err) AT_MUST_CHECK;
/* One that is a part of a file. */
int elf_archive_open_part(struct elf_archive *archive, const char *path, struct file_part part,
			  struct err *err) AT_MUST_CHECK;
void elf_archive_close(struct elf_archive *archive);

#endif
