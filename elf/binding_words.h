/* binding_words.h - functions by what people call them, and why one is bound to whom it is, as part
 * of a sentence.
 *
 * Names of files and functions are not escaped here: whoever prints does that. */
#ifndef ALLOCTRACE_ELF_BINDING_WORDS_H
#define ALLOCTRACE_ELF_BINDING_WORDS_H

#include "elf/binding_search.h"
#include "util/strbuf.h"

/* Whom a sentence is about. */
struct binding_names {
	const char *user;    /* the module that looks for the symbol */
	const char *definer; /* the one that it is found in */
	const char *opened;  /* what was given to the dlopen() that matters, if one does */
	const char *symbol;
};

/* "operator delete[]" for all of that name; others as they are. */
void binding_add_function(struct strbuf *out, const char *symbol);
/* "libjemalloc.so.2 is preloaded, so ..."; nothing for what was not found. */
void binding_add_reason(struct strbuf *out, enum binding_reason reason,
			const struct binding_names *names);

#endif
