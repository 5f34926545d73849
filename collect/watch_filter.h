/* watch_filter.h - which programs are traced. */
#ifndef ALLOCTRACE_COLLECT_WATCH_FILTER_H
#define ALLOCTRACE_COLLECT_WATCH_FILTER_H

#include <stdbool.h>
#include <stddef.h>

/* Shell patterns; with a slash they are matched against the path, else against the file name and
 * the name that the program was started by: that of a link to it (python3), or of a script. */
struct watch_filter {
	const char *const *only; /* none: all */
	size_t only_count;
	const char *const *skip;
	size_t skip_count;
	bool follow; /* also programs that the first process starts */
};

/* Whether a program of this path is wanted; `follow` is not looked at. started_as is the name that
 * the kernel gave its process, cut after 15 bytes. */
bool watch_filter_wants(const struct watch_filter *f, const char *exe, const char *started_as);

#endif
