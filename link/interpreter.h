/* interpreter.h - what a dynamic linker has built in: its default directories, where its cache is.
 *
 * Read from its file, because distributions differ in them: ld.so is not run. */
#ifndef ALLOCTRACE_LINK_INTERPRETER_H
#define ALLOCTRACE_LINK_INTERPRETER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum interpreter_kind {
	INTERPRETER_GLIBC,
	INTERPRETER_MUSL,
	INTERPRETER_OTHER, /* of another C library: simulated as if it were glibc's */
};

struct interpreter {
	enum interpreter_kind kind;
	char *path;	    /* as the program names it, or as is usual for the machine */
	bool is_missing;    /* there is no such file: what is usual is taken */
	char **directories; /* default ones, with a slash at the end */
	size_t directory_count, directory_cap;
	char *cache;		/* path; NULL: it has none */
	int32_t cache_id;	/* of the entries that are for this machine */
	char *lib;		/* $LIB */
	const char *platform;	/* $PLATFORM; NULL: not known */
	bool has_legacy_hwcaps; /* glibc before 2.37: tls, haswell, ... */
};

/* By its name. */
enum interpreter_kind interpreter_kind_of(const char *path);
/* musl's libc is its dynamic linker, by all names that parts of a C library have. */
bool interpreter_is_musl_libc(const char *name);
/* interpreter: of the program (PT_INTERP); NULL: the one that is usual for the machine. */
void interpreter_read(struct interpreter *out, const char *interpreter, uint16_t machine,
		      uint8_t bits);
void interpreter_release(struct interpreter *loader);

#endif
