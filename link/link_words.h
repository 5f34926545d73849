/* link_words.h - allocators, their users and why names are bound as they are, in words.
 *
 * Names of files are not escaped here: whoever prints does that. */
#ifndef ALLOCTRACE_LINK_LINK_WORDS_H
#define ALLOCTRACE_LINK_LINK_WORDS_H

#include "elf/binding_words.h"
#include "link/uses.h"
#include "util/strbuf.h"

/* "mimalloc 2.0.9" */
void link_add_allocator(struct strbuf *out, const struct allocator *is);
/* "malloc, free and 3 more"; C++ operators as people write them, no more than `most` of them. */
void link_add_symbols(struct strbuf *out, const struct use *u, size_t most);
/* Why the use's first symbol is bound to whom it is, a clause; nothing where nothing is to be said.
 */
void link_add_reason(struct strbuf *out, const struct linked *l, const struct use *u);

#endif
