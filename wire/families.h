/* families.h - the kinds of allocators, and how one can be in a file. The list is families.def. */
#ifndef ALLOCTRACE_WIRE_FAMILIES_H
#define ALLOCTRACE_WIRE_FAMILIES_H

#include <stddef.h>

enum family {
#define FAMILY(id, name, layer, library, prefixes, telltales, strings, version, api) FAMILY_##id,
#include "wire/families.def"
#undef FAMILY
	FAMILY_COUNT
};

/* "jemalloc"; "?" when family is out of range. */
static inline const char *family_name(unsigned family)
{
	static const char *const names[] = {
#define FAMILY(id, name, layer, library, prefixes, telltales, strings, version, api) name,
#include "wire/families.def"
#undef FAMILY
	};
	return family < FAMILY_COUNT ? names[family] : "?";
}

/* How the names of its libraries begin, the first of them; NULL: it has none. */
static inline const char *family_library(unsigned family)
{
	static const char *const libraries[] = {
#define FAMILY(id, name, layer, library, prefixes, telltales, strings, version, api) library,
#include "wire/families.def"
#undef FAMILY
	};
	return family < FAMILY_COUNT ? libraries[family] : NULL;
}

/* How an allocator got into a file. Stored in traces: append only. */
enum allocator_linkage {
	ALLOCATOR_SHARED,   /* the file is the allocator's shared library */
	ALLOCATOR_EXPORTED, /* linked into it, and other files can call it by name */
	ALLOCATOR_HIDDEN,   /* linked into it; only the file itself calls it */
	ALLOCATOR_STRIPPED, /* the same, and where its functions are is not known */
	ALLOCATOR_LINKAGES
};

enum allocator_function_flag {
	ALLOCATOR_FUNCTION_EXPORTED = 1,
	ALLOCATOR_FUNCTION_PLAIN = 2, /* a name of roles.def: malloc, free, _Znwm, ... */
};

#endif
