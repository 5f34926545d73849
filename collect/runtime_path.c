/* runtime_path.c - see runtime_path.h. */
#include "collect/runtime_path.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/mem.h"

/* Resolves "dir/name" if there is such a file. */
static char *try_path(const char *dir, const char *name)
{
	char *path = mem_printf("%s/%s", dir, name);
	char *real = access(path, R_OK) == 0 ? realpath(path, NULL) : NULL;
	free(path);
	return real;
}

/* The configured directory below each ancestor of `dir`, for an install with DESTDIR that has not
 * been put in its place; the last ancestor is the root itself. */
static char *try_roots(const char *dir)
{
	char root[PATH_MAX];
	snprintf(root, sizeof(root), "%s", dir);
	char *found = NULL;
	for (char *slash; !found && (slash = strrchr(root, '/'));) {
		*slash = '\0';
		found = try_path(root, &(ALLOCTRACE_PKGLIBDIR "/" RUNTIME_NAME)[1]);
	}
	return found;
}

static char *find_near(const char *dir)
{
	static const char *const places[] = {
		"lib/.libs/" RUNTIME_NAME,
		"../lib/.libs/" RUNTIME_NAME,
		"../lib/alloctrace/" RUNTIME_NAME,
	};
	for (size_t i = 0; i < AT_COUNT_OF(places); i++) {
		char *found = try_path(dir, places[i]);
		if (found)
			return found;
	}
	return NULL;
}

char *runtime_path_find(struct err *err)
{
	const char *chosen = getenv("ALLOCTRACE_RUNTIME");
	if (chosen && *chosen) {
		char *real = access(chosen, R_OK) == 0 ? realpath(chosen, NULL) : NULL;
		if (!real)
			err_set_errno(err, "cannot read %s, which ALLOCTRACE_RUNTIME names",
				      chosen);
		return real;
	}
	char dir[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", dir, sizeof(dir) - 1);
	if (len > 0) {
		dir[len] = '\0';
		*strrchr(dir, '/') = '\0';
		char *found = find_near(dir);
		if (!found)
			found = try_roots(dir);
		if (found)
			return found;
	}
	err_set(err, "cannot find " RUNTIME_NAME ": neither in %s nor near the tool; is it "
		     "installed? (ALLOCTRACE_RUNTIME may name it)", ALLOCTRACE_PKGLIBDIR);
	return NULL;
}
