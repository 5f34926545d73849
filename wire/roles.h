/* roles.h - what an entry point of an allocator does. The list is roles.def. */
#ifndef ALLOCTRACE_WIRE_ROLES_H
#define ALLOCTRACE_WIRE_ROLES_H

#include <stdbool.h>

enum role {
#define ROLE(name, symbol, group) ROLE_##name,
#include "wire/roles.def"
#undef ROLE
	ROLE_COUNT
};

/* The role's symbol as the linker knows it ("_Znwm"); "?" when role is out of range. */
static inline const char *role_symbol(unsigned role)
{
	static const char *const symbols[] = {
#define ROLE(name, symbol, group) symbol,
#include "wire/roles.def"
#undef ROLE
	};
	return role < ROLE_COUNT ? symbols[role] : "?";
}

/* Is it the name of one of the functions? */
static inline bool role_is_symbol(const char *name)
{
	for (unsigned role = 0; role < ROLE_COUNT; role++)
		if (__builtin_strcmp(role_symbol(role), name) == 0)
			return true;
	return false;
}

/* Does it take a block back, and give none out? */
static inline bool role_is_release(unsigned role)
{
	return role == ROLE_FREE || role == ROLE_CFREE || role == ROLE_FREE_SIZED ||
	       role == ROLE_FREE_ALIGNED_SIZED || role == ROLE_POOL_FREE ||
	       (role >= ROLE_DELETE && role <= ROLE_DELETE_ARRAY_SIZED_ALIGNED);
}

#endif
