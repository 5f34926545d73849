/* survey.h - which allocators are in the files that somebody names: ELF files, objects, static
 * archives, PE, COFF and Mach-O files, and all of them below directories.
 *
 * Links below a directory are not followed, /proc and its like not entered, and what is no such
 * file is passed over unless it was named. Files are looked at by several threads. One that cannot
 * be read has a problem and does not stop the others. */
#ifndef ALLOCTRACE_SYMBOL_SURVEY_H
#define ALLOCTRACE_SYMBOL_SURVEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/allocators.h"
#include "symbol/evidence.h"

enum survey_kind {
	SURVEY_OTHER, /* nothing that is looked at, or it could not be */
	SURVEY_PROGRAM,
	SURVEY_LIBRARY,
	SURVEY_OBJECT,
	SURVEY_ARCHIVE,
	SURVEY_DEBUG, /* what strip took from a program or library */
};

struct survey_file {
	char *path;
	bool is_named; /* not met in a directory */
	enum survey_kind kind;
	const char *format; /* "ELF", "PE", "Mach-O" */
	bool is_part;	  /* of a universal file, of which there are others; machine tells which */
	char *problem;	  /* NULL: none; what could be read of the file is told all the same */
	uint16_t machine; /* e_machine */
	uint8_t bits;	  /* 32 or 64 */
	bool is_big_endian;
	bool has_symbols; /* .symtab */
	struct elf_build_id build_id;
	struct allocators found;
	struct survey_file *more;      /* while it runs: the file's other parts, in a list */
	struct file_evidence evidence; /* with details only */
};

struct survey {
	struct survey_file *files; /* by path when it has run */
	size_t count, cap;
	bool details;	  /* set before the run: all evidence, which takes longer */
	bool ask_servers; /* likewise: debuginfod for debug files, if DEBUGINFOD_URLS is set */
};

#define SURVEY_INIT                                                                                \
	{                                                                                          \
		NULL, 0, 0, false, false                                                           \
	}

/* Adds a file, or what is below a directory. */
void survey_add(struct survey *s, const char *path);
/* Looks at them all; `step`, if there is one, is called by this thread now and then. */
typedef void survey_step(void *context, uint64_t done, uint64_t all);
void survey_run(struct survey *s, survey_step *step, void *context);
void survey_release(struct survey *s);

/* "x86-64", "aarch64", ...; NULL: another. */
const char *survey_machine_name(uint16_t machine);

#endif
