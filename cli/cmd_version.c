/* cmd_version.c - `alloctrace version`. */
#include "config.h"

#include <stdio.h>

#include "cli/command.h"
#include "cli/options.h"

int cmd_version(int argc, char **argv)
{
	static const struct option options[] = { OPTION_LAST };
	static const struct usage usage = { "version", "", "Prints the version", NULL, options };
	int code = options_parse(&usage, OPTIONS_ANYWHERE, &argc, &argv);
	if (code >= 0)
		return code;
	if (argc > 0)
		return usage_error(&usage, "version takes no arguments");
	printf("alloctrace %s\n", PACKAGE_VERSION);
	return 0;
}
