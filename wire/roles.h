/* roles.h - what an entry point of an allocator does. The list is roles.def. */
#ifndef ALLOCTRACE_WIRE_ROLES_H
#define ALLOCTRACE_WIRE_ROLES_H

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

#endif
