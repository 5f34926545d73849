/* link_files.h - what a program would be linked with, were it started now: the dynamic linker's
 * work, done on files alone.
 *
 * Follows glibc's ld.so (as of 2.36), and musl's for programs that are for it. Nothing is run. Not
 * simulated: DT_AUXILIARY and DT_FILTER, LD_AUDIT, prelink, GLIBC_TUNABLES, `ldconfig` directories
 * that are newer than its cache. */
#ifndef ALLOCTRACE_LINK_LINK_FILES_H
#define ALLOCTRACE_LINK_LINK_FILES_H

#include "link/linked.h"

/* A library that the program opens later. */
struct link_opening {
	char *name;	/* as dlopen() gets it from the program */
	uint32_t flags; /* BINDING_GLOBAL, BINDING_DEEPBIND */
	bool new_space; /* by dlmopen(LM_ID_NEWLM) */
};

/* As the program would have it; the tool's own environment is not looked at. */
struct link_environment {
	const char *preload;		     /* LD_PRELOAD; NULL: none */
	const char *library_path;	     /* LD_LIBRARY_PATH; NULL: none */
	const struct link_opening *openings; /* in this order */
	size_t opening_count;
};

/* Whether a dynamic linker links the file with others: a program that names one, or a library. */
bool link_files_is_dynamic(const struct elf_file *file, bool is_program);

/* Fills *l for a program, or for a library as if it were one, and binds. Libraries that are not
 * found are modules with a problem. -1, and *l is empty, if the file itself cannot be looked at. */
int linked_from_files(struct linked *l, const char *path, const struct link_environment *env,
		      struct allocator_finder *finder, struct err *err) AT_MUST_CHECK;

#endif
