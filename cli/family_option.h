/* family_option.h - --family=NAME:... and --families=FILE: allocators of the user's own. */
#ifndef ALLOCTRACE_CLI_FAMILY_OPTION_H
#define ALLOCTRACE_CLI_FAMILY_OPTION_H

#include "cli/options.h"
#include "elf/user_families.h"

struct family_options {
	struct option_list texts, files;
	struct user_families families; /* when they have been read */
};

/* Reads them all. -1 to go on, else the exit code: what is wrong has been said. */
int family_options_read(struct family_options *o, const struct usage *usage);
void family_options_release(struct family_options *o);

#endif
