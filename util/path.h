/* path.h - parts of a path, as text: nothing is looked up. */
#ifndef ALLOCTRACE_UTIL_PATH_H
#define ALLOCTRACE_UTIL_PATH_H

#include <stdbool.h>
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

/* Whether the file's name is a C library's: glibc's (libc.so.6, once libc-2.31.so) or musl's. */
static inline bool path_is_libc(const char *path)
{
	const char *name = path_name(path);
	return strncmp(name, "libc.so", 7) == 0 || strncmp(name, "libc-2.", 7) == 0 ||
	       strncmp(name, "libc.musl", 9) == 0 || strncmp(name, "ld-musl", 7) == 0;
}

/* The same of C++'s: libstdc++ or LLVM's. */
static inline bool path_is_libcxx(const char *path)
{
	const char *name = path_name(path);
	return strncmp(name, "libstdc++.", 10) == 0 || strncmp(name, "libc++.", 7) == 0 ||
	       strncmp(name, "libc++abi.", 10) == 0;
}

#endif
