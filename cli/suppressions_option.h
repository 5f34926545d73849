/* suppressions_option.h - --suppressions=FILE, which may be given again and again. */
#ifndef ALLOCTRACE_CLI_SUPPRESSIONS_OPTION_H
#define ALLOCTRACE_CLI_SUPPRESSIONS_OPTION_H

#include "cli/options.h"
#include "report/suppressions.h"

/* A line of an option array; `files` is a struct option_list. */
#define OPTION_SUPPRESSIONS(files)                                                                 \
	{                                                                                          \
		"suppressions", 0, OPTION_LIST, &(files), "FILE",                                  \
			"leave out what FILE says, alloctrace-suppressions(5); may be given "      \
			"again",                                                                   \
			NULL, NULL                                                                 \
	}

/* Reads them all. 0, or -1 when one cannot be read or is wrong, which has been said. */
int suppressions_option_load(struct suppressions *s, const struct option_list *files);

#endif
