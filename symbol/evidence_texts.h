/* evidence_texts.h - what the constants of a file tell of its allocators and of Rust beside the
 * messages that prove an allocator: names of options, paths of Rust's crates, Rust's version. Part
 * of evidence.h. */
#ifndef ALLOCTRACE_SYMBOL_EVIDENCE_TEXTS_H
#define ALLOCTRACE_SYMBOL_EVIDENCE_TEXTS_H

#include "elf/family_clues.h"

enum { EVIDENCE_CRATES_MAX = 8, EVIDENCE_CRATE_BYTES = 48, EVIDENCE_OPTIONS_MAX = 4 };

struct evidence_crate {
	enum family family;
	char name[EVIDENCE_CRATE_BYTES]; /* "libmimalloc-sys-0.1.35" */
};

struct evidence_texts {
	/* Names of the family's options. */
	const char *options[FAMILY_COUNT][EVIDENCE_OPTIONS_MAX];
	size_t option_count[FAMILY_COUNT];
	struct evidence_crate crates[EVIDENCE_CRATES_MAX];
	size_t crate_count;
	char rust_version[16]; /* likewise, of Debian's */
	char rust_commit[41]; /* of the standard library's source; "" if there is none */
};

/* `count` sets of constants are looked at together. */
void evidence_texts_find(struct evidence_texts *out, const struct constants *in, size_t count);

#endif
