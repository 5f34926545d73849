/* text_search.h - finds a fixed set of texts among the constants of a file, in one pass.
 *
 * The constants: sections of initialised data, or where there are no sections the read-only
 * segments. Looks at every tenth byte or so (Wu and Manber's shift table over pairs of bytes), and
 * reads the file in pieces: memory does not grow with it. */
#ifndef ALLOCTRACE_ELF_TEXT_SEARCH_H
#define ALLOCTRACE_ELF_TEXT_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/elf_file.h"

enum {
	TEXT_SEARCH_MIN_BYTES = 11, /* a shorter text would make every search slower */
	TEXT_SEARCH_BEFORE = 64,    /* bytes around a hit that are there, unless the file ends */
	TEXT_SEARCH_AFTER = 256,
};

struct file_part {
	uint64_t offset, bytes;
};

/* Where constants are: the parts of the file, or if there are none those that the ELF file's headers
 * tell of. */
struct constants {
	const struct elf_file *file;
	const struct file_part *parts;
	size_t part_count;
};

struct text_search;

/* A hit: the text begins at `at`; from `begin` to `end` is readable. */
typedef void text_search_hit(void *context, size_t id, const uint8_t *begin, const uint8_t *at,
			     const uint8_t *end);

struct text_search *text_search_new(void);
void text_search_free(struct text_search *search);
/* The text is not copied. Its id is how many were added before. */
void text_search_add(struct text_search *search, const char *text, size_t bytes);
void text_search_run(struct text_search *search, const struct constants *in, text_search_hit *hit,
		     void *context);

/* Calls `look` with the constants piece by piece; `from` to `to` is new, what is around
 * it (as at a hit) readable. Leaves off when it returns false. */
typedef bool constants_look(void *context, const uint8_t *begin, const uint8_t *from,
			    const uint8_t *to, const uint8_t *end);
void constants_read(const struct constants *in, constants_look *look, void *context);

#endif
