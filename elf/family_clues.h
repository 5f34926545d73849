/* family_clues.h - what the constants of a file tell about allocators: the strings that prove a
 * family and its version. Part of allocators.h. */
#ifndef ALLOCTRACE_ELF_FAMILY_CLUES_H
#define ALLOCTRACE_ELF_FAMILY_CLUES_H

#include <stdbool.h>

#include "elf/text_search.h"
#include "wire/families.h"

enum { FAMILY_VERSION_BYTES = 32, FAMILY_PREFIX_BYTES = 32 };

struct family_clue {
	bool proved; /* all its strings are there */
	unsigned seen;
	char version[FAMILY_VERSION_BYTES]; /* "" if not known */
	char prefix[FAMILY_PREFIX_BYTES];   /* as a string tells it, in small letters */
};

struct family_texts;

/* The messages that prove the family, as wire/families.def has them. */
const char *family_clues_messages(enum family family);

struct family_texts *family_texts_new(void);
void family_texts_free(struct family_texts *texts);
/* Fills in clues[FAMILY_COUNT] with what is there together: a file's, or an archive's objects'. */
void family_clues_find(struct family_texts *texts, const struct constants *in, size_t count,
		       struct family_clue *clues);
/* A version in a string of the form "TEXT#REST" (see wire/families.def); out has
 * FAMILY_VERSION_BYTES and is "" if there is none. */
void family_clues_version_in_string(const struct constants *in, const char *how, char *out);

#endif
