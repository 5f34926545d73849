/* thread_storage.h - the thread-local variables of an ELF file, and how its code reaches them.
 *
 * A file with relocations to fixed offsets from the thread pointer (the initial-exec model) needs
 * its block, or that of the module that it names a variable of, in the static TLS block that each
 * thread has from its start; see "ELF Handling For Thread-Local Storage". Whether there is room is
 * told by link/static_tls.h. Files may be hostile. */
#ifndef ALLOCTRACE_ELF_THREAD_STORAGE_H
#define ALLOCTRACE_ELF_THREAD_STORAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/elf_file.h"

enum thread_use {
	THREAD_USE_FIXED = 1,	   /* at a fixed offset: initial-exec */
	THREAD_USE_DESCRIPTOR = 2, /* TLSDESC: at a fixed offset if there happens to be room */
};

/* A variable that the dynamic linker searches for: another module's, or one that another may have,
 * too. */
struct thread_wanted {
	char *name;
	unsigned uses; /* enum thread_use */
};

struct thread_storage {
	uint64_t bytes;	     /* PT_TLS; 0: none */
	uint64_t alignment;  /* a power of two where there are any */
	uint64_t first_byte; /* how far behind an address so aligned it begins */
	bool is_static;	     /* DF_STATIC_TLS, or a use at a fixed offset */
	unsigned uses;	     /* enum thread_use: of its own block for certain */
	struct thread_wanted *wanted;
	size_t wanted_count, wanted_cap;
	char **defined; /* its variables that others can name */
	size_t defined_count, defined_cap;
	/* 36 in glibc 2.36's C library: the newest of the versions GLIBC_2.*; 0: has none. */
	unsigned glibc_minor;
};

/* What is in *out is its own; nothing there was before is released. */
void thread_storage_read(struct thread_storage *out, const struct elf_file *file);
void thread_storage_release(struct thread_storage *t);
/* Whether it has a thread-local variable of this name for others. */
bool thread_storage_defines(const struct thread_storage *t, const char *name);

#endif
