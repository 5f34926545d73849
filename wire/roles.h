/* roles.h - what an entry point of an allocator does. The list is roles.def. */
#ifndef ALLOCTRACE_WIRE_ROLES_H
#define ALLOCTRACE_WIRE_ROLES_H

#include <stdbool.h>
#include <stddef.h>

enum role {
#define ROLE(name, symbol, group, words) ROLE_##name,
#include "wire/roles.def"
#undef ROLE
	ROLE_COUNT
};

/* The role's symbol as the linker knows it ("_Znwm"); "?" when role is out of range. */
static inline const char *role_symbol(unsigned role)
{
	static const char *const symbols[] = {
#define ROLE(name, symbol, group, words) symbol,
#include "wire/roles.def"
#undef ROLE
	};
	return role < ROLE_COUNT ? symbols[role] : "?";
}

/* As people know it: "malloc()", "operator delete[](void*, std::size_t)". */
static inline const char *role_words(unsigned role)
{
	static const char *const texts[] = {
#define ROLE(name, symbol, group, words) words,
#include "wire/roles.def"
#undef ROLE
	};
	return role < ROLE_COUNT ? texts[role] : "?";
}

/* The same by the symbol; NULL if it is none of them. */
static inline const char *symbol_words(const char *symbol)
{
	for (unsigned role = 0; role < ROLE_COUNT; role++)
		if (__builtin_strcmp(role_symbol(role), symbol) == 0)
			return role_words(role);
	return NULL;
}

/* Is it the name of one of the functions? */
static inline bool role_is_symbol(const char *name)
{
	return symbol_words(name) != NULL;
}

/* Does it take a block back, and give none out? */
static inline bool role_is_release(unsigned role)
{
	return role == ROLE_FREE || role == ROLE_CFREE || role == ROLE_FREE_SIZED ||
	       role == ROLE_FREE_ALIGNED_SIZED || role == ROLE_POOL_FREE ||
	       (role >= ROLE_DELETE && role <= ROLE_DELETE_ARRAY_SIZED_ALIGNED);
}

#endif
