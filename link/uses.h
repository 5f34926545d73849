/* uses.h - which allocators the modules of a program use: those that their imports are bound to,
 * and those inside themselves.
 *
 * What only hands requests on (libstdc++'s operators, tbbmalloc's proxy) is looked through: the
 * allocator behind it is the one that is used. Computed from link/linked.h alone; where a living
 * process holds something else than the search finds, what it holds counts. */
#ifndef ALLOCTRACE_LINK_USES_H
#define ALLOCTRACE_LINK_USES_H

#include <stdbool.h>
#include <stddef.h>

#include "link/linked.h"

enum use_kind {
	USE_BOUND, /* by name, through the dynamic linker */
	USE_OWN,   /* the module's own malloc or the like, which is hidden: bound when it was linked
		    */
	/* Inside the module, under names of its own or none, and hidden: nobody else can call it;
	 * whether the module does is not seen. */
	USE_INSIDE,
};

/* All that one module takes from one allocator. */
struct use {
	enum use_kind kind;
	bool is_rust;	  /* USE_OWN: what a #[global_allocator] leads to */
	size_t user;	  /* module */
	size_t module;	  /* that has the allocator; SIZE_MAX: nobody defines the names */
	size_t allocator; /* in its `found`; SIZE_MAX: none that is known */
	size_t via;	  /* module that hands on to it, of the first symbol; SIZE_MAX: none */
	struct binding binding; /* of the first symbol; USE_BOUND */
	const char **symbols;	/* the strings are the module's */
	size_t symbol_count, symbol_cap;
};

/* By user, then in the order of the user's symbols; malloc first where it has one. */
struct uses {
	struct use *items;
	size_t count, cap;
};

#define USES_INIT                                                                                  \
	{                                                                                          \
		NULL, 0, 0                                                                         \
	}

/* *out is new: what it had is not released. It must not outlive *l. */
void uses_find(struct uses *out, const struct linked *l);
void uses_release(struct uses *u);

/* The program's own: who serves its malloc, also if only others call that. Not one of a struct
 * uses; its symbol_count is 0 if nothing defines malloc. Released by use_release(). */
void use_of_program(struct use *out, const struct linked *l);
void use_release(struct use *u);

/* The allocator of a use, or NULL. */
const struct allocator *use_allocator(const struct linked *l, const struct use *u);
/* Whether both are served by the same. */
bool use_is_same(const struct use *a, const struct use *b);
/* Whether the allocator's heap is called by these symbols: not if they only ask for a size, or
 * hand on, as libc's reallocarray does. */
bool use_takes_blocks(const struct use *u);

/* The kinds of functions that are told of together. */
enum use_group {
	USE_MALLOC = 1,
	USE_FREE = 2,
	USE_ALIGNED = 4,
	USE_SIZE = 8,
	USE_NEW = 16,
	USE_DELETE = 32,
	USE_API = 64, /* an allocator's own names */
};

enum use_group use_group_of(const char *symbol);
/* enum use_group of all of its symbols. */
unsigned use_groups(const struct use *u);

#endif
