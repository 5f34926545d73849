/* user_families.h - allocators that the user names: which functions of the program make and take
 * blocks.
 *
 * A family is told by a line
 *
 *	NAME:KEY=FUNCTION[/N...],...
 *
 * KEY is alloc, calloc, realloc, reallocarray, aligned, free, free_sized or usable; a key may be
 * given again. FUNCTION is the symbol's name as the file has it (C++: mangled). The numbers say which
 * arguments, counted from 1, are what C's function of that kind has as its own, in C's order:
 * `realloc=f/2/3` has the block as its second and the size as its third; without numbers they are as
 * in C. 0: it has no such argument. */
#ifndef ALLOCTRACE_ELF_USER_FAMILIES_H
#define ALLOCTRACE_ELF_USER_FAMILIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "elf/allocators.h"
#include "elf/function_set.h"
#include "util/err.h"

enum {
	USER_FAMILY_NAME_MAX = 31, /* bytes */
	USER_ARGUMENTS_MAX = 6,
};

struct user_function {
	char *name;
	uint8_t role; /* enum role */
	char arguments[USER_ARGUMENTS_MAX + 1]; /* as in wire/functions.def */
	bool found;   /* in a module: by user_families_find() */
};

struct user_family {
	char *name;
	struct user_function *functions;
	size_t count, cap;
};

struct user_families {
	struct user_family *items;
	size_t count, cap;
};

#define USER_FAMILIES_INIT { NULL, 0, 0 }

/* Adds what a line says; of a family that is known already, to that. 0, or -1 with the reason. */
int user_families_add(struct user_families *families, const char *text, struct err *err);
/* Adds the lines of a file; empty ones and such as begin with # say nothing. -1: the file cannot be read;
 * -2: a line of it is wrong. */
int user_families_load(struct user_families *families, const char *path, struct err *err);
void user_families_release(struct user_families *families);

/* Adds to *out an allocator for each family that has functions in the set; its name is the family's own
 * string. */
void user_families_find(struct user_families *families, const struct function_set *functions,
			struct allocators *out);
/* The function of a family, by their names; NULL: none. */
const struct user_function *user_families_function(const struct user_families *families,
						   const char *family, const char *function);

#endif
