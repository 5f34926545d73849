/* rust_shims.h - where the functions that Rust's allocations go through (__rust_alloc and its like)
 * lead: to an allocator in the same file, or to std's System, which is the C library's malloc.
 *
 * Read from the code, x86-64: a #[global_allocator] may be inlined into them or be reached through
 * __rg_alloc, the default through __rdl_alloc. Files may be hostile. */
#ifndef ALLOCTRACE_ELF_RUST_SHIMS_H
#define ALLOCTRACE_ELF_RUST_SHIMS_H

#include "elf/allocators.h"

enum rust_leads {
	RUST_NOWHERE,	  /* there are no such functions, or what they do is not understood */
	RUST_TO_INSTANCE, /* an allocator of this file */
	RUST_TO_SYSTEM,
	RUST_TO_SYMBOL, /* a function of another file that is no plain malloc */
};

enum { RUST_THROUGH_BYTES = 256 };

struct rust_shims {
	enum rust_leads leads;
	size_t instance;		  /* RUST_TO_INSTANCE: index among those found */
	char through[RUST_THROUGH_BYTES]; /* the functions, as in "__rust_alloc, __rdl_alloc" */
};

/* symbols: the file that has the code's symbols: `file` itself or a debug file. */
void rust_shims_read(struct rust_shims *out, const struct elf_file *file,
		     const struct elf_file *symbols, const struct allocators *found);

#endif
