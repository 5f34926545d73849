/* path.h - parts of a path, as text: nothing is looked up. */
#ifndef ALLOCTRACE_UTIL_PATH_H
#define ALLOCTRACE_UTIL_PATH_H

#include <stddef.h>
#include <string.h>

/* What follows the last slash; the whole path if nothing does. */
static inline const char *path_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash && slash[1] ? slash + 1 : path;
}

/* The bytes of the directory part with its last slash; 0 if there is none. */
static inline size_t path_directory_bytes(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? (size_t)(slash + 1 - path) : 0;
}

#endif
