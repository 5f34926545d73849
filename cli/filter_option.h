/* filter_option.h - --filter and --process as texts. */
#ifndef ALLOCTRACE_CLI_FILTER_OPTION_H
#define ALLOCTRACE_CLI_FILTER_OPTION_H

#include "analysis/filter.h"
#include "cli/options.h"

/* What follows "... that pass: " in the help of --filter. */
#define FILTER_TERMS                                                                               \
	"module=, function=, file= (somewhere on the stack), "                                     \
	"thread= (tid or name), process= (pid or program), allocator= (its name), time=A..B; "       \
	"KEY!=TEXT for those that do not match; may be repeated"

/* Adds the terms to f. 0, or -1 with what is wrong. */
int filter_parse(struct filter *f, const struct option_list *terms, struct err *err);

#endif
