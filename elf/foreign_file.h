/* foreign_file.h - PE, COFF and Mach-O files, as far as finding allocators in them needs: the
 * functions that they name and where their constants lie.
 *
 * PE: programs and DLLs, with the functions that they export and, of MinGW's, their COFF symbols.
 * COFF: objects, with the functions that they define; members of import libraries define none. Mach-O:
 * programs, dylibs, bundles and objects; a universal file is one for each machine, or an archive of
 * objects for each. Files may be hostile: what lies outside of the file is not there. */
#ifndef ALLOCTRACE_ELF_FOREIGN_FILE_H
#define ALLOCTRACE_ELF_FOREIGN_FILE_H

#include "elf/elf_file.h"
#include "elf/function_set.h"
#include "elf/passed_numbers.h"
#include "elf/text_search.h"

enum foreign_format { FOREIGN_NONE, FOREIGN_PE, FOREIGN_MACH_O };
enum { FOREIGN_PARTS_MAX = 4096, FOREIGN_IMAGE_PARTS_MAX = 96 };

struct foreign_file {
	enum foreign_format format;
	struct elf_file bytes; /* to read from; no ELF file */
	uint16_t machine;      /* as ELF numbers it (EM_X86_64); EM_NONE: another */
	uint8_t bits;
	bool is_big_endian;
	bool is_program; /* not a library */
	bool is_object;
	unsigned machine_count;	  /* of a universal file its parts; else 1 */
	bool is_archive;	  /* the part is one, and nothing else is known of it */
	struct file_part archive; /* where it is */
	bool has_symbols;	/* more than what it exports */
	struct elf_build_id id; /* Mach-O's UUID */
	struct function_set functions;
	struct file_part *constants;
	size_t constant_count, constant_cap;
	struct image_part parts[FOREIGN_IMAGE_PARTS_MAX]; /* of PE, to read its code */
	size_t part_count;
	char *names[2]; /* of the functions; owned */
};

/* What the first bytes of a file say that it may be: of COFF objects they say little. */
enum foreign_format foreign_format_of(const uint8_t *start, size_t bytes);
/* Opens and reads it, of a universal file the part of this number (from 0). On failure nothing is left
 * open and err says why. */
int foreign_file_open(struct foreign_file *file, const char *path, unsigned part,
		      struct err *err) AT_MUST_CHECK;
/* Reads it from memory, which libelf has by itself ("bytes", no ELF file) and which is closed with it.
 * Fails without a text. */
int foreign_file_take(struct foreign_file *file, const struct elf_file *bytes) AT_MUST_CHECK;
void foreign_file_close(struct foreign_file *file);

/* For the readers of the formats, which fill in what is above: false if it is none of theirs. */
bool foreign_read_pe(struct foreign_file *file);
bool foreign_read_mach_o(struct foreign_file *file, unsigned part);
/* `bytes` bytes from offset on, ended by a NUL that is not counted; NULL: not all of them there, or
 * more than a table ever has. The caller frees it. */
char *foreign_load(const struct foreign_file *file, uint64_t offset, uint64_t bytes);
/* Adds a function by its name, which ends at `end` at the latest. */
void foreign_add_function(struct foreign_file *file, const char *name, const char *end,
			  uint64_t address, bool exported);
/* A part of the file where messages can stand; those above FOREIGN_PARTS_MAX are passed over. */
void foreign_add_constants(struct foreign_file *file, uint64_t offset, uint64_t bytes);

#endif
