/* suppressions_option.c - see suppressions_option.h. */
#include "cli/suppressions_option.h"

#include "cli/command.h"

int suppressions_option_load(struct suppressions *s, const struct option_list *files)
{
	struct err err;
	for (size_t i = 0; i < files->count; i++) {
		if (suppressions_load(s, files->items[i], &err) < 0) {
			say("%s", err.text);
			return -1;
		}
	}
	return 0;
}
