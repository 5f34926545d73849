/* watch_filter.c - see watch_filter.h. */
#include "collect/watch_filter.h"

#include <fnmatch.h>
#include <string.h>

#include "util/path.h"

static bool matches_any(const char *const *patterns, size_t count, const char *exe)
{
	const char *name = path_name(exe);
	for (size_t i = 0; i < count; i++)
		if (fnmatch(patterns[i], strchr(patterns[i], '/') ? exe : name, 0) == 0)
			return true;
	return false;
}

bool watch_filter_wants(const struct watch_filter *f, const char *exe)
{
	if (f->only_count && !matches_any(f->only, f->only_count, exe))
		return false;
	return !matches_any(f->skip, f->skip_count, exe);
}
