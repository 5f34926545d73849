/* family_option.c - see family_option.h. */
#include "cli/family_option.h"

#include "cli/command.h"

int family_options_read(struct family_options *o, const struct usage *usage)
{
	struct err err;
	for (size_t i = 0; i < o->texts.count; i++)
		if (user_families_add(&o->families, o->texts.items[i], &err) < 0)
			return usage_error(usage, "--family: %s", err.text);
	for (size_t i = 0; i < o->files.count; i++) {
		int failed = user_families_load(&o->families, o->files.items[i], &err);
		if (failed == -1) {
			say("%s", err.text);
			return EXIT_CANNOT;
		}
		if (failed)
			return usage_error(usage, "--families: %s", err.text);
	}
	return -1;
}

void family_options_release(struct family_options *o)
{
	option_list_release(&o->texts);
	option_list_release(&o->files);
	user_families_release(&o->families);
}
