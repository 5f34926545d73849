/* heaps.h - whose heap a module reaches by each name that it calls.
 *
 * A *heap* is known by the module whose code serves it. Functions that hand requests on are
 * followed: libstdc++'s operators to malloc, the C library's reallocarray() to realloc(),
 * tbbmalloc's proxy to tbbmalloc. In a process what it really holds counts, not what the search
 * says. */
#ifndef ALLOCTRACE_LINK_HEAPS_H
#define ALLOCTRACE_LINK_HEAPS_H

#include <stdbool.h>
#include <stddef.h>

#include "link/linked.h"

enum heap_use {
	HEAP_MAKES = 1,
	HEAP_RELEASES = 2, /* or asks about a block */
	HEAP_MALLOC = 4,   /* of the malloc family */
	HEAP_OPERATOR = 8, /* C++'s */
	HEAP_API = 16,	   /* an allocator's own */
	HEAP_ALIGNED = 32, /* operators for aligned types: their blocks are a kind of their own */
};

struct heap_call {
	const char *symbol;
	unsigned uses;		/* enum heap_use */
	size_t definer;		/* the module that the name leads to */
	size_t heap;		/* the module whose heap it is in the end */
	bool is_own;		/* the module's own, not by way of the dynamic linker */
	struct binding binding; /* if it is not */
};

struct heap_calls {
	struct heap_call *items;
	size_t count, cap;
};

/* What the module calls; an allocator's shared library calls nothing of its own here. */
void heap_calls_read(struct heap_calls *out, const struct linked *l, size_t module);
void heap_calls_release(struct heap_calls *calls);
/* Whose heap the C library's malloc is, which strdup() and its like allocate with; SIZE_MAX: there
 * is no C library in the namespace. */
size_t heap_of_libc(const struct linked *l, uint32_t space);
/* The allocator with a heap whose code is in the module; of several the one with `malloc`. NULL:
 * none. */
const struct allocator *heap_allocator(const struct linked_module *m);
/* malloc and free of no known kind that look others up: a wrapper that counts or checks, most
 * likely, and not a heap. */
bool heap_is_wrapper(const struct linked_module *m);
/* Whether the module defines `name` for others. */
bool heap_is_defined(const struct linked_module *m, const char *name);

#endif
