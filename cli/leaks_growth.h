/* leaks_growth.h - what `alloctrace leaks` says from events alone: what keeps growing, and what was
 * allocated between two moments and not freed. */
#ifndef ALLOCTRACE_CLI_LEAKS_GROWTH_H
#define ALLOCTRACE_CLI_LEAKS_GROWTH_H

#include <stdbool.h>
#include <stdint.h>

#include "analysis/filter.h"

struct leaks_growth_options {
	struct filter *filter;
	const char *from, *to; /* a mark or a time; NULL: not given */
	uint64_t top, depth;
	bool json, long_names, no_pager;
	int color; /* enum color_when */
};

/* Both print, and return the exit code of the tool. */
int leaks_growth(const char *trace, const struct leaks_growth_options *o);
/* from or to is given. */
int leaks_between(const char *trace, const struct leaks_growth_options *o);

#endif
