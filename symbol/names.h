/* names.h - every name and path of the answers, once.
 *
 * The strings live in a pool and stay valid until it is released; equal strings have equal
 * pointers. */
#ifndef ALLOCTRACE_SYMBOL_NAMES_H
#define ALLOCTRACE_SYMBOL_NAMES_H

#include <stddef.h>

#include "symbol/pool.h"
#include "util/strbuf.h"

struct name_entry;

struct names {
	struct pool *pool;
	struct name_entry *entries; /* open addressing; NULL text marks a free one */
	size_t count, room;	    /* room is a power of two */
	struct strbuf scratch;
};

void names_init(struct names *names, struct pool *pool);
void names_release(struct names *names); /* not the strings: they are the pool's */

/* The text itself. */
const char *names_plain(struct names *names, const char *text, size_t len);
/* A function's name, demangled if it is mangled. */
const char *names_function(struct names *names, const char *raw, size_t len);

#endif
