/* watch_filter.c - see watch_filter.h. */
#include "collect/watch_filter.h"

#include <fnmatch.h>
#include <string.h>

#include "util/path.h"

static bool matches(const char *pattern, const char *exe, const char *started_as)
{
	if (strchr(pattern, '/'))
		return fnmatch(pattern, exe, 0) == 0;
	return fnmatch(pattern, path_name(exe), 0) == 0 || fnmatch(pattern, started_as, 0) == 0;
}

static bool matches_any(const char *const *patterns, size_t count, const char *exe,
			const char *started_as)
{
	for (size_t i = 0; i < count; i++)
		if (matches(patterns[i], exe, started_as))
			return true;
	return false;
}

bool watch_filter_wants(const struct watch_filter *f, const char *exe, const char *started_as)
{
	if (f->only_count && !matches_any(f->only, f->only_count, exe, started_as))
		return false;
	return !matches_any(f->skip, f->skip_count, exe, started_as);
}
