/* library_search.h - the file that the dynamic linker takes for a library's name.
 *
 * As glibc's does, or musl's, whose order is another one. Looks at the files of this machine. */
#ifndef ALLOCTRACE_LINK_LIBRARY_SEARCH_H
#define ALLOCTRACE_LINK_LIBRARY_SEARCH_H

#include "link/interpreter.h"
#include "link/library_cache.h"
#include "link/linked.h"

struct library_search {
	const struct linked *linked;
	const struct interpreter *loader;
	const struct library_cache *cache;
	const char *library_path; /* LD_LIBRARY_PATH; NULL: none */
	bool secure;		  /* the program gives rights: it must not be led astray */
	const char *hwcaps[HWCAPS_MAX + 1];
};

struct library_file {
	char *path; /* NULL: not found */
	enum linked_found found_by;
	char *problem; /* the search ends with it: a file that is none for the linker */
};

/* Looks for what the module needs by the name. *out is the caller's to free; false: not found. */
bool library_find(const struct library_search *search, size_t wanted_by, const char *name,
		  struct library_file *out);

#endif
