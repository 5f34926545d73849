/* program.h - what a program file is, before it is started.
 *
 * Finds the file as execvp() would, follows "#!" lines to the interpreter that will really run, and
 * reads from its ELF headers whether LD_PRELOAD can reach it. The answers are for a message to the
 * user before anything has been started: afterwards it would be too late to explain. Files may be
 * hostile; nothing is executed, nothing blocks. */
#ifndef ALLOCTRACE_ELF_PROGRAM_H
#define ALLOCTRACE_ELF_PROGRAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/elf_file.h"
#include "util/err.h"

enum {
	PROGRAM_MAX_SCRIPTS = 4, /* the kernel follows as many */
};

/* Why there is nothing that could be started. */
enum program_error {
	PROGRAM_NOT_FOUND = -1,
	PROGRAM_NOT_EXECUTABLE = -2, /* no permission, a folder, ... */
	PROGRAM_NOT_A_PROGRAM = -3,  /* neither ELF nor script, damaged, an object file, ... */
};

enum program_linkage {
	PROGRAM_UNKNOWN, /* may be executed but not read */
	PROGRAM_DYNAMIC,
	PROGRAM_STATIC,
	PROGRAM_STATIC_PIE,
};

enum program_allocator {
	PROGRAM_USES_LIBC,	 /* as far as its symbols tell */
	PROGRAM_EXPORTS_MALLOC,	 /* its own one also serves the libraries it loads */
	PROGRAM_CONTAINS_MALLOC, /* its own one is bound inside the file */
	PROGRAM_CONTAINS_OTHER,	 /* one under other names beside libc's (je_malloc, mi_malloc, ...)
				  */
};

struct program_info {
	char *path; /* the ELF file that will run: the program, or the interpreter of a script */
	char *scripts[PROGRAM_MAX_SCRIPTS]; /* the scripts on the way there, first the one named */
	size_t script_count;
	unsigned elf_class; /* 32 or 64; 0 if not known */
	unsigned machine;   /* EM_... */
	unsigned type;	    /* ET_EXEC or ET_DYN */
	bool pie;	    /* DF_1_PIE */
	enum program_linkage linkage;
	bool is_dynamic_linker; /* ld.so started by hand */
	char *interpreter;	/* PT_INTERP, or NULL */
	bool interpreter_exists;
	bool musl;
	bool setuid, setgid, file_capabilities; /* what the file has */
	bool secure; /* starting it changes the user's rights: ld.so then ignores LD_PRELOAD */
	enum program_allocator allocator;
	const char *allocator_name; /* "jemalloc", ...; NULL if not known */
	struct elf_build_id build_id;
	char *obstacle; /* see program_obstacle() */
	char *note;	/* see program_note() */
};

/* Looks at a program by path, or by name along PATH. Returns 0, or an enum program_error with the
 * text in err; *out is then empty. */
int program_inspect(const char *path_or_name, struct program_info *out,
		    struct err *err) AT_MUST_CHECK;
void program_info_release(struct program_info *info);

/* NULL when LD_PRELOAD will work, else a sentence or two: what is in the way, and what to do. */
const char *program_obstacle(const struct program_info *info);
/* NULL, or what a trace of it will not show. */
const char *program_note(const struct program_info *info);

#endif
